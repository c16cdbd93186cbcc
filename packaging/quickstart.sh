#!/usr/bin/env bash
# From a fresh Debian 12 to a filtered capture: installs what the build needs, builds, filters, and says how to go on.
# usage: packaging/quickstart.sh [JOBS]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=packaging/packages.sh
source packaging/packages.sh

jobs=${1:-$(nproc)}
mkdir -p build
log=build/quickstart.log
: >"$log"

# Runs a step with its output in the log; shows the log's end when it fails.
try() {
  local what=$1
  shift
  printf '%s ...\n' "$what"
  if ! "$@" >>"$log" 2>&1 </dev/null; then
    printf '\n%s: this failed. The end of %s:\n\n' "$what" "$log" >&2
    tail -n 30 "$log" >&2
    return 1
  fi
}
step() { try "$@" || exit 1; }

# sudo may ask for a password, which it does on the terminal itself.
step "Installing what the build needs" install_packages "${BUILD_PACKAGES[@]}"
step "Configuring" cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DNETSCOPE_TESTS=OFF
step "Building (a few minutes the first time)" cmake --build build --parallel "$jobs" --target netscope-nfq

# The firewall works without its page; what the page needs is large, and comes from npm in part.
page=0
if try "Installing what the page needs" install_packages "${PAGE_PACKAGES[@]}" &&
  try "Configuring the page" cmake -S . -B build -DNETSCOPE_PAGE=ON &&
  try "Building the page (a few minutes)" cmake --build build --parallel "$jobs" --target netscope_page; then
  page=1
fi

for input in tests/golden/home.pcap rules/example.toml; do
  if [[ ! -f $input ]]; then
    echo "$input is missing: is this a complete checkout?" >&2
    exit 1
  fi
done
printf '\nFiltering tests/golden/home.pcap by rules/example.toml:\n\n'
build/netscope-nfq --pcap tests/golden/home.pcap --rules rules/example.toml --out build/home-filtered.pcap

cat <<'END'

Done: netscope-nfq is built as build/netscope-nfq, and build/home-filtered.pcap holds the packets of
tests/golden/home.pcap that the rules accept. To go on:

  your own capture     build/netscope-nfq --pcap mine.pcap --rules rules/example.toml --out filtered.pcap
  without a file       build/netscope-nfq --pcap mine.pcap --out filtered.pcap --block-app TikTok --block-domain example.com
  check your rules     build/netscope-nfq --rules mine.toml --check
  what it can name     build/netscope-nfq --list-apps
  everything else      build/netscope-nfq --help, man packaging/netscope-nfq.1

On a gateway:

  what works here      sudo build/netscope-nfq --doctor
  go live              sudo build/netscope-nfq --rules rules/example.toml
  as a service         packaging/netscope-nfq.service says what it needs
  the kernel's rules   build/netscope-nfq --print-nft
END
if ((page)); then
  cat <<'END'

The page:

  a capture            open dashboard/dist/netscope.html in a browser and drop the capture on it; nothing leaves the browser
  a live gateway       sudo build/netscope-nfq --rules rules/example.toml --dashboard 127.0.0.1:8080
                       then http://127.0.0.1:8080/ with the token in /var/lib/netscope-nfq/dashboard-token
END
else
  cat <<'END'

The page was not built, for the reason above; everything else works. Once that is mended, run this script again.
END
fi
