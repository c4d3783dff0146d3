#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside a guest whose clock counts instructions (bench/run.sh starts it): what a hooked call
# costs, by Kapimon in its modes and by the other tools, on a shallow and on a deep stack. The row
# "bare" has the call's own instructions and the frames of its stack, the others what a hook
# adds.
set -eu

BENCH=$(dirname "$0")
# shellcheck source=bench/guest.sh
. "$BENCH/guest.sh"
# shellcheck source=bench/cost.sh
. "$BENCH/cost.sh"
# shellcheck source=bench/peers.sh
. "$BENCH/peers.sh"

peers_watch kmn_bench_target \
	"args->nth, args->pointer, args->number, args->bits, args->offset, args->size"
# kapimon_cost NAME OPTION...
kapimon_cost()
{
	kapimon_cost_name=kapimon\ $1
	shift
	cost "$kapimon_cost_name" watch_kapimon "$@"
}

# frames DEPTH: of the stack of one call there
frames()
{
	echo "$1" >$sample/depth
	kapimon hook --json kmn_bench_target -- sh -c 'echo 1 >/sys/kernel/debug/kmn_bench/run' 2>log |
		head -n 1 | sed 's/.*"stack":\[//' | tr ',' '\n' | grep -c '+0x'
}

cost_begin pairs=0
# shellcheck disable=SC2086 # names and numbers
set -- $depths
row bare "shallow frames" "$(frames "$2")"
row bare "deep frames" "$(frames "$4")"

export KAPIMON_COPIES=1
kapimon_cost "fentry, 1 copy" --no-stack
kapimon_cost "fentry, 1 copy, stack"
unset KAPIMON_COPIES
kapimon_cost "fentry" --no-stack
kapimon_cost "fentry, stack"
kapimon_cost "fentry, stack, --only-module" --only-module kmn_bench
kapimon_cost "fentry and fexit" --no-stack --return
kapimon_cost "fentry and fexit, stack" --return
kapimon_cost "--fast" --fast --no-stack
kapimon_cost "--fast, stack" --fast
kapimon_cost "--fast, entry and return" --fast --no-stack --return
# two functions share one event where there is no kprobe.multi, and a probe lies behind the nop
kapimon_cost "--fast of 2 functions" --fast --no-stack vfs_fallocate
kapimon_cost "--fast of 2 functions, stack" --fast vfs_fallocate
each_peer cost
