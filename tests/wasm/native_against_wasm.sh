#!/usr/bin/env bash
# Compares the program with its core in WebAssembly. Says what is missing and ends with 77 where that cannot be done.
#
# usage: native_against_wasm.sh ROOT BUILD_DIR golden|corpus [PROGRAM]
set -euo pipefail

root=$1 build=$2 what=$3
module=$build/wasm-core/netscope.wasm
program=${4:-$build/netscope-nfq}

skip() {
  echo "skipped: $1"
  exit 77
}
command -v node >/dev/null || skip "node is missing"
command -v npm >/dev/null || skip "npm is missing"
[[ -f $module ]] || skip "the core was not built for the browser (clang-19, lld-19, wasi-libc, libc++-19-dev-wasm32)"
"$root/dashboard/fetch_modules.sh" >/dev/null || skip "npm could not fetch what dashboard/package.json names"

captures=("$root/tests/golden")
if [[ $what == corpus ]]; then
  captures=("$root/../shared/corpus/pcap" "$root/../shared/corpus/robust")
  [[ -d ${captures[0]} ]] || skip "the corpus of captures is not beside the checkout"
fi
exec node "$root/tests/wasm/native_against_wasm.mjs" "$program" "$module" "$root/tests/golden/rules.toml" "${captures[@]}"
