#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Install the Debian packages that building and testing need, and only those that are missing.
# Without anything missing it does nothing and needs neither root nor a network. Arguments are more packages
# that the caller needs.
set -eu

# the program
packages="gcc libc6-dev make meson ninja-build pkg-config clang llvm bpftool
	libbpf-dev libelf-dev libdw-dev libzstd-dev liblzma-dev zlib1g-dev libsqlite3-dev"
# its tests: cmocka, clang's sanitizers and fuzzer, the style and shell checks
packages="$packages libcmocka-dev libclang-rt-dev clang-format shellcheck python3 git"
# the programs that captures and completions are tested with
packages="$packages debuginfod zsh"
# the programs that read what is exported
packages="$packages sqlite3 protobuf-compiler trace-cmd"
# the lab: the virtual machine and what its initramfs is made of
packages="$packages qemu-system-x86 busybox-static kmod xz-utils zstd cpio"
# the sample modules; Debian's kernels are built with gcc-12, and so must their modules be
packages="$packages gcc-12 dwarves binutils libssl3"
# NT: drivers for both processors, and what the hooks of TRACE.SYS are tested with here: code and libraries
# for i386, and a decoder to compare ours with
packages="$packages gcc-mingw-w64-i686 gcc-mingw-w64-x86-64 libz-mingw-w64-dev gcc-multilib libzydis-dev lib32z1"
# what TRACE.SYS and KAPIMON.EXE are tested under, and the linker that makes PDB files
packages="$packages wine wine64 lld"
# what else the caller needs
packages="$packages $*"

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "install-deps: this is not a Debian system; install these packages' equivalents:" >&2
	echo "$packages" | tr -s ' \t\n' ' ' >&2
	echo >&2
	exit 1
fi

missing=
# shellcheck disable=SC2086 # a list of words
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $packages 2>/dev/null || true)
for package in $packages; do
	case "
$installed
" in
	*"
$package installed
"*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "install-deps: these packages are missing, and only root can install them:" >&2
		echo " $missing" >&2
		exit 1
	fi
	as_root="sudo"
fi

echo "install-deps: installing$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q </dev/null
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive \
	apt-get install -q -y --no-install-recommends $missing </dev/null
