#!/usr/bin/env bash
# Runs a program that ThreadSanitizer watches over every committed capture, with one worker and with several: no race, and the same
# bytes and documents come out.
# usage: same_result.sh ROOT PROGRAM
set -euo pipefail
root=$1
program=$2
if [[ ! -x $program ]]; then
  echo "skipped: there is no build with ThreadSanitizer (tests/run.sh makes one)"
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export TSAN_OPTIONS="halt_on_error=1:exitcode=66"

count=0
for capture in "$root"/tests/golden/*.pcap "$root"/tests/golden/*.pcapng; do
  [[ -f $capture ]] || continue
  for workers in 1 2 5; do
    "$program" --pcap "$capture" --rules "$root/rules/example.toml" --workers "$workers" --report none \
      --out "$scratch/$workers.out" --flows "$scratch/$workers.flows" --events "$scratch/$workers.events" || {
      echo "$capture with $workers workers: exit code $?"
      exit 1
    }
    cmp "$scratch/1.out" "$scratch/$workers.out"
    cmp <(sort "$scratch/1.flows") <(sort "$scratch/$workers.flows")
  done
  count=$((count + 1))
done
if ((count == 0)); then
  echo "skipped: there are no captures in tests/golden"
  exit 77
fi
echo "$count captures, three numbers of workers: the same"
