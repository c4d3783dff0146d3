#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside a guest whose clock counts instructions (bench/run.sh starts it): what watching adds to
# a pair of kmalloc() and kfree(), by Kapimon and by the other tools. $HEADERS: the kernel's, which
# memleak needs.
set -eu

BENCH=$(dirname "$0")
# shellcheck source=bench/guest.sh
. "$BENCH/guest.sh"
# shellcheck source=bench/cost.sh
. "$BENCH/cost.sh"

# One tree of the two that Debian's headers come in, for BCC.
headers_join()
{
	release=$(uname -r)
	for folder in include arch/x86/include; do
		mkdir -p headers/$folder
		for tree in "${release%-amd64}-common" "$release"; do
			ln -sf "$HEADERS/usr/src/linux-headers-$tree/$folder"/* headers/$folder
		done
	done
	export BCC_KERNEL_SOURCE=/tmp/headers
}

watch_memleak()
{
	PYTHONUNBUFFERED=1 memleak-bpfcc 1000 >log 2>&1 &
	memleak=$!
	until grep -q 'Attaching to kernel' log; do
		kill -0 $memleak 2>/dev/null || return 1
		sleep 1
	done
	# it says so before it attaches
	until bpftool prog show 2>/dev/null | grep -q kfree; do
		kill -0 $memleak 2>/dev/null || return 1
		sleep 1
	done
	sleep 5
	memleak_status=0
	"$1" || memleak_status=$?
	# an interrupt is ignored by what a script runs in the background
	kill -TERM $memleak
	wait $memleak || true
	return $memleak_status
}

watch_perf_kmem()
{
	perf kmem record -q -m 16M -o "$2" -- "$1" >log 2>&1
}

watch_perf_stack()
{
	perf record -q -m 16M -a -g -e kmem:kmalloc -e kmem:kfree -o "$2" -- "$1" >log 2>&1
}

watch_trace_cmd_stack()
{
	trace-cmd record -q -b 16384 -e kmem:kmalloc -e kmem:kfree -T -o "$2" "$1" >log 2>&1
}

# watch_bpftrace COMMAND OUT WHAT: what is kept of each allocation
watch_bpftrace()
{
	bpftrace -o "$2" -e "tracepoint:kmem:kmalloc { @blocks[args->ptr] = $3; }
		tracepoint:kmem:kfree { delete(@blocks[args->ptr]); }" -c "/bin/sh $1" >log 2>&1
}

cost_begin pairs=1
cost "kapimon mem, no stack" watch_kapimon_mem --no-stack
cost "kapimon mem" watch_kapimon_mem
cost "kapimon mem --log" watch_kapimon_mem --log
cost "bpftrace, a map of blocks" watch_bpftrace args-\>bytes_alloc
cost "bpftrace, a map of blocks with kstack" watch_bpftrace kstack
cost "perf kmem record" watch_perf_kmem
cost "perf record -g of kmem events" watch_perf_stack
cost "trace-cmd of kmem events, -T" watch_trace_cmd_stack
headers_join
cost "memleak-bpfcc" watch_memleak
