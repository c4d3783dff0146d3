#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Build the sample modules for a kernel of the lab:
#
#	scripts/build-samples.sh 6.1|6.12|6.1-rt|6.12-rt OUTDIR
#
# The kernel's headers are fetched as Debian packages and unpacked into Kapimon's cache, not
# installed, so that nothing but apt's own package lists is touched and any number of kernels can
# stand beside each other.
set -eu

fail()
{
	echo "build-samples: $*" >&2
	exit 1
}

[ $# = 2 ] || { echo "usage: build-samples.sh KERNEL OUTDIR" >&2; exit 2; }
series=$1
out=$2
here=$(cd "$(dirname "$0")/.." && pwd)
kapimon=${KAPIMON:-$here/${BUILD:-build}/kapimon}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kapimon
mkdir -p "$cache" "$out"
out=$(cd "$out" && pwd)

case $series in
6.1 | 6.12 | 6.1-rt | 6.12-rt) ;;
*) fail "no samples are built for '$series', but for 6.1, 6.12, 6.1-rt and 6.12-rt" ;;
esac

# Nothing to do while no source is newer than what was built last.
if [ -f "$out/release" ] &&
	[ -z "$(find "$here/samples" "$here/scripts/build-samples.sh" -newer "$out/release")" ]; then
	exit 0
fi
rm -f "$out/release"

# The kernel itself says which release it is, so that the modules fit it whatever apt knows by now.
release=$("$kapimon" lab --kernel "$series" -- uname -r)
[ -n "$release" ] || fail "the lab's $series doesn't tell its release"
headers=$cache/headers-$release

# Debian's header packages point at each other by absolute paths below /usr.
headers_fetch()
{
	# A flavour has common headers of its own, but no tools.
	base=${release%-amd64}
	base=${base%-rt}
	common=linux-headers-$base-common${series#"${series%-rt}"}
	case $series in
	6.1 | 6.1-rt) kbuild=linux-kbuild-6.1 ;;
	*) kbuild=linux-kbuild-$base ;;
	esac
	work=$(mktemp -d "$cache/.headers.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	mkdir "$work/packages" "$work/tree"
	# apt's download user can't enter a private cache folder; root downloads by itself then
	(cd "$work/packages" && apt-get download -q -o APT::Sandbox::User=root \
		"linux-headers-$release" "$common" "$kbuild" >&2) ||
		fail "apt-get can't download the headers of $release"
	for package in "$work"/packages/*.deb; do
		dpkg-deb -x "$package" "$work/tree"
	done
	sed -i "s|/usr/src/|$headers/usr/src/|g" \
		"$work/tree/usr/src/linux-headers-$release/Makefile"
	rm -rf "$work/packages" "$headers"
	mv "$work/tree" "$headers"
	rmdir "$work"
	trap - EXIT
}

(
	flock 9
	[ -d "$headers" ] || headers_fetch
) 9>"$cache/headers.lock"

build=$headers/usr/src/linux-headers-$release
cp -u "$here"/samples/*.c "$here"/samples/*.h "$here/samples/Kbuild" "$out"
make -s -C "$build" M="$out" modules >"$out/build.log" 2>&1 || {
	cat "$out/build.log" >&2
	fail "the samples don't build against $release"
}

# kbuild makes BTF itself where the header package holds the kernel's types (6.12's does).
if [ ! -f "$build/vmlinux" ]; then
	types=$headers/vmlinux.btf
	if [ ! -s "$types" ]; then
		"$kapimon" lab --kernel "$series" -- cat /sys/kernel/btf/vmlinux >"$types.new"
		mv "$types.new" "$types"
	fi
	for module in "$out"/*.ko; do
		pahole -J --btf_base "$types" "$module"
	done
fi
echo "$release" >"$out/release"
