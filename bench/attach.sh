#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside the guest (bench/run.sh starts it): hook $1 functions spread over the kernel's text
# and take the time until the command starts, and from its end until the monitor has ended.
set -eu

hooks=$1
now()
{
	date +%s%N
}

cd /tmp
# Functions of modules and copies made by the compiler are left out; every n-th of the rest.
grep -v '[].[]' /sys/kernel/tracing/available_filter_functions | sort -u >functions
step=$(($(wc -l <functions) / hooks))
awk -v step="$step" -v hooks="$hooks" 'NR % step == 0 && n++ < hooks { print "hook " $1 }' \
	functions >session

start=$(now)
status=0
kapimon hook --session session -- sh -c 'date +%s%N >began; sleep 1; date +%s%N >ended' \
	>/dev/null 2>log || status=$?
end=$(now)
# 3: it ran, but calls were lost, which is no matter here
case $status in
0 | 3) ;;
*)
	cat log >&2
	exit "$status"
	;;
esac
awk -v kernel="$(uname -r)" -v hooks="$(wc -l <session)" -v start="$start" -v end="$end" \
	-v began="$(cat began)" -v ended="$(cat ended)" 'BEGIN {
	printf "%s: %d hooks: attach %.2f s, detach %.2f s\n", kernel, hooks,
		(began - start) / 1e9, (end - ended) / 1e9
}'
