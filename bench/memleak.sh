#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside the guest (bench/leaks.sh starts it): has kapimon mem, bcc's memleak and perf kmem each
# watch a run of kmn_leaky, and prints for each what it says is outstanding beside what the module
# knows is:
#
#	RELEASE;TOOL;ALLOCATIONS;LEAKED;PLACES;REPORTED;RIGHT;AGAIN;FALSE;MISSED;SECONDS
#
# Only what has a function of kmn_leaky in its stack is looked at, so what the kernel does meanwhile
# is not held against a tool. RIGHT are blocks reported in a place up to the number that it leaked,
# AGAIN what is reported there beyond that (the pages of a block as well as the block), FALSE what is
# reported in functions that leak nothing, MISSED the leaked blocks that are not reported. "#" begins a
# remark.
#
#	bench/memleak.sh SAMPLES HEADERS BLOCKS
set -eu

samples=$1
# the kernel's headers in one tree, for bcc
BCC_KERNEL_SOURCE=$2
export BCC_KERNEL_SOURCE
blocks=$3
folder=/sys/kernel/debug/kmn_leaky
cd /tmp

remark()
{
	sed 's/^/# /'
}

# judge TOOL SECONDS <"FUNCTION BLOCKS" lines, for each function of kmn_leaky that holds any
judge()
{
	awk -v release="$(uname -r)" -v tool="$1" -v seconds="$2" '
		FNR == NR {
			if ($1 == "allocations")
				allocations = $2
			if ($1 == "place" && $5 > 0) {
				truth[$2] = $5
				leaked += $5
				places++
			}
			next
		}
		{ reported[$1] += $2; all += $2 }
		END {
			for (place in truth) {
				more = reported[place] + 0 - truth[place]
				right += more < 0 ? reported[place] + 0 : truth[place]
				again += more > 0 ? more : 0
				if (more < 0)
					missed = missed sprintf(" %s %d of %d,", \
						substr(place, 16), -more, truth[place])
			}
			for (name in reported)
				if (!(name in truth)) {
					wrong += reported[name]
					where = where sprintf(" %s %d,", name, reported[name])
				}
			if (missed && all)
				printf "# %s misses:%s\n", tool, substr(missed, 1, length(missed) - 1)
			if (where)
				printf "# %s is wrong in:%s\n", tool, substr(where, 1, length(where) - 1)
			printf "%s;%s;%d;%d;%d;%d;%d;%d;%d;%d;%.1f\n", release, tool, allocations,
				leaked, places, all, right, again, wrong, leaked - right, seconds
		}' $folder/counts -
}

# run: kmn_leaky at work; $seconds is what it took, without its wait for deferred frees
run()
{
	echo "$blocks" >$folder/run
	seconds=$(awk '$1 == "work_ns" { print $2 / 1e9 }' $folder/counts)
}

# memleak_last: the functions of its last list; of each stack the place in it, else the innermost
# function of the module
memleak_last()
{
	awk '
		function stack_end() {
			if (name)
				held[name] += count
			name = ""
		}
		/outstanding allocations:/ { stack_end(); split("", held); next }
		/ bytes in .* allocations from stack/ { stack_end(); count = $4; next }
		/\[kmn_leaky\]/ {
			sub(/\+0x.*/, "", $2)
			if (!name || $2 ~ /^kmn_leaky_leak_/)
				name = $2
		}
		END { stack_end(); for (name in held) print name, held[name] }
	' "$1"
}

# Blocks whose stack found no room or met another one of the same hash: the list leaves them out.
memleak_stackless()
{
	memleak_map=$(bpftool map list | sed -n 's/^\([0-9]*\): .* name allocs .*/\1/p')
	bpftool map dump id "$memleak_map" | awk '
		/"stack_id":/ { all++; lost += $2 < 0 }
		END { printf "%d of %d blocks it knows of have no stack and are not listed\n", lost, all }'
}

lists()
{
	grep -c 'outstanding allocations:' "$1" || true
}

# memleak TOOL OPTIONS...: lists what is older than half a second every ten seconds
memleak()
{
	memleak_tool=$1
	shift
	insmod "$samples/kmn_leaky.ko"
	memleak-bpfcc "$@" -T 100000 10 >list 2>complaint &
	memleak_pid=$!
	# it compiles first, and under emulation that takes its time
	memleak_tries=300
	while [ "$(lists list)" = 0 ]; do
		memleak_tries=$((memleak_tries - 1))
		if [ $memleak_tries = 0 ] || ! kill -0 $memleak_pid 2>/dev/null; then
			echo "# $memleak_tool doesn't work here:"
			grep -v '^$' complaint | tail -n 12 | remark
			kill $memleak_pid 2>/dev/null || true
			wait $memleak_pid 2>/dev/null || true
			rmmod kmn_leaky
			return
		fi
		sleep 1
	done
	run
	# a list that was begun when all was over
	memleak_had=$(lists list)
	while [ "$(lists list)" -lt $((memleak_had + 2)) ] && kill -0 $memleak_pid 2>/dev/null; do
		sleep 1
	done
	sleep 5
	grep -c 'warning:' complaint | sed "s/.*/# $memleak_tool: & warnings of its compiler/"
	memleak_stackless | sed "s/^/# $memleak_tool: /"
	memleak_last list | judge "$memleak_tool" "$seconds"
	kill $memleak_pid
	wait $memleak_pid 2>/dev/null || true
	rmmod kmn_leaky
}

# perf_kmem: what it says of blocks that are outstanding
perf_kmem()
{
	insmod "$samples/kmn_leaky.ko"
	perf kmem --slab --page record -m 64M -o perf.data -- \
		sh -c "echo $blocks >$folder/run" >record.log 2>&1
	seconds=$(awk '$1 == "work_ns" { print $2 / 1e9 }' $folder/counts)
	grep -i 'lost\|captured' record.log | sed 's/^/# perf kmem: record: /' || true
	# of slabs it has sums only, what is outstanding it says of pages
	if perf kmem -i perf.data --page --live --caller stat >live 2>complaint; then
		head -n 20 live | sed 's/^/# perf kmem: /'
	else
		grep -v '^$' complaint | tail -n 1 | sed 's/^/# perf kmem: stat --page --live: /'
	fi
	perf kmem -i perf.data --slab --caller stat 2>/dev/null | grep ' kmn_leaky_leak_' |
		sed 's/^ */# perf kmem: stat --slab: /' | head -n 1
	judge "perf kmem" "$seconds" </dev/null
	rm -f perf.data
	rmmod kmn_leaky
}

# kapimon_mem: blocks by the function that asked for them
kapimon_mem()
{
	insmod "$samples/kmn_leaky.ko"
	kapimon mem -m kmn_leaky --by site -n 0 --stacks 0 -- \
		sh -c "echo $blocks >$folder/run" >report 2>verdict || true
	seconds=$(awk '$1 == "work_ns" { print $2 / 1e9 }' $folder/counts)
	tail -n 1 verdict | sed 's/^/# kapimon mem: /'
	awk '$NF == "[kmn_leaky]" {
		gsub(",", "", $1)
		sub(/[+].*/, "", $(NF - 1))
		print $(NF - 1), $1
	}' report | judge "kapimon mem" "$seconds"
	rmmod kmn_leaky
}

insmod "$samples/kmn_leaky.ko"
run
rmmod kmn_leaky
echo "# without a tool the run takes $seconds s"
kapimon_mem
memleak memleak
memleak "memleak --percpu" --percpu
perf_kmem
