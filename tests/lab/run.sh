#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A capture of a million events, made in the lab and streamed to the host, is read there without
# anything of that kernel: every call, every name. A minimal capture has no names, which is told with what
# gives them. Prints TAP.
#
#	tests/lab/run.sh KERNEL
set -u

kernel=${1:-6.1}
cd "$(dirname "$0")/../.." || exit 1
part=lab
# shellcheck source=tests/lab/lib.sh
. tests/lab/lib.sh
calls=500000

# count OPTION...: of the capture's calls
count()
{
	"$KAPIMON" show --count "$@" "$work/million.kmn"
}

status=0
"$KAPIMON" lab --kernel "$kernel" --timeout 600s --share "$samples" --output "$work/million.kmn" -- \
	sh -c "insmod $samples/kmn_calls.ko &&
		kapimon hook --minimal -o /tmp/minimal.kmn kmn_target -- \
			sh -c 'echo 100 >/sys/kernel/debug/kmn_calls/run' &&
		base64 /tmp/minimal.kmn | sed s/^/minimal:/ &&
		kapimon hook -r -b 32M -o /dev/kapimon-capture kmn_target -- \
			sh -c 'echo $calls >/sys/kernel/debug/kmn_calls/run'" \
	>"$work/out" 2>&1 || status=$?
[ $status = 0 ] || sed 's/^/# /' "$work/out"
echo "# $(stat -c %s "$work/million.kmn" 2>/dev/null) bytes"

check "the recording is complete" test $status = 0
check "the capture has a million events" test "$("$KAPIMON" show --json "$work/million.kmn" |
	grep -c '^{"kind":"\(entry\|return\)"')" = $((2 * calls))
check "each is a call of the function" test "$(count --api kmn_target)" = $calls
check "a call is found by its argument and result" test \
	"$(count --filter 'number == 4711 and ret == 4712')" = 1
"$KAPIMON" show --top stack "$work/million.kmn" >"$work/stacks" 2>&1
check "its stacks are named by symbol and module" grep -Eq \
	'kmn_target\+0x0 \[kmn_calls\]' "$work/stacks"
check "the kernel's functions too" grep -Eq 'vfs_write\+0x' "$work/stacks"
check "no address is left without a name" sh -c "! grep -Eq '0xffffffff' '$work/stacks'"
check "the verdict has come along" grep -q '^COMPLETE$' "$work/stacks"

tr -d '\r' <"$work/out" | sed -n 's/^minimal://p' | base64 -d >"$work/minimal.kmn"
"$KAPIMON" show "$work/minimal.kmn" >"$work/stacks" 2>"$work/told"
check "a minimal capture has modules and offsets" grep -Eq '^    \+0x[0-9a-f]+ \[kmn_calls\]$' \
	"$work/stacks"
check "the kernel's too" grep -Eq '^    \+0x[0-9a-f]+ \[vmlinux\]$' "$work/stacks"
check "no address is left bare" sh -c "! grep -Eq '^    0x' '$work/stacks'"
check "it is told once what names them" test "$(grep -c \
	'no names of vmlinux (build id [0-9a-f]*): .*the package linux-image-.*-dbg' "$work/told")" = 1
check "a module's file names it" sh -c \
	"'$KAPIMON' symbols add -A -P '$samples' '$work/minimal.kmn' 2>/dev/null &&
	'$KAPIMON' -F '$work/minimal.kmn' 2>/dev/null | grep -q 'kmn_target+0x0 \[kmn_calls\]'"
exit $failed
