#!/usr/bin/env bash
# The man page and the completion know every option that --help lists, and the man page is well formed.
# usage: documents.sh ROOT PROGRAM
set -euo pipefail
root=$1
program=$2
page=$root/packaging/netscope-nfq.1
completion=$root/packaging/completions/netscope-nfq
page_text=$(sed 's/\\-/-/g' "$page")  # in a page, a hyphen that is meant is written \-
completion_text=$(<"$completion")
failed=0

mapfile -t options < <("$program" --help | grep -oE '^ +(-[a-z],)?--[a-z-]+' | grep -oE -- '--[a-z-]+')
if ((${#options[@]} < 5)); then
  echo "--help lists no options: ${options[*]}"
  exit 1
fi
for option in "${options[@]}"; do
  if ! grep -qE -- "(^|[^a-z-])$option([^a-z-]|$)" <<<"$page_text"; then
    echo "the man page does not know $option"
    failed=1
  fi
  if ! grep -qE -- "(^|[^a-z-])$option([^a-z-]|$)" <<<"$completion_text"; then
    echo "the completion does not know $option"
    failed=1
  fi
done
# And the other way round: neither promises an option that does not exist.
while read -r option; do
  if [[ " ${options[*]} " != *" $option "* ]]; then
    echo "there is no $option, but the man page or the completion has it"
    failed=1
  fi
done < <(grep -oE -- '--[a-z][a-z-]+' <<<"$page_text$completion_text" | sort -u)

bash -n "$completion" || failed=1
if command -v groff >/dev/null; then
  if warnings=$(groff -man -Tutf8 -ww -z "$page" 2>&1) && [[ -z $warnings ]]; then :; else
    echo "$warnings"
    failed=1
  fi
fi
exit "$failed"
