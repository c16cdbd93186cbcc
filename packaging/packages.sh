# Which Debian packages building and testing need, and how to get them. To be sourced; quickstart.sh and tests/run.sh do.
# shellcheck shell=bash disable=SC2034

# What CMakeLists.txt and src/ ask for; ccache is used where it is, and makes second builds quick.
readonly BUILD_PACKAGES=(build-essential cmake ninja-build pkg-config git ccache
  libpcap-dev libtomlplusplus-dev libcli11-dev rapidjson-dev nettle-dev libre2-dev
  libmnl-dev libnftables-dev libcap-ng-dev libseccomp-dev libsystemd-dev
  libmicrohttpd-dev libsqlite3-dev nlohmann-json3-dev)

# What the page is built with. Node 18 and npm, or newer ones from elsewhere, which conflict with Debian's.
PAGE_PACKAGES=(clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libclang-rt-19-dev-wasm32 binaryen)
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  PAGE_PACKAGES+=(nodejs npm)
fi
readonly PAGE_PACKAGES

# What the tests need on top of that.
readonly TEST_PACKAGES=(libgtest-dev libbenchmark-dev python3 tcpdump groff-base shellcheck
  iproute2 iptables nftables conntrack procps curl openssl bind9-dnsutils dnsmasq-base iperf3 util-linux
  qemu-system-x86 busybox-static cpio kmod xz-utils
  prometheus chromium
  clang-tidy-19 clang-format-19)

# Prints those of the given packages that are not installed, one a line.
missing_packages() {
  local package
  for package in "$@"; do
    if [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]]; then
      printf '%s\n' "$package"
    fi
  done
}

# Installs what is missing of the given packages; without network when nothing is. Says why when it cannot.
install_packages() {
  local missing as_root=()
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "this is not Debian (no apt-get): install the like of these yourself, then go on with CMake: $*" >&2
    return 1
  fi
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    return 0
  fi
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "these packages are missing, and only root can install them (there is no sudo): ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  # The lists first: they are old or missing on a fresh machine. An offline machine may still have the packages at hand.
  "${as_root[@]}" apt-get update -q </dev/null || echo "the package lists cannot be brought up to date; going on with old ones" >&2
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null; then
    echo "apt-get could not install: ${missing[*]}" >&2
    return 1
  fi
}
