#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside a guest of two processors (bench/run.sh starts it): a function is called from tasks,
# softirqs and hardirqs at once, and each tool's count of its calls is held against the calls that
# really were made. "admitted" is what the tool itself says it lost or missed.
set -eu

BENCH=$(dirname "$0")
# shellcheck source=bench/guest.sh
. "$BENCH/guest.sh"
# shellcheck source=bench/peers.sh
. "$BENCH/peers.sh"

function=kmn_nested_target
peers_watch $function "args->from, args->nth, 0, 0, 0, 0"
cd /tmp
command_file load <<'END'
#!/bin/sh
echo 1 >/sys/kernel/debug/kmn_nested/run
END

# lost REGEX FILE...: the sum of the numbers behind the words that the expression describes
lost()
{
	lost_regex=$1
	shift
	cat "$@" 2>/dev/null | grep -Eio "$lost_regex" | grep -o '[0-9][0-9]*' |
		awk '{ sum += $1 } END { print sum + 0 }'
}

# What each tool reported of the function's entries, and what it admits to have lost.
reported_kapimon()
{
	reported=$(kapimon show --json out | grep -c '^{"kind":"entry"' || true)
	admitted=$(kapimon show --json out | tail -n 1 | grep -o '"total":{[^}]*}' |
		grep -Eo '"(lost|missed)":[0-9]*' | grep -o '[0-9]*$' |
		awk '{ sum += $1 } END { print sum + 0 }')
}

reported_bpftrace()
{
	reported=$(grep -c ' [0-9a-f]* [0-9a-f]* [0-9a-f]* [0-9a-f]* ' out || true)
	admitted=$(lost 'lost [0-9]+ events' out log)
}

reported_perf()
{
	reported=$(perf script -i out -F event 2>/dev/null | grep -c bench:entry || true)
	admitted=$(perf report -i out --stats 2>/dev/null | lost 'LOST_SAMPLES events: *[0-9]+' -)
}

reported_kprobe()
{
	reported=$(grep -c ' entry: ' out || true)
	admitted=$(($(awk '{ sum += $3 } END { print sum + 0 }' $tracefs/kprobe_profile) +
		$(lost '(overrun|dropped events): [0-9]+' $tracefs/per_cpu/cpu*/stats)))
}

reported_ftrace()
{
	reported=$(grep -c ": $function <-" out || true)
	admitted=$(lost '(overrun|dropped events): [0-9]+' $tracefs/per_cpu/cpu*/stats)
}

reported_trace()
{
	reported=$(trace-cmd report out 2>/dev/null |
		grep -Ec "(function: +$function| entry: )" || true)
	admitted=$(trace-cmd report --stat out 2>/dev/null | lost '(overrun|lost events): *[0-9]+' -)
}

# load_watched NAME WATCH ARGUMENT...
load_watched()
{
	load_name=$1
	load_watch=$2
	shift 2
	rm -rf out log
	insmod "$SAMPLES/kmn_nested.ko" duration_ms=1500
	# ftrace keeps the newest: all have to fit
	echo 32768 >$tracefs/buffer_size_kb
	if ! "$load_watch" /tmp/load out "$@" 2>>log; then
		failed "$load_name" out log
	else
		load_kind=${load_name%% *}
		reported_"${load_kind%%-*}"
		row "$load_name" called "$(sed -n "s/^$function //p" /sys/kernel/debug/kmn_nested/counts)"
		row "$load_name" reported "$reported"
		row "$load_name" admitted "$admitted"
	fi
	trace_reset
	echo 1408 >$tracefs/buffer_size_kb
	rmmod kmn_nested
}

KAPIMON_COPIES=1
export KAPIMON_COPIES
load_watched "kapimon fentry, 1 copy" watch_kapimon --no-stack
unset KAPIMON_COPIES
load_watched "kapimon fentry" watch_kapimon --no-stack
load_watched "kapimon fentry, stack" watch_kapimon
load_watched "kapimon fentry and fexit" watch_kapimon --no-stack --return
load_watched "kapimon --fast" watch_kapimon --fast --no-stack
load_watched "kapimon --fast, stack" watch_kapimon --fast
each_peer load_watched
