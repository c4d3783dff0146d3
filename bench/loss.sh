#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside a guest of two processors (bench/run.sh starts it): a function is called from tasks,
# softirqs and hardirqs at once, by eight tasks on each processor, which preempt each other where the
# kernel lets them, and each tool's count of its calls is held against the calls that really were made.
# "admitted" is what the tool itself says it lost or missed.
#
#	bench/loss.sh calls | peers			Kapimon, the other tools
#	bench/loss.sh memory | memory-peers		the same of allocations and frees
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

# calls_of FILTER: how many calls of the capture it keeps. 3: the capture itself is incomplete.
calls_of()
{
	kapimon show --count --filter "$1" out || [ $? = 3 ]
}

# What each tool reported of the function's entries, and what it admits to have lost.
reported_kapimon()
{
	reported=$(calls_of 'kind == entry')
	returned=$(kapimon show --json --filter 'kind == return' out | grep -c '^{"kind":"return"' || true)
	kapimon_admitted
}

# By the ledger, which is the last line: a filter that keeps nothing keeps the rest short.
kapimon_admitted()
{
	admitted=$(kapimon show --json --filter 'kind == module-load and kind == entry' out |
		tail -n 1 | grep -o '"total":{[^}]*}' | grep -Eo '"(lost|missed)":[0-9]*' |
		grep -o '[0-9]*$' | awk '{ sum += $1 } END { print sum + 0 }')
}

# memory_of NAME: a number of the sample's cache in the report
memory_of()
{
	sed -n "s/.*\"tag\":\"kmn_nested\".*\"$1\":\([0-9]*\).*/\1/p" report
}

reported_mem()
{
	kapimon mem --json out >report 2>>log || [ $? = 3 ]
	reported=$(memory_of allocs)
	returned=$(memory_of frees)
	kapimon_admitted
}

# Of what is recorded of each call: of a free the cache's name, as of an allocation.
reported_log()
{
	reported=$(calls_of 'api == kmem_cache_alloc and tag == kmn_nested')
	returned=$(calls_of 'api == kmem_cache_free and tag == kmn_nested')
	kapimon_admitted
}

reported_bpftrace()
{
	reported=$(grep -Ec '^[^ ].* [0-9]+( [0-9a-f]+){6}$' out || true)
	returned=$(grep -Ec '^[0-9a-f]+ [0-9]+$' out || true)
	admitted=$(lost 'lost [0-9]+ events' out log)
}

# It counts in the kernel.
reported_bpftrace_memory()
{
	reported=$(sed -n 's/^@allocated: //p' out)
	returned=$(sed -n 's/^@freed: //p' out)
	admitted=$(lost 'lost [0-9]+ events' out log)
}

reported_perf_memory()
{
	reported=$(perf script -i out -F event 2>/dev/null | grep -c kmem_cache_alloc || true)
	admitted=$(perf report -i out --stats 2>/dev/null | lost 'LOST_SAMPLES events: *[0-9]+' -)
}

reported_trace_memory()
{
	reported=$(trace-cmd report out 2>/dev/null | grep -c ' kmem_cache_alloc: ' || true)
	admitted=$(trace-cmd report --stat out 2>/dev/null | lost '(overrun|lost events): *[0-9]+' -)
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

# load_watched NAME WATCH ARGUMENT...: $reports is the function that fills in $reported, $admitted and
# perhaps $returned, by the first word of the name if it is empty; $made the line of the sample's counts
# that says how many there really were.
load_watched()
{
	load_name=$1
	load_watch=$2
	shift 2
	rm -rf out log report
	insmod "$SAMPLES/kmn_nested.ko" duration_ms="$milliseconds" tasks=8 allocate=$allocate
	# ftrace keeps the newest: all have to fit
	echo 32768 >$tracefs/buffer_size_kb
	if ! "$load_watch" /tmp/load out "$@" 2>>log; then
		failed "$load_name" out log
	else
		load_kind=${load_name%% *}
		load_called=$(sed -n "s/^$made //p" /sys/kernel/debug/kmn_nested/counts)
		returned=0
		"reported_${reports:-${load_kind%%-*}}"
		row "$load_name" called "$load_called"
		row "$load_name" reported "$reported"
		if [ "$returned" -gt 0 ]; then
			row "$load_name" returned "$returned"
		fi
		row "$load_name" admitted "$admitted"
	fi
	trace_reset
	echo 1408 >$tracefs/buffer_size_kb
	rmmod kmn_nested
}

# The objects are told by their size, which nothing else asks for, or by the cache's name.
watch_bpftrace_memory()
{
	watch_bpftrace "$1" "$2" 'tracepoint:kmem:kmem_cache_alloc /args->bytes_req == 1234/ {
		@allocated = count(); }
		tracepoint:kmem:kmem_cache_free /str(args->name) == "kmn_nested"/ {
		@freed = count(); }'
}

watch_perf_memory()
{
	perf record -q -m 16M -a -e kmem:kmem_cache_alloc --filter 'bytes_req==1234' -o "$2" \
		-- "$1" >log 2>&1
}

watch_trace_memory()
{
	trace-cmd record -q -b 16384 -e kmem:kmem_cache_alloc -f 'bytes_req==1234' -o "$2" \
		"$1" >log 2>&1
}

# Milliseconds: in the long run about a million calls come together.
long=40000
short=1500
made=$function
reports=
allocate=0
case $1 in
calls)
	milliseconds=$short
	export KAPIMON_COPIES=1
	load_watched "kapimon fentry, 1 copy" watch_kapimon --no-stack
	unset KAPIMON_COPIES
	load_watched "kapimon --fast" watch_kapimon --fast --no-stack
	load_watched "kapimon --fast, stack" watch_kapimon --fast
	milliseconds=$long
	load_watched "kapimon fentry" watch_kapimon --no-stack --buffer 64M
	load_watched "kapimon fentry, stack" watch_kapimon --buffer 64M
	load_watched "kapimon fentry and fexit" watch_kapimon --no-stack --return --buffer 128M
	;;
memory)
	made=allocated
	allocate=1
	reports=mem
	milliseconds=$long
	load_watched "kapimon mem, no stack" watch_kapimon_mem --no-stack
	load_watched "kapimon mem" watch_kapimon_mem
	reports=log
	milliseconds=$short
	load_watched "kapimon mem --log" watch_kapimon_mem --log --no-stack --buffer 128M
	;;
peers)
	milliseconds=$short
	each_peer load_watched
	;;
memory-peers)
	made=allocated
	allocate=1
	milliseconds=$short
	reports=bpftrace_memory
	load_watched "bpftrace, kmem_cache tracepoints" watch_bpftrace_memory
	reports=perf_memory
	load_watched "perf record of kmem_cache_alloc" watch_perf_memory
	reports=trace_memory
	load_watched "trace-cmd of kmem_cache_alloc" watch_trace_memory
	;;
esac
