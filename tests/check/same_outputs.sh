#!/usr/bin/env bash
# Whether two builds of the program say the same, byte for byte: what a change of structure has to show before it lands.
#
# usage: same_outputs.sh OLD NEW [CAPTURE|FOLDER...]
#
# Both run over the captures (tests/golden, and the corpora beside the checkout where they are) with several rules files
# and numbers of workers, and over everything they print without a capture. Times of the run are masked. Prints each
# output that differs, with how; exits with 1 if any does.
set -euo pipefail
(($# >= 2)) || {
  sed -n '2,/^set /{/^# \{0,1\}/s///p}' "$0" >&2
  exit 2
}
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
declare -A programs=([old]=$(realpath "$1") [new]=$(realpath "$2"))
shift 2
for program in "${programs[@]}"; do
  [[ -x $program ]] || {
    echo "$program is no program: build it first (OLD is one of before the change, NEW one of now)" >&2
    exit 2
  }
done
if (($# == 0)); then
  set -- "$root/tests/golden"
  for folder in "$root/../shared/corpus" "$root/../shared/cases"; do
    if [[ -d $folder ]]; then set -- "$@" "$folder"; fi
  done
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/rules" "$scratch/old" "$scratch/new"
cp "$root/rules/example.toml" "$root/tests/golden/rules.toml" "$scratch/rules"
cp "$root/tests/check/every_condition.toml" "$scratch/rules"
for folder in old new; do ln -s "$scratch/rules" "$scratch/$folder/rules"; done # the same paths in messages
find -L "$@" -type f \( -name '*.pcap' -o -name '*.pcapng' -o -name '*.cap' -o -path '*/robust/*' \) -print0 |
  sort -z | xargs -0 realpath >"$scratch/captures"

# judge PROGRAM FOLDER NUMBER CAPTURE RULES WORKERS: what a run over a capture says, into FOLDER.
judge() {
  local name=$3-$5-$6
  cd "$2"
  ln -s "$4" "$name.capture"
  "$1" --pcap "$name.capture" --rules "rules/$5.toml" --workers "$6" --out "$name.out" --flows "$name.flows" --events "$name.events" \
    --stats-json "$name.stats" >"$name.report" 2>&1 || echo "exit $?" >>"$name.report"
  rm "$name.capture"
  sed -i -E 's/^( *time +)[0-9.]+ s, .*/\1/' "$name.report"
  if [[ -s $name.stats ]]; then sed -i -E 's/"timestamp":"[^"]*","uptime":[0-9.e+-]+/"timestamp":"","uptime":0/' "$name.stats"; fi
}

# say PROGRAM FOLDER: what the program prints without a capture, into FOLDER.
say() {
  local rules domain hook offload backend
  cd "$2"
  for rules in rules/*.toml; do
    "$1" --check --rules "$rules" >"check-$(basename "$rules")" 2>&1 || true
    while read -r domain; do
      "$1" --explain "$domain" --rules "$rules" 2>&1 || true
    done <"$scratch/domains" >"explain-$(basename "$rules")"
  done
  for hook in forward input output; do
    for backend in nft iptables; do
      for offload in mark off; do
        echo "== $hook $backend $offload"
        "$1" --print-nft --hook "$hook" --backend "$backend" --offload "$offload" --queues 0-3 --rules rules/example.toml 2>&1 || true
      done
    done
  done >print-nft
  "$1" --list-apps >list-apps 2>&1 || true
  "$1" --help >help 2>&1 || true
  find . -name '*.stats' -size +0 | sort | head -n 200 | xargs "$1" --merge-stats 2>&1 |
    sed -E 's/"timestamp":"[^"]*","uptime":[0-9.e+-]+/"timestamp":"","uptime":0/' >merged || true
}

# Names of the catalogue, some below them, and strangers: 200.
"${programs[old]}" --list-apps | grep -oE '[a-z0-9-]+(\.[a-z0-9-]+)+' | sort -u | awk 'NR % 5 == 1 { print; print "cdn." $0 }' |
  head -n 180 >"$scratch/domains" || true
for i in {1..10}; do printf 'host%s.example\nblocked%s.invalid\n' "$i" "$i"; done >>"$scratch/domains"

export -f judge
number=0
while read -r capture; do
  number=$((number + 1))
  for program in old new; do
    for run in "example 1" "rules $((number % 2 * 3 + 2))" "every_condition 1"; do
      printf '%s\0' "judge '${programs[$program]}' '$scratch/$program' $number '$capture' $run"
    done
  done
done <"$scratch/captures" >"$scratch/runs"
xargs -0 -P "$(nproc)" -I {} bash -c '{}' <"$scratch/runs"
for program in old new; do (say "${programs[$program]}" "$scratch/$program"); done

# More workers tell of the same flows and events in another order.
for folder in old new; do
  find "$scratch/$folder" \( -name '*-rules-[25].flows' -o -name '*-rules-[25].events' \) -exec sort -o {} {} \;
done
diff -rq "$scratch/old" "$scratch/new" >"$scratch/difference" || true
if [[ -s $scratch/difference ]]; then
  cd "$scratch"
  sed -E 's|^Files .*/old/(.*) and .* differ$|\1|; s|^Only in .*: ||' difference >outputs
  echo "$(wc -l <outputs) outputs differ:"
  head -n 12 outputs | while read -r output; do
    number=${output%%-*}
    if [[ $number =~ ^[0-9]+$ ]]; then output_of=" of $(sed -n "${number}p" captures)"; else output_of=; fi
    echo "== $output$output_of"
    at=$({ cmp "old/$output" "new/$output" 2>&1 || true; } | sed -nE 's/.*byte ([0-9]+),.*/\1/p')
    for folder in old new; do
      printf '%s: ' "$folder"
      tail -c "+$((at > 80 ? at - 80 : 1))" "$folder/$output" 2>&1 | dd bs=200 count=1 iflag=fullblock status=none
      echo
    done
  done
  exit 1
fi
echo "$number captures, $(find "$scratch/new" -type f | wc -l) outputs: the same"
