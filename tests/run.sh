#!/usr/bin/env bash
# Runs every test there is on this machine, says what was skipped and why, and ends with ctest's own closing lines.
#
# usage: tests/run.sh          everything
#        tests/run.sh quick    units, golden files, fuzz corpora, and those checks that compile nothing, without sanitizers
#
# Three builds: build-debug (AddressSanitizer, UndefinedBehaviorSanitizer) is the one whose ctest is run. The others are
# made by tests within it: build-release (optimised code) and build-tsan (ThreadSanitizer). Each takes the sources of a
# folder as one; that each source stands alone is what clang-tidy sees. A quick run has a build of its own, build-quick.
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
if [[ ! $jobs =~ ^[1-9][0-9]*$ ]]; then
  echo "JOBS is how many compilers run at once, as in: JOBS=2 tests/run.sh" >&2
  exit 2
fi
started=$SECONDS
logs=$root/build-logs
mkdir -p "$logs"

# What ccache holds is good for any other checkout as well: it knows the sources by their paths below this one. Headers are
# the compiler's own list, which spares the preprocessor a run.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1 CMAKE_BUILD_PARALLEL_LEVEL=$jobs

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

# configure DIR TYPE FLAGS OPTION...; called through step. The flags take the place of CMake's own for that type: of debug
# information, the lines are enough.
# shellcheck disable=SC2317
configure() {
  local folder=$1 type=$2 flags=$3
  shift 3
  cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE="$type" "-DCMAKE_CXX_FLAGS_${type^^}=$flags" "$@"
}

# A machine that lacks what only some tests need runs the others; those say themselves that they were skipped.
step "install" install_packages "${BUILD_PACKAGES[@]}" "${PAGE_PACKAGES[@]}" "${TEST_PACKAGES[@]}" || echo "going on without; what needs it is skipped"

if [[ $what == all ]]; then
  tree=build-debug
  selection=()
  step "configure release" configure build-release Release "-O3 -DNDEBUG" -DNETSCOPE_UNITY=ON
  step "configure tsan" configure build-tsan RelWithDebInfo "-O1 -g1" -DNETSCOPE_UNITY=ON -DNETSCOPE_SANITIZE=thread \
    -DNETSCOPE_TESTS=OFF
  step "configure debug" configure build-debug Debug "-O1 -g1" -DNETSCOPE_UNITY=ON \
    -DNETSCOPE_RELEASE_BUILD="$root/build-release" -DNETSCOPE_TSAN_BUILD="$root/build-tsan"
else
  tree=build-quick
  selection=(--label-regex 'unit|golden|fuzz|check' --exclude-regex '^check.(tidy.*|wasm)$')
  step "configure" configure build-quick Debug "-O0 -g1" -DNETSCOPE_UNITY=ON -DNETSCOPE_SANITIZE=none
fi
step "build" cmake --build "$tree" --parallel "$jobs" || {
  echo "the tests cannot be run"
  exit 1
}

# More at once than there are processors: some tests mostly wait.
failed=0
step "tests" ctest --test-dir "$tree" --parallel $((2 * jobs)) --output-on-failure --output-junit "$logs/tests.xml" \
  "${selection[@]}" || failed=1

echo
python3 tests/summary.py "$logs/tests.xml"
echo "elapsed: $(((SECONDS - started) / 60)) min $(((SECONDS - started) % 60)) s; logs: build-logs/"
echo
sed -n '/tests passed, /,$p' "$logs/tests.log"
exit "$failed"
