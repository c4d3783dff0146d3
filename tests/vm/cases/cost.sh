# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What watching cost is told, for as many calls as were made.

sample_load kmn_bench

# watched NAME OPTION...: a thousand calls; what was said is left in the file "err"
watched()
{
	watched_name=$1
	shift
	expect_status "$watched_name: it runs" 0 \
		kapimon hook --cost --no-stack --force --output calls.kmn "$@" kmn_bench_target -- \
		sh -c 'echo 1000 >/sys/kernel/debug/kmn_bench/run'
}

watched "a trampoline" --return
expect_match "the entries' time is told" err \
	'^kapimon hook: cost of kmn_bench_target, entry: [1-9][0-9]* ns a call, 1000 calls$'
expect_match "the returns' time is told" err \
	'^kapimon hook: cost of kmn_bench_target, return: [1-9][0-9]* ns a call, 1000 calls$'
# a header, six arguments; a header, what a return has
expect_match "and the bytes of all records" err \
	'^kapimon hook: cost of all: .* s, .* % of the time of 2 processors, 192000 bytes of records$'

watched "a probe" --fast
expect_match "the time of a program for all hooks is told" err \
	'^kapimon hook: cost of all hooks together, kprobe[.a-z]*: [1-9][0-9]* ns a call, 1000 calls$'

expect_status "without the option" 0 \
	kapimon hook --no-stack --force --output calls.kmn kmn_bench_target -- true
expect_no_match "no cost is told" err 'cost of'
sample_unload kmn_bench
