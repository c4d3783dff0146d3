#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside the guest (tests/vm/run.sh starts it): each case file in a shell of its own.
#
#	tests/vm/guest.sh SAMPLES CASE...
#
# A case file may say "# limit: SECONDS"; 120 is what it gets otherwise. Beside a case's own
# results this checks that it made any, ended with status 0 and left no sample loaded.
set -u

SAMPLES=$1
TESTS=$(cd "$(dirname "$0")" && pwd)
shift
cd /tmp || exit 1
RESULTS=/tmp/results # what the case at hand has said so far
export SAMPLES TESTS RESULTS
failed=0

monitors()
{
	pidof kapimon | tr ' ' '\n' | sort
}

# The guest's own init is a kapimon too.
monitors >before

result()
{
	echo "$1 - $2"
	[ "$1" = ok ] || failed=1
}

for name in "$@"; do
	file=$TESTS/cases/$name.sh
	limit=$(sed -n 's/^# limit: //p' "$file")
	echo "# case $name"
	: >"$RESULTS"
	mkdir -p "/tmp/$name"
	# results go to descriptor 3; what a case prints otherwise is for people to read
	# shellcheck disable=SC2016 # the inner shell expands them
	(cd "/tmp/$name" && exec timeout -k 5 "${limit:-120}" \
		sh -eu -c '. "$TESTS/lib.sh"; . "$0"' "$file") 3>&1 1>&2 </dev/null
	status=$?
	grep -q '^not ok' "$RESULTS" && failed=1
	case $status in
	0) [ -s "$RESULTS" ] || result "not ok" "checked nothing" ;;
	124 | 137) result "not ok" "took longer than ${limit:-120} s" ;;
	*) result "not ok" "ended early with status $status" ;;
	esac

	left=$(monitors | comm -13 before -)
	if [ -n "$left" ]; then
		result "not ok" "left a kapimon running"
		# shellcheck disable=SC2086 # a list of numbers
		kill -9 $left
		sleep 1
	fi
	left=$(sed -n 's/^\(kmn_[a-z_]*\) .*/\1/p' /proc/modules)
	if [ -n "$left" ]; then
		result "not ok" "left modules loaded: $(echo "$left" | tr '\n' ' ')"
		# dependents come first in /proc/modules
		for module in $left; do
			rmmod "$module"
		done
	fi
	rm -rf "/tmp/$name"
	echo "# end $name"
done
exit $failed
