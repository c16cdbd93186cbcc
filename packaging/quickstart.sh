#!/usr/bin/env bash
# From a fresh Debian 12 to a filtered capture: installs what the build needs, builds, filters, and says how to go on.
# usage: packaging/quickstart.sh [JOBS]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=packaging/packages.sh
source packaging/packages.sh

jobs=${1:-$(nproc)}
if [[ ! $jobs =~ ^[1-9][0-9]*$ ]]; then
  echo "JOBS is how many compilers run at once, as in: packaging/quickstart.sh 2" >&2
  exit 2
fi
mkdir -p build
log=build/quickstart.log
: >"$log"

# Runs a step with its output in the log; shows the log's end when it fails.
try() {
  local what=$1 began=$SECONDS
  shift
  printf '%s ... ' "$what"
  if ! "$@" 2>&1 </dev/null | tee -a "$log" | show_progress "$what"; then
    printf 'this failed. The end of %s:\n\n' "$log" >&2
    tail -n 30 "$log" >&2
    return 1
  fi
  printf 'done in %d s\n' $((SECONDS - began))
}
step() { try "$@" || exit 1; }

# How far a build is, in percent, on a terminal. Ninja begins a line with the steps done and all steps; one that is
# started by another, for the browser's core, has a number of steps of its own.
show_progress() {
  local what=$1 line all=0 ended=0 percent=0
  local -A steps
  while read -r line; do
    if [[ -t 1 && $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
      steps[${BASH_REMATCH[2]}]=${BASH_REMATCH[1]}
      all=0 ended=0
      for line in "${!steps[@]}"; do
        all=$((all + line)) ended=$((ended + steps[$line]))
      done
      percent=$((ended * 100 / all > percent ? ended * 100 / all : percent))
      printf '\r%s ... %d %% ' "$what" "$percent"
    fi
  done
  if [[ -t 1 ]]; then
    printf '\r%s ... ' "$what"
  fi
}

configure() {
  cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DNETSCOPE_TESTS=OFF -DNETSCOPE_UNITY=ON -DNETSCOPE_PAGE="$1"
}
build() { cmake --build build --parallel "$jobs" --target "$@"; }

# sudo may ask for a password, which it does on the terminal itself. The firewall works without its page; what the page
# needs is large, and comes from npm in part.
page=ON
if ! try "Installing what the build needs (half a minute)" install_packages "${BUILD_PACKAGES[@]}" "${PAGE_PACKAGES[@]}"; then
  page=OFF
  step "Installing what the firewall alone needs" install_packages "${BUILD_PACKAGES[@]}"
fi
step "Configuring (a few seconds)" configure "$page"
if [[ $page == OFF ]] || ! try "Building the firewall and its page (three minutes on two cores)" build netscope-nfq netscope_page; then
  page=OFF
  step "Building the firewall alone (two minutes on two cores)" build netscope-nfq
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
if [[ $page == ON ]]; then
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
