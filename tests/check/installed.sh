#!/usr/bin/env bash
# Installs a build into an empty folder and looks whether everything is there and fits together.
#
# usage: installed.sh SOURCES BUILD
set -euo pipefail

readonly sources=$1 build=$2
root=$(mktemp -d)
readonly root
trap 'rm -rf "$root"' EXIT
failed=0
wrong() {
  echo "$*" >&2
  failed=1
}

DESTDIR=$root cmake --install "$build" --prefix /opt/firewall >/dev/null
readonly top=$root/opt/firewall
expected=(sbin/netscope-nfq share/man/man1/netscope-nfq.1 share/bash-completion/completions/netscope-nfq
  lib/systemd/system/netscope-nfq.service lib/sysusers.d/netscope-nfq.conf
  share/netscope-nfq/{apps.toml,example.toml,grafana-dashboard.json})
if [[ -e $sources/dashboard/dist/live/index.html ]]; then
  expected+=(share/netscope-nfq/dashboard/index.html share/netscope-nfq/netscope.html)
else
  echo "the page was not built and is not looked for"
fi
for file in "${expected[@]}"; do
  [[ -s $top/$file ]] || wrong "$file is missing or empty"
done
while IFS= read -r file; do
  [[ $file == opt/firewall/* ]] || wrong "$file stands outside the prefix"
done < <(cd "$root" && find . -type f -printf '%P\n')

program=$top/sbin/netscope-nfq
"$program" --rules "$top/share/netscope-nfq/example.toml" --apps "$top/share/netscope-nfq/apps.toml" --check >/dev/null ||
  wrong "the installed program refuses the installed rules"
started=$(sed -n 's/^ExecStart\(Pre\)\?=\([^ ]*netscope-nfq\) .*/\2/p' "$top/lib/systemd/system/netscope-nfq.service" | sort -u)
[[ $started == /opt/firewall/sbin/netscope-nfq ]] || wrong "the unit starts $started"
for user in netscope netscope-web; do
  grep -q "^u $user " "$top/lib/sysusers.d/netscope-nfq.conf" || wrong "the user $user is not made"
done
# shellcheck source=/dev/null
(source "$top/share/bash-completion/completions/netscope-nfq" && complete -p netscope-nfq >/dev/null) ||
  wrong "the completions complete nothing"
exit "$failed"
