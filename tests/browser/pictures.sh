#!/usr/bin/env bash
# Takes the pictures that README shows from what the tests of the page left, and makes them small.
#
#   ctest --test-dir build -R '^browser' && tests/browser/pictures.sh build/screenshots
set -euo pipefail

[[ $# -eq 1 ]] || { echo "usage: $0 SCREENSHOTS" >&2; exit 2; }
command -v pngquant >/dev/null || { echo "$0: pngquant is missing (apt-get install pngquant)" >&2; exit 1; }
into=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../dashboard" && pwd)/screenshots
mkdir -p "$into"

take() {
  pngquant --force --strip --speed 1 --quality 60-95 --output "$into/$2.png" -- "$1/$3.png"
}
take "$1" overview evening-overview-light
take "$1" overview-dark evening-overview-dark
take "$1" flows evening-flows-light
take "$1" packets evening-packets-dark
take "$1" rules evening-rules-light
take "$1" live live-household
take "$1" phone evening-phone
take "$1" phone-flows evening-phone-flows
