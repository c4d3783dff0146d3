#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside a guest whose clock counts instructions (bench/run.sh starts it): for each number given,
# the entries of so many functions spread over the kernel's text are hooked by Kapimon and by the
# other tools while a command sleeps for a moment. In seconds:
#
#	start	from the call of the tool to the first instruction of the command
#	end	from the last instruction of the command to the end of the tool
#	attach, detach	what "kapimon hook --verbose" calls so
set -eu

BENCH=$(dirname "$0")
# shellcheck source=bench/guest.sh
. "$BENCH/guest.sh"

limit=120
cd /tmp
command_file pause <<'END'
#!/bin/sh
date +%s%N >/tmp/began
sleep 1
date +%s%N >/tmp/ended
END

# What every method can hook, and no names that stand for several functions.
awk '$2 ~ /[tTwW]/ && !$4 { print $3 }' /proc/kallsyms | sort | uniq -u >names
kapimon list --module vmlinux --json |
	sed -n 's/.*"name":"\([^"]*\)".*"ftrace":true,"kprobe":true.*/\1/p' | sort -u |
	comm -12 names - >candidates

# choose N: the file "functions" has every so manieth of them
choose()
{
	if [ "$1" = 1 ]; then
		echo vfs_mkdir
	else
		awk -v step=$(($(wc -l <candidates) / $1)) -v n="$1" \
			'NR % step == 0 && found++ < n { print $1 }' candidates
	fi >functions
}

# wildcards N: patterns of three letters that stand for about N functions, the longest first
wildcards()
{
	awk '!$2 { print substr($1, 1, 3) }' $tracefs/available_filter_functions |
		grep '^[a-z]*$' | sort | uniq -c | sort -rn |
		awk -v left="$1" '$1 <= left { print $2 "*"; left -= $1 }'
}

attach_kapimon()
{
	sed 's/^/hook /' functions >session
	attach_status=0
	kapimon hook "$@" --verbose --no-stack --session session --output out --force -- \
		/tmp/pause >log 2>&1 || attach_status=$?
	# 3: it ran, but calls were missed, which is no matter here
	[ $attach_status = 3 ] || return $attach_status
}

bpftrace_count()
{
	BPFTRACE_MAX_PROBES=20000 bpftrace -o out \
		-e "$(sed 's/^/kprobe:/' "$1" | paste -sd ,) { @calls = count(); }" \
		-c '/bin/sh /tmp/pause' >log 2>&1
}

attach_bpftrace()
{
	bpftrace_count functions
}

attach_bpftrace_wildcards()
{
	wildcards "$(wc -l <functions)" >patterns
	bpftrace_count patterns
}

attach_perf()
{
	# one by one: a function that can't have a probe refuses all that are written with it
	awk '{ print "p:bench/p" NR " " $1 }' functions | while read -r event; do
		echo "$event" >>$tracefs/kprobe_events || true
	done 2>/dev/null
	perf record -q -e 'bench:*' -a -o out -- \
		/tmp/pause >log 2>&1 && echo >$tracefs/kprobe_events
}

attach_ftrace()
{
	cat functions >$tracefs/set_ftrace_filter && echo function >$tracefs/current_tracer &&
		/tmp/pause && echo nop >$tracefs/current_tracer
}

attach_trace_cmd()
{
	# shellcheck disable=SC2046 # one word each
	trace-cmd record -q -p function $(sed 's/^/-l /' functions) -o out /tmp/pause >log 2>&1
}

# timed NAME ATTACH...
timed()
{
	timed_name=$1
	shift
	rm -f began ended out log
	timed_start=$(now)
	timed_status=0
	# a shell of its own, which a watch ends when it takes too long
	("$@") 2>>log &
	timed_shell=$!
	(
		sleep $limit
		# with its children
		pkill -P $timed_shell
		kill $timed_shell
	) 2>/dev/null &
	timed_watch=$!
	wait $timed_shell || timed_status=$?
	timed_end=$(now)
	kill $timed_watch 2>/dev/null || true
	if [ $((timed_end - timed_start)) -ge ${limit}000000000 ]; then
		row "$timed_name" failed "not through in $limit s"
	elif [ $timed_status != 0 ] || [ ! -s ended ]; then
		failed "$timed_name" out log
	else
		row "$timed_name" start "$(seconds_between "$timed_start" "$(cat began)")"
		row "$timed_name" end "$(seconds_between "$(cat ended)" "$timed_end")"
	fi
	trace_reset
}

# What Kapimon says itself of its last run.
kapimon_times()
{
	awk -v name="$1" '
		/^hook [0-9]+: .* by / { methods[$NF]++ }
		/^kapimon hook: attached / { hooks = $4; attach = $(NF - 1) }
		/^kapimon hook: detached / { detach = $(NF - 1) }
		END {
			for (method in methods)
				if (methods[method] > methods[most])
					most = method
			printf "%s\tmethod\t%s\n", name, most
			printf "%s\thooks\t%d\n", name, hooks
			printf "%s\tattach\t%.2f\n%s\tdetach\t%.2f\n", name, attach, name, detach
		}' log
}

# The last number of the patterns' functions that bpftrace says it attaches to.
bpftrace_hooks()
{
	row "$1" hooks "$(cat out log | sed -n 's/^Attaching \([0-9]*\) probe.*/\1/p' | tail -n 1)"
}

for number; do
	choose "$number"
	timed "$number kapimon" attach_kapimon
	kapimon_times "$number kapimon"
	if [ "$number" = 16 ]; then
		timed "$number kapimon --fast" attach_kapimon --fast
		kapimon_times "$number kapimon --fast"
		continue
	fi
	timed "$number bpftrace, names" attach_bpftrace
	[ "$number" = 1 ] || {
		timed "$number bpftrace, wildcards" attach_bpftrace_wildcards
		bpftrace_hooks "$number bpftrace, wildcards"
	}
	timed "$number perf record of probes" attach_perf
	timed "$number ftrace function" attach_ftrace
	timed "$number trace-cmd function" attach_trace_cmd
done
