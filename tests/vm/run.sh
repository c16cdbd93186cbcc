#!/usr/bin/env bash
# The gateway in a machine with a kernel of Debian's, where nft can queue: gateway_test.py, in there.
#
# usage: run.sh 6.1|6.12 PROGRAM [NAME...]; exits with 77 where the host cannot.
set -euo pipefail
series=$1 program=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=()
for tool in curl openssl dig dnsmasq iperf3; do
  command -v "$tool" >/dev/null || {
    echo "skipped: $tool is missing"
    exit 77
  }
  tools+=(-b "$tool")
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/printed"
# In a network of its own with the gateway's devices, which flow tables name.
unshare -rnm sh -c 'mount -t sysfs sys /sys && ip link add lan type veth peer name wan &&
  ip link set lan up && ip link set wan up && exec python3 "$@"' \
  - "$here/tables.py" "$program" "$scratch/printed"
"$here/vmtest.sh" -k "$series" -t 3540 "${tools[@]}" -b /usr/lib/ssl/openssl.cnf -f "$program" \
  -f "$here/../live" -f "$here/gateway_test.py" -f "$here/tables.py" -f "$scratch/printed" -f "$here/../golden/quic-moved.pcap" \
  -- python3 gateway_test.py "/payload/$(basename "$program")" "$@"
