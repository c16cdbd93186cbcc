#!/usr/bin/env bash
# Fetches what the page is built and tested with into node_modules, unless it is there. Of two at once the second waits, and
# finds it there: who is building with it must not lose it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec 9<package-lock.json
flock 9
fetched=node_modules/.package-lock.json
if [[ ! $fetched -nt package-lock.json ]]; then
  npm ci --ignore-scripts --no-audit --no-fund
  touch "$fetched"
fi
