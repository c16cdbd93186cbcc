#!/usr/bin/env bash
# Runs every test there is on this machine, says what was skipped and why, and ends with ctest's own closing lines.
#
# usage: tests/run.sh          everything
#        tests/run.sh quick    units, golden files, fuzz corpora and checks, in the debug build alone
#
# Three builds: build-debug (AddressSanitizer, UndefinedBehaviorSanitizer) is the one whose ctest is run. The others are
# tests within it: build-release (optimised code) and build-tsan (ThreadSanitizer).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
# shellcheck source=packaging/packages.sh
source packaging/packages.sh

what=${1:-all}
if [[ $what != all && $what != quick ]]; then
  echo "usage: tests/run.sh [quick]" >&2
  exit 2
fi
jobs=${JOBS:-$(nproc)}
started=$SECONDS
logs=$root/build-logs
mkdir -p "$logs"

# Runs a step with its output in a log. Shows the log's end when it fails, and answers its exit code.
step() {
  local name=$1 began=$SECONDS status=0
  shift
  printf '%-28s' "$name"
  "$@" >"$logs/${name// /-}.log" 2>&1 </dev/null || status=$?
  if ((status == 0)); then
    printf 'done in %d s\n' $((SECONDS - began))
  else
    printf 'FAILED after %d s; the end of build-logs/%s.log:\n' $((SECONDS - began)) "${name// /-}"
    tail -n 40 "$logs/${name// /-}.log"
  fi
  return "$status"
}

# build DIR TARGET OPTION...; called through step.
# shellcheck disable=SC2317
build() {
  local folder=$1 target=$2
  shift 2
  cmake -S . -B "$folder" -G Ninja "$@"
  cmake --build "$folder" --parallel "$jobs" --target "$target"
}

# A machine that lacks what only some tests need runs the others; those say themselves that they were skipped.
step "install" install_packages "${BUILD_PACKAGES[@]}" "${PAGE_PACKAGES[@]}" "${TEST_PACKAGES[@]}" || echo "going on without; what needs it is skipped"

parts=()
failed=0
if [[ $what == all ]]; then
  step "build release" build build-release all -DCMAKE_BUILD_TYPE=Release || failed=1
  step "build tsan" build build-tsan netscope-nfq -DCMAKE_BUILD_TYPE=RelWithDebInfo -DNETSCOPE_SANITIZE=thread \
    -DNETSCOPE_TESTS=OFF -DNETSCOPE_UNITY=ON || failed=1
  parts=(-DNETSCOPE_RELEASE_BUILD="$root/build-release" -DNETSCOPE_TSAN_PROGRAM="$root/build-tsan/netscope-nfq")
else
  parts=(-DNETSCOPE_RELEASE_BUILD= -DNETSCOPE_TSAN_PROGRAM=)
fi
if ! step "build debug" build build-debug all -DCMAKE_BUILD_TYPE=Debug "${parts[@]}"; then
  echo "the tests cannot be run"
  exit 1
fi

selection=()
if [[ $what == quick ]]; then
  selection=(--label-regex 'unit|golden|fuzz|check')
fi
step "tests" ctest --test-dir build-debug --parallel "$jobs" --output-on-failure --output-junit "$logs/tests.xml" \
  "${selection[@]}" || failed=1

echo
python3 tests/summary.py "$logs/tests.xml"
echo "elapsed: $(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s; logs: build-logs/"
echo
sed -n '/tests passed, /,$p' "$logs/tests.log"
exit "$failed"
