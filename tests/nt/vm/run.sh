#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The NT tests on a real NT kernel: a disk image of yours in QEMU, with a medium that has the programs and
# takes the results. Prints TAP.
#
#	tests/nt/vm/run.sh IMAGE [x64|i386]	the image stays as it is; BUILD in the environment names the build folder (build)
#	tests/nt/vm/run.sh --wine		the same medium and suite, under Wine: proves all but the machine
#
# The image is an installed system that runs SUITE.CMD from its second disk at logon, as an administrator, and
# then shuts down. docs/nt.md tells how to make it do so. QEMU is the NT_QEMU of the environment, with its
# options, or qemu-system-x86_64; NT_TIME is how many seconds it gets (1800).
set -u

fail()
{
	echo "nt-vm: $*" >&2
	exit 1
}

[ $# -ge 1 ] || { echo "usage: tests/nt/vm/run.sh IMAGE [x64|i386] | --wine" >&2; exit 2; }
cd "$(dirname "$0")/../../.." || exit 1
build=$(realpath "${BUILD:-build}")
arch=${2:-x64}
work=$(mktemp -d) || exit 1
medium=$work/medium
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/nt/tap.sh
. tests/nt/tap.sh

# Names of eight characters at most: old systems see the medium as a FAT disk.
make_medium()
{
	mkdir "$medium" &&
		cp "$build-nt-$arch/src/windows/kapimon.exe" "$build-nt-$arch/kernel/nt/driver/trace.sys" \
			"$build-nt-$arch/tests/nt/kmntarget.sys" "$build-nt-$arch/tests/nt/client.exe" "$medium" &&
		sed 's/$/\r/' tests/nt/vm/suite.cmd >"$medium/suite.cmd"
}

under_wine()
{
	WINEPREFIX=$work/prefix WINEDEBUG=-all DISPLAY=
	export WINEPREFIX WINEDEBUG DISPLAY
	timeout 120 wine wineboot -i >/dev/null 2>&1
	timeout 60 wineserver -w
	(cd "$medium" && timeout 300 wine cmd /c suite.cmd </dev/null >/dev/null 2>&1)
	wineserver -k
}

# The medium is a folder that the machine sees as a disk and writes to.
in_qemu()
{
	# shellcheck disable=SC2086 # a program and its options
	timeout "${NT_TIME:-1800}" ${NT_QEMU:-qemu-system-x86_64 -m 1024 -display none} \
		-drive "file=$1,if=ide,index=0,snapshot=on" \
		-drive "file=fat:rw:$medium,format=raw,if=ide,index=1" -no-reboot </dev/null
}

# What the suite said, and what its captures have.
collect()
{
	[ -f "$medium/results.tap" ] || fail "the machine has left no results.tap: did it run SUITE.CMD?"
	tr -d '\r' <"$medium/results.tap" >"$work/results"
	while read -r line; do
		case $line in
		"ok - "*) result 0 "${line#ok - }" ;;
		"not ok - "*) result 1 "${line#not ok - }" ;;
		esac
	done <"$work/results"
	grep -qx '# ended' "$work/results"
	result $? "the suite came to its end"
	"$build/kapimon" show -S --color=never "$medium/calls.kmn" >"$work/calls" 2>"$work/ledger"
	result $? "the capture of its calls is complete"
	[ "$(grep -c 'Kmn[A-Za-z]*(0x.*) = 0x' "$work/calls")" = 300 ]
	result $? "and has all 300"
	"$build/kapimon" mem --log "$medium/pool.kmn" >"$work/pool" 2>/dev/null &&
		grep -q '^10 blocks of Kmnk, 1,000 bytes' "$work/pool"
	result $? "the leaks are in the capture of pool memory"
	[ $failed = 0 ] || tr -d '\r' <"$medium/log.txt" | sed 's/^/# /'
}

if [ "$1" != --wine ]; then
	[ -f "$1" ] || fail "there is no image $1"
	case $1 in
	*.iso | *.ISO) fail "$1 is no installed system: install it into a disk image first" ;;
	esac
fi
make_medium || fail "can't make the medium; run make build build-nt"
if [ "$1" = --wine ]; then
	under_wine
else
	in_qemu "$(realpath "$1")" || fail "QEMU has failed, or the machine did not shut down in time"
fi
collect
echo "1..$n"
exit $failed
