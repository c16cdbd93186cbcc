#!/usr/bin/env bash
# Every shell script of the project parses, and shellcheck has nothing to say about it.
# usage: scripts.sh ROOT
set -euo pipefail
cd "$1"
if ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  echo "skipped: not a git checkout"
  exit 77
fi
mapfile -t scripts < <(git ls-files '*.sh' .ci/run packaging/completions)
for script in "${scripts[@]}"; do
  if [[ -f $script ]]; then bash -n "$script"; fi
done
if ! command -v shellcheck >/dev/null; then
  echo "skipped: ${#scripts[@]} scripts parse, but shellcheck is missing"
  exit 77
fi
shellcheck --external-sources "${scripts[@]}"
echo "${#scripts[@]} scripts, nothing to say"
