# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What something adds to each turn of kmn_bench's loop, in instructions: guest.sh is read
# before. The median of several runs is what counts: a tick of the timer falls into some.

turns=500
runs=11
# steps of kmn_bench_step() that make stacks of 13 and 29 frames, or one more
depths="shallow 6 deep 22"
sample=/sys/module/kmn_bench/parameters

# cost_begin PARAMETER...: load kmn_bench with these and measure the turns alone. What watches gets the
# command /tmp/measure. Its pauses let readers empty their buffers: what a full one saves is no gain.
cost_begin()
{
	cd /tmp || return
	insmod "$SAMPLES/kmn_bench.ko" "$@"
	command_file measure <<-END
		#!/bin/sh
		set -- $depths
		while [ \$# -gt 0 ]; do
			echo \$2 >$sample/depth
			for run in $(seq -s ' ' $runs); do
				echo $turns >/sys/kernel/debug/kmn_bench/run
				cat $sample/elapsed_ns
				sleep 0.05
			done | sort -n | sed -n "$((runs / 2 + 1)){s/^/\$1 /;p;}"
			shift 2
		done >measured
	END
	bare=0
	./measure
	bare=$(instructions shallow)
	row bare shallow "$bare"
	row bare deep "$(instructions deep)"
}

# instructions DEPTH: for one turn, in the last measurement
instructions()
{
	awk -v depth="$1" -v turns=$turns '$1 == depth { printf "%.0f", $2 / turns }' measured
}

# cost NAME WATCH ARGUMENT...
cost()
{
	cost_name=$1
	cost_watch=$2
	shift 2
	rm -f measured log
	if ! "$cost_watch" /tmp/measure out "$@" 2>>log || [ ! -s measured ]; then
		failed "$cost_name" out log
	elif [ "$(instructions shallow)" -lt $((bare + 10)) ]; then
		row "$cost_name" failed "it ran, but hooked nothing"
	else
		row "$cost_name" shallow $(($(instructions shallow) - bare))
		row "$cost_name" deep $(($(instructions deep) - bare))
	fi
	trace_reset
	rm -f out
}
