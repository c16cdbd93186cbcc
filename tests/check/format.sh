#!/usr/bin/env bash
# Every C++ file lies as .clang-format says.
# usage: format.sh ROOT
set -euo pipefail
cd "$1"
if ! command -v clang-format-19 >/dev/null; then
  echo "skipped: clang-format-19 is missing"
  exit 77
fi
if ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  echo "skipped: not a git checkout"
  exit 77
fi
# A file that is listed but deleted in the working tree is nobody's fault.
git ls-files -z '*.cc' '*.h' | while IFS= read -r -d '' file; do
  if [[ -f $file ]]; then printf '%s\0' "$file"; fi
done | xargs -0 -n 20 -P 2 clang-format-19 --dry-run -Werror
echo "nothing to say"
