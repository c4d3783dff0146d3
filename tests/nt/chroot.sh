#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Make a folder with Debian for i386 and 32-bit Wine, where the i386 driver is tested: about a minute and
# 900 MB, as root. What is there stays. Without security updates: their mirror may be ahead of its lists.
#
#	tests/nt/chroot.sh DIR
#	NT_CHROOT=DIR tests/nt/run.sh BUILD
set -eu

[ $# = 1 ] || { echo "usage: tests/nt/chroot.sh DIR" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "chroot: only root can make $1" >&2; exit 1; }
[ ! -x "$1/usr/bin/wine" ] || exit 0
[ ! -e "$1" ] || { echo "chroot: $1 is there already, and has no Wine" >&2; exit 1; }
"$(dirname "$0")/../../scripts/install-deps.sh" mmdebstrap arch-test
# From where this machine's own packages come.
# shellcheck disable=SC2016 # apt-get's own variable
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
[ -n "$mirror" ] || { echo "chroot: apt-get knows no source of bookworm" >&2; exit 1; }
mmdebstrap --architectures=i386 --variant=apt --include=wine,wine32 bookworm "$1" \
	"$mirror" ||
	{ rm -rf "$1"; echo "chroot: can't make $1" >&2; exit 1; }
