#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside the guest (bench/run.sh starts it): record entries and returns of a few functions of
# the file system, with stacks and three arguments, while the same command lists a part of the
# file system, by Kapimon and by the other tools: the events in each one's file, and its bytes.
# perf and trace-cmd record kprobe events with the same arguments; bpftrace prints them.
set -eu

BENCH=$(dirname "$0")
# shellcheck source=bench/guest.sh
. "$BENCH/guest.sh"

functions="vfs_open vfs_statx vfs_getattr iterate_dir vfs_read lookup_fast"
cd /tmp
command_file load <<-END
	#!/bin/sh
	$(command -v ls) -lR /usr/share/doc/a* /usr/share/doc/b* >/dev/null
END
# the directories are cached for all
./load

# size NAME EVENTS FILE
size()
{
	row "$1" events "$2"
	row "$1" bytes "$(stat -c %s "$3")"
}

status=0
# shellcheck disable=SC2086 # names of functions
kapimon hook -r -o load.kmn $functions -- ./load >out 2>log || status=$?
if [ "$status" = 0 ]; then
	size kapimon "$(kapimon show --json load.kmn | grep -c '^{"kind":"\(entry\|return\)"')" load.kmn
else
	failed kapimon log
fi

for function in $functions; do
	echo "p:sizes/entry_$function $function a=%di b=%si c=%dx"
	echo "r:sizes/return_$function $function ret=\$retval"
done >>$tracefs/kprobe_events

if perf record -q -m 16M -e 'sizes:*' -a -g -o perf.data -- ./load 2>log; then
	size "perf record -g" \
		"$(perf script -i perf.data -F event 2>/dev/null | grep -c sizes: || true)" perf.data
else
	failed "perf record -g" log
fi

if trace-cmd record -q -b 16384 -e sizes -T -o trace.dat ./load >log 2>&1; then
	size "trace-cmd -T" "$(trace-cmd report trace.dat 2>/dev/null |
		grep -c ' \(entry\|return\)_[a-z_]*: ' || true)" trace.dat
else
	failed "trace-cmd -T" log
fi
trace_reset

# fields of a line that begins with a dot, so that they are told from the stack's
program=
for function in $functions; do
	program="$program kprobe:$function {
		printf(\".%s %d $function %lx %lx %lx%s\n\", comm, pid, arg0, arg1, arg2, kstack); }
	kretprobe:$function { printf(\".%s %d $function %lx%s\n\", comm, pid, retval, kstack); }"
done
if bpftrace -o out -e "$program" -c "/bin/sh /tmp/load" >log 2>&1; then
	size "bpftrace, printf with kstack" "$(grep -c '^\.' out)" out
else
	failed "bpftrace, printf with kstack" out log
fi
