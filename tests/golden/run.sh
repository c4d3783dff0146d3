#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Captures of both systems that are kept: the program prints them today as it did when they were made, and
# KAPIMON.EXE prints the same (tests/nt/run.sh). Prints TAP.
#
#	tests/golden/run.sh BUILD
#	tests/golden/run.sh --write BUILD	what is printed now is what is to be printed from now on
#
# linux-calls	kapimon hook -r --pack zlib 'kmn_calls:kmn_*', with 2 written to its run (samples/), kernel 6.1
# linux-memory	kapimon mem -S --pack zlib, with 1 written to the run of kmn_leaky
# nt-calls	kapimon hook -r kmntarget:KmnClassic kmntarget:KmnMsvc kmntarget:KmnData, under Wine, called by
#		"client call 2 1" (tests/nt/client.c)
# nt-pool	kapimon mem --log -T Kmnk, during "client leak Kmnk 8 100"
set -u

write=
[ "${1:-}" != --write ] || { write=yes; shift; }
build=$(realpath "${1:-build}")
cd "$(dirname "$0")" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# The reports of memory begin behind the ledger, which this program prints beside them.
print()
{
	case $1 in
	*-calls)
		"$build/kapimon" show --relative --color=never "$1.kmn" >"$work/out" 2>"$work/summary" &&
			cat "$work/out" "$work/summary"
		;;
	*-memory) "$build/kapimon" mem --color=never --stacks 10 "$1.kmn" 2>/dev/null ;;
	*-pool) "$build/kapimon" mem --log --color=never --stacks 10 "$1.kmn" 2>/dev/null ;;
	esac
}

for file in *.kmn; do
	name=${file%.kmn}
	[ -z "$write" ] || print "$name" >"$name.txt"
	print "$name" >"$work/text"
	status=$?
	if [ $status = 0 ] && cmp -s "$work/text" "$name.txt"; then
		echo "ok - golden: $name is printed as it was"
	else
		echo "not ok - golden: $name is printed as it was (status $status)"
		diff "$name.txt" "$work/text" | sed 's/^/# /' | head -n 40
		failed=1
	fi
done
exit $failed
