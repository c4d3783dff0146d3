#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook core as TRACE.SYS has it: mingw-w64 compiles it without warnings for i386 and x64, it needs nothing
# from outside, has no variables of its own, and little stack. Prints TAP.
#
#	freestanding.sh SOURCE_FOLDER
set -u

sources=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0
status=0

# result NAME WHAT_IS_WRONG
result()
{
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		echo "$2" | sed 's/^/# /'
		echo "not ok $number - $1"
		status=1
	fi
}

for machine in i686 x86_64; do
	tool=$machine-w64-mingw32
	flags="-std=gnu17 -O2 -ffreestanding -fstack-usage -Wall -Wextra -Wshadow -Werror"
	[ $machine = x86_64 ] || flags="$flags -march=i586"
	wrong=
	for file in "$sources"/*.c; do
		name=$(basename "$file" .c)
		# shellcheck disable=SC2086 # a list of words
		wrong="$wrong$($tool-gcc $flags -c "$file" -o "$work/$name.o" 2>&1)"
	done
	result "$machine: it compiles without warnings" "$wrong"
	$tool-ld -r "$work"/*.o -o "$work/all"
	result "$machine: it needs nothing but memset and memcpy" \
		"$($tool-nm -u "$work/all" | grep -vE ' _?mem(set|cpy)$')"
	result "$machine: it has no variables" "$($tool-nm "$work/all" | grep -E ' [bBdDC] \.?[a-z]' |
		grep -vE ' [bd] \.(bss|data)$')"
	result "$machine: no function takes more than 700 bytes of stack" \
		"$(cat "$work"/*.su | awk '$2 > 700')"
	rm "$work"/*
done
echo "1..$number"
exit $status
