# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the parts that run inside the guest share. A part prints rows, separated by tabs:
#
#	NAME	MEASURE	VALUE
#
# "failed" as the measure is for what didn't work: its value says why. $SAMPLES holds the sample
# modules, $BENCH is this folder, the working directory is the guest's own and writable.

tracefs=/sys/kernel/tracing

# row NAME MEASURE VALUE
row()
{
	printf '%s\t%s\t%s\n' "$1" "$2" "$3"
}

# now: nanoseconds
now()
{
	date +%s%N
}

# seconds_between BEGIN END: of now
seconds_between()
{
	awk -v begin="$1" -v end="$2" 'BEGIN { printf "%.2f", (end - begin) / 1e9 }'
}

# failed NAME FILE...: a row with the last thing that was said in one of the files
failed()
{
	failed_name=$1
	shift
	row "$failed_name" failed "$(cat "$@" 2>/dev/null | tr '\t' ' ' | grep -v '^ *$' |
		tail -n 1 | sed "s|$BENCH/||" | cut -c 1-160)"
}

# Take back whatever a tool may have left in ftrace.
trace_reset()
{
	echo 0 >$tracefs/tracing_on
	echo nop >$tracefs/current_tracer
	echo 0 >$tracefs/events/enable
	echo 0 >$tracefs/options/func_stack_trace
	echo 0 >$tracefs/options/stacktrace
	echo >$tracefs/set_ftrace_filter
	# a tool that was ended because it took too long may still hold its probes
	reset_left=120
	until { echo >$tracefs/kprobe_events; } 2>/dev/null || [ $reset_left = 0 ]; do
		reset_left=$((reset_left - 1))
		sleep 1
	done
	echo >$tracefs/trace
	echo 1 >$tracefs/tracing_on
}

# probe_add FUNCTION: the kprobe event bench/entry with six arguments
probe_add()
{
	echo "p:bench/entry $1 a=%di b=%si c=%dx d=%cx e=%r8 f=%r9" >>$tracefs/kprobe_events
}

# command_file NAME: the standard input becomes a script; what watches a command is given its path
command_file()
{
	cat >"$1"
	chmod +x "$1"
}

# watch_kapimon_mem COMMAND OUT OPTION...
watch_kapimon_mem()
{
	watch_command=$1
	watch_out=$2
	shift 2
	watch_status=0
	kapimon mem --force --output "$watch_out" "$@" -- "$watch_command" >log 2>&1 ||
		watch_status=$?
	# 3: it ran, but something was missed, which the part that counts tells
	[ "$watch_status" = 3 ] || return "$watch_status"
}

row guest release "$(uname -r)"
