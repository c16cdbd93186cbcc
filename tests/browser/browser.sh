#!/usr/bin/env bash
# Runs a test of the page, or says what is missing and ends with 77.
#
# usage: browser.sh TEST.mjs|TEST.py PROGRAM SCREENSHOTS
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dashboard=$here/../../dashboard

skip() {
  echo "skipped: $1"
  exit 77
}
command -v node >/dev/null || skip "node is missing"
command -v npm >/dev/null || skip "npm is missing"
[[ -x ${NETSCOPE_CHROMIUM:-/usr/bin/chromium} ]] || skip "chromium is missing (apt-get install chromium)"
[[ -d $dashboard/node_modules/playwright-core ]] || skip "what the page is built with is missing: cmake --build BUILD --target netscope_page"
[[ -f $dashboard/dist/netscope.html ]] || skip "the page is not built: cmake --build BUILD --target netscope_page"

test=$1
shift
case $test in
  *.mjs) exec node "$here/$test" "$@" ;;
  *.py) exec python3 "$here/$test" "$@" ;;
esac
