#!/usr/bin/env bash
# Runs a command in a virtual machine with a kernel of Debian's, whatever the kernel outside is.
#
# usage: vmtest.sh [-k 6.1|6.12] [-t SECONDS] [-c CPUS] [-m MIB] [-f FILE]... [-b PROGRAM]... [-v] -- COMMAND...
#   -k  the kernel's series (6.1)
#   -t  how long the machine may run (120)
#   -f  a file or folder for /payload in the machine; a program brings its shared libraries
#   -b  an installed program, a name or a path, which keeps its path and brings its libraries; or an installed folder
#   -v  shows what the kernel says, too
#
# Prints what the command prints, while it runs, and exits with its exit code. Or with
#   77   this host cannot: qemu, another program or the kernel's package is not to be had; the reason is printed
#   125  the machine did not finish; what the kernel said last is printed
#
# The command runs as root in /payload, with busybox, bash, nft, ip, tc, ss, conntrack, iptables, and python3
# where the host has Debian's. Nothing persists.
# Without KVM the processor is emulated: the machine boots in 5 to 10 s, and is 10 to 20 times slower than the host.
# What can be used again lies in ~/.cache/netscope-vmtest (or $VMTEST_CACHE): the kernel, and the file system that is
# made for it. Each is made aside and put in its place in one move, under a lock, so that neither a run that was cut
# short nor one at the same time can leave half of it.
set -euo pipefail

usage() {
  sed -n '2,/^set /{/^# \{0,1\}/s///p}' "$0" >&2
  exit 2
}

series=6.1 seconds=120 cpus=2 memory=1024 verbose=0 files=() programs=()
while getopts k:t:c:m:f:b:v option; do
  case $option in
    k) series=$OPTARG ;;
    t) seconds=$OPTARG ;;
    c) cpus=$OPTARG ;;
    m) memory=$OPTARG ;;
    f) files+=("$OPTARG") ;;
    b) programs+=("$OPTARG") ;;
    v) verbose=1 ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
(($# > 0)) || usage

cache=${VMTEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/netscope-vmtest}
work=
qemu=
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
  if [[ -n $qemu ]]; then kill "$qemu" 2>/dev/null || true; fi
  if [[ -n $work ]]; then rm -rf "$work"; fi
}
trap clean_up EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

cannot() {
  echo "vmtest: skipped: $*" >&2
  exit 77
}

# --- copying programs

# The shared libraries of a program, or of a library, by their paths.
libraries_of() {
  { ldd "$1" 2>/dev/null || true; } | { grep -oE '/[^ )]+' || true; }
}

is_elf() {
  [[ -f $1 && $(head -c 4 "$1" | tr -d '\0') == $'\x7fELF' ]]
}

# An empty root in which /bin and its like are what Debian makes of them, so that a path means the same in each part.
make_root() {
  mkdir -p "$1"/usr/{bin,sbin,lib,lib64} "$1/payload"
  ln -s usr/bin usr/sbin usr/lib usr/lib64 "$1"
}

# copy_to ROOT PATH: the file at PATH, to the same path below ROOT.
copy_to() {
  if [[ ! -e $1$2 ]]; then
    mkdir -p "$1$(dirname "$2")"
    cp -L "$2" "$1$2"
  fi
}

# libraries_into ROOT FILE...: the libraries that these programs and libraries need.
libraries_into() {
  local root=$1 file library
  shift
  for file in "$@"; do
    while read -r library; do copy_to "$root" "$library"; done < <(libraries_of "$file")
  done
}

# install_into ROOT PATH: a program or a folder to its own path below ROOT, with all the libraries that it needs.
install_into() {
  local libraries=()
  if [[ -d $2 ]]; then
    mkdir -p "$1$2"
    cp -rL "$2/." "$1$2"
    mapfile -t libraries < <(find "$2" -name '*.so*')
    libraries_into "$1" "${libraries[@]}"
  else
    copy_to "$1" "$2"
    libraries_into "$1" "$2"
  fi
}

# --- the kernel

# The name of the newest kernel package of the series.
kernel_package() {
  local newest
  newest=linux-image-$series-cloud-amd64
  if [[ $series == 6.1 ]]; then newest=linux-image-cloud-amd64; fi
  apt-cache depends --important "$newest" 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }'
}

