# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# shellcheck disable=SC2154,SC2086 # $tracefs is that of guest.sh, which is read before
# The tools that stand beside Kapimon, and Kapimon itself, each watching the calls of a function while
# a command runs. A "watch_TOOL" gets the command and a file for its output, records six arguments and
# returns the tool's status. Every tool has a buffer of 8 MiB or more for each processor.

export BPFTRACE_PERF_RB_PAGES=2048

# peers_watch FUNCTION ARGUMENTS: of which function, and what its six arguments are to a kfunc
peers_watch()
{
	function=$1
	kfunc_arguments=$2
}
sixth='arg0, arg1, arg2, arg3, arg4, arg5'
format='%s %d %lx %lx %lx %lx %lx %lx'

# watch_kapimon COMMAND OUT OPTION...
watch_kapimon()
{
	watch_command=$1
	watch_out=$2
	shift 2
	watch_status=0
	kapimon hook --force --output "$watch_out" "$@" "$function" -- "$watch_command" \
		>log 2>&1 || watch_status=$?
	# 3: it ran, but calls were missed, which the part that counts them tells
	[ "$watch_status" = 3 ] || return "$watch_status"
}

# watch_bpftrace COMMAND OUT PROGRAM
watch_bpftrace()
{
	# it starts no scripts by themselves
	bpftrace -o "$2" -e "$3" -c "/bin/sh $1" >log 2>&1
}

watch_bpftrace_kprobe()
{
	watch_bpftrace "$1" "$2" \
		"kprobe:$function { printf(\"$format\\n\", comm, pid, $sixth); }"
}

watch_bpftrace_kprobe_stack()
{
	watch_bpftrace "$1" "$2" \
		"kprobe:$function { printf(\"$format%s\\n\", comm, pid, $sixth, kstack); }"
}

watch_bpftrace_kretprobe()
{
	watch_bpftrace "$1" "$2" \
		"kprobe:$function { @at[tid] = nsecs; printf(\"$format\\n\", comm, pid, $sixth); }
		kretprobe:$function { printf(\"%lx %d\\n\", retval, nsecs - @at[tid]);
			delete(@at[tid]); }"
}

# The arguments of kfuncs have names.
watch_bpftrace_kfunc()
{
	watch_bpftrace "$1" "$2" \
		"kfunc:$function { printf(\"$format\\n\", comm, pid, $kfunc_arguments); }"
}

watch_bpftrace_kfunc_stack()
{
	watch_bpftrace "$1" "$2" \
		"kfunc:$function { printf(\"$format%s\\n\", comm, pid, $kfunc_arguments, kstack); }"
}

watch_perf_probe()
{
	probe_add "$function" && perf record -q -m 16M -e bench:entry -a -o "$2" -- "$1" >log 2>&1
}

watch_perf_probe_stack()
{
	probe_add "$function" &&
		perf record -q -m 16M -e bench:entry -a -g -o "$2" -- "$1" >log 2>&1
}

# watch_tracefs COMMAND OUT: run it while ftrace is as it was set up, and keep what it saw
watch_tracefs()
{
	"$1" >log 2>&1 && cat $tracefs/trace >"$2"
}

watch_kprobe_event()
{
	probe_add "$function" && echo 1 >$tracefs/events/bench/enable && watch_tracefs "$@"
}

watch_kprobe_event_stack()
{
	echo 1 >$tracefs/options/stacktrace && watch_kprobe_event "$@"
}

watch_ftrace()
{
	echo "$function" >$tracefs/set_ftrace_filter &&
		echo function >$tracefs/current_tracer && watch_tracefs "$@"
}

watch_ftrace_stack()
{
	echo "$function" >$tracefs/set_ftrace_filter &&
		echo function >$tracefs/current_tracer &&
		echo 1 >$tracefs/options/func_stack_trace && watch_tracefs "$@"
}

watch_trace_cmd()
{
	trace-cmd record -q -b 16384 -p function -l "$function" -o "$2" "$1" >log 2>&1
}

watch_trace_cmd_stack()
{
	trace-cmd record -q -b 16384 -p function -l "$function" --func-stack -o "$2" "$1" >log 2>&1
}

watch_trace_cmd_event_stack()
{
	probe_add "$function" && trace-cmd record -q -b 16384 -e bench -T -o "$2" "$1" >log 2>&1
}

# each_peer ACTION: "ACTION NAME WATCH" for each of them; names that end in "stack" take stacks
each_peer()
{
	"$1" "bpftrace kprobe" watch_bpftrace_kprobe
	"$1" "bpftrace kprobe, kstack" watch_bpftrace_kprobe_stack
	"$1" "bpftrace kprobe and kretprobe" watch_bpftrace_kretprobe
	"$1" "bpftrace kfunc" watch_bpftrace_kfunc
	"$1" "bpftrace kfunc, kstack" watch_bpftrace_kfunc_stack
	"$1" "perf record of a probe" watch_perf_probe
	"$1" "perf record -g of a probe" watch_perf_probe_stack
	"$1" "kprobe event" watch_kprobe_event
	"$1" "kprobe event, stacktrace" watch_kprobe_event_stack
	"$1" "ftrace function" watch_ftrace
	"$1" "ftrace function, func_stack_trace" watch_ftrace_stack
	"$1" "trace-cmd function" watch_trace_cmd
	"$1" "trace-cmd function, --func-stack" watch_trace_cmd_stack
	"$1" "trace-cmd of a probe, -T" watch_trace_cmd_event_stack
}