fetch_kernel() {
  local kernel=$cache/kernel-$series partial=$cache/kernel-$series.partial package
  if [[ -d $kernel ]]; then return; fi
  rm -rf "$partial"
  command -v apt-get dpkg >/dev/null || cannot "the kernel is a package of Debian, and there is no apt-get or dpkg"
  package=$(kernel_package) || true # the message below says it better than apt
  [[ -n $package ]] || cannot "apt knows no package of the kernel $series; bring its lists up to date (apt-get update)"
  mkdir -p "$partial/download"
  chmod 755 "$partial"
  chmod 777 "$partial/download" # apt downloads as a user of its own
  (cd "$partial/download" && timeout 300 apt-get download "$package") >"$partial/log" 2>&1 </dev/null ||
    cannot "$package cannot be downloaded: $(tail -n 1 "$partial/log")"
  dpkg -x "$partial/download"/*.deb "$partial/root"
  mv "$partial/root" "$kernel"
  rm -rf "$partial"
}

# --- the file system

readonly BASE_PROGRAMS=(bash nft ip tc ss conntrack xtables-nft-multi kmod)

readonly PYTHON=/usr/bin/python3

# What the file system depends on: this script, the kernel, and the host's programs.
base_stamp() {
  local program
  {
    cat "$0"
    printf '%s\n' "$version"
    for program in busybox "${BASE_PROGRAMS[@]}" "$PYTHON"; do
      program=$(command -v "$program" || true)
      printf '%s ' "$program"
      if [[ -n $program ]]; then stat -L -c '%s %Y' "$program"; fi
    done
  } | sha256sum | cut -c 1-16
}

write_init() {
  cat <<'INIT'
#!/bin/busybox sh
# The console is the kernel's; the second serial line carries what the command prints.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
ln -s /proc/self/fd /dev/fd 2>/dev/null
mkdir -p /run/netns
chmod 1777 /tmp
ip link set lo up
echo /sbin/modprobe > /proc/sys/kernel/modprobe
stty -F /dev/ttyS1 raw -echo
cd /payload
setsid /bin/bash /payload/.command < /dev/null > /dev/ttyS1 2>&1
printf '\nVMTEST-EXIT %s\n' $? > /dev/ttyS1
sync
poweroff -f
INIT
}

# Those modules of the kernel's that have to do with networks.
copy_modules() {
  local root=$1 folder=lib/modules/$version
  mkdir -p "$root/$folder"
  (
    cd "$cache/kernel-$series/$folder"
    find kernel -name '*.ko*' |
      grep -E '^kernel/(net|lib|drivers/net/(veth|dummy)\.|crypto/crc32|arch/x86/crypto/crc32)' |
      grep -vE 'net/(bluetooth|wireless|mac80211|batman|tipc|ceph|sunrpc|rds|dccp|can|nfc|smc|openvswitch|ieee)' |
      cpio -pdm --quiet "$root/$folder"
    cp modules.order modules.builtin modules.builtin.modinfo "$root/$folder/"
  )
  find "$root/$folder" -name '*.ko.xz' -exec xz -d {} +
  depmod -b "$root" "$version"
}

# Python and its standard library, but for what serves its own development.
copy_python() {
  local root=$1 library libraries
  if [[ ! -x $PYTHON ]]; then return; fi
  install_into "$root" "$PYTHON"
  library=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
  mkdir -p "$root$library"
  tar -C "$library" --dereference -cf - --exclude='./config-*' --exclude=./test --exclude=./lib2to3 --exclude=./idlelib \
    --exclude=./pydoc_data --exclude=./ensurepip --exclude=./distutils --exclude=./site-packages . | tar -C "$root$library" -xf -
  mapfile -t libraries < <(find "$library/lib-dynload" -name '*.so')
  libraries_into "$root" "${libraries[@]}"
}

build_base() {
  local root applet program name
  if [[ -s $base ]]; then return; fi
  rm -rf "$cache"/base-"$series"-*
  root=$cache/base-$series-partial
  make_root "$root"
  mkdir -p "$root"/{proc,sys,dev,tmp,run,etc,var/run}
  copy_to "$root" /bin/busybox
  for applet in $(busybox --list); do
    case $applet in
      busybox | ip | modprobe | insmod | lsmod | rmmod | depmod | bash | tc) ;;
      *) ln -s busybox "$root/usr/bin/$applet" ;;
    esac
  done
  for program in "${BASE_PROGRAMS[@]}"; do install_into "$root" "$(command -v "$program")"; done
  ln -sf bash "$root/usr/bin/sh"
  for name in ip6tables iptables; do
    ln -s xtables-nft-multi "$root/usr/sbin/$name"
    ln -s xtables-nft-multi "$root/usr/sbin/$name-save"
    ln -s xtables-nft-multi "$root/usr/sbin/$name-restore"
  done
  if [[ -d /usr/lib/x86_64-linux-gnu/xtables ]]; then install_into "$root" /usr/lib/x86_64-linux-gnu/xtables; fi
  for name in modprobe insmod lsmod rmmod depmod; do ln -s "$(command -v kmod)" "$root/usr/sbin/$name"; done
  copy_python "$root"
  copy_modules "$root"
  printf 'root:x:0:0:root:/:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  printf 'hosts: files\n' >"$root/etc/nsswitch.conf"
  write_init >"$root/init"
  chmod +x "$root/init"
  (cd "$root" && find . | cpio -o -H newc --quiet) >"$base.partial"
  rm -rf "$root"
  mv "$base.partial" "$base"
}

# What is particular to this run, laid over the file system.
build_payload() {
  local root=$work/payload file program path
  make_root "$root"
  for file in "${files[@]}"; do
    cp -rL "$file" "$root/payload/"
    if is_elf "$file"; then libraries_into "$root" "$file"; fi
  done
  for program in "${programs[@]}"; do
    path=$(command -v "$program" || printf '%s' "$program")
    [[ -e $path ]] || cannot "$program is missing"
    install_into "$root" "$path"
  done
  printf '%s\n' "$*" >"$root/payload/.command"
  (cd "$root" && find . | cpio -o -H newc --quiet) >"$work/payload.cpio"
  cat "$base" "$work/payload.cpio" >"$work/initrd"
}

# --- the run

for program in qemu-system-x86_64 busybox cpio xz depmod flock nft ip conntrack xtables-nft-multi; do
  command -v "$program" >/dev/null || cannot "$program is missing (packages qemu-system-x86 busybox-static cpio xz-utils kmod util-linux nftables iproute2 conntrack iptables)"
done
mkdir -p "$cache"
cache=$(realpath "$cache")
work=$(mktemp -d)

# The lock keeps other runs out until this one has its copy of what the cache holds.
exec {lock}>"$cache/lock-$series"
flock --wait 400 "$lock" || cannot "another run holds $cache/lock-$series"
fetch_kernel
version=$(find "$cache/kernel-$series/lib/modules" -mindepth 1 -maxdepth 1 -printf '%f\n' | head -n 1)
base=$cache/base-$series-$(base_stamp).cpio
build_base
build_payload "$@"
cp "$cache/kernel-$series/boot/vmlinuz-$version" "$work/vmlinuz"
exec {lock}>&-

show() {
  sed -u -e 's/\r$//' -e '/^VMTEST-EXIT/{w '"$work/exit"'
    d}'
}

# KVM where the processor can; a /dev/kvm without that is another kind of virtual machine's, which no plain kernel boots in.
# Else a plain processor is emulated, of all features only those of 2008: kernel and C library use what they find, and
# vectors, protection keys and five levels of pages are what emulators are least tried in.
accelerators=(-accel "tcg,thread=multi" -cpu Nehalem)
if [[ -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
  accelerators=(-accel kvm -accel tcg -cpu max) # the second is taken where the first cannot be had
fi
# no_timer_check: whether the timer ticks, the kernel would find out by counting; a busy host lets it count too far.
timeout -k 3 "$seconds" qemu-system-x86_64 "${accelerators[@]}" -smp "$cpus" -m "$memory" -display none \
  -no-reboot -nodefaults -serial "file:$work/console" -serial stdio -kernel "$work/vmlinuz" -initrd "$work/initrd" \
  -append 'console=ttyS0 panic=-1 quiet tsc=reliable no_timer_check mitigations=off' </dev/null 2>"$work/qemu" > >(show) &
qemu=$!
wait "$qemu" || true
qemu=
# The reader of the output ends a moment after the machine does.
for _ in {1..50}; do
  if [[ -s $work/exit ]]; then break; fi
  sleep 0.1
done
if ((verbose)); then cat "$work/console" >&2; fi
code=$(awk '/^VMTEST-EXIT/ { print $2 }' "$work/exit" 2>/dev/null || true)
if [[ -z $code ]]; then
  tail -n 25 "$work/console" "$work/qemu" >&2 || true
  # The last words of a kernel that fell are its registers; why it fell stands where it began to.
  fallen=$(sed -n '/BUG: \|Oops: \|general protection\|Kernel panic/,$p' "$work/console" | grep -E 'BUG|Oops|RIP|CPU:|panic|\+0x' | head -n 25)
  if [[ -n $fallen ]]; then
    printf 'vmtest: the kernel of the machine fell:\n%s\n' "$fallen" >&2
  else
    echo "vmtest: the machine did not finish within $seconds s" >&2
  fi
  exit 125
fi
exit "$code"
