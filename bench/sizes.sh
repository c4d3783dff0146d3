#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside the guest (bench/run.sh starts it): record entries and returns of a few functions of
# the file system, with stacks and three arguments, while the same command lists a part of the
# file system, by Kapimon, by perf and by trace-cmd, and print a row of a table for each:
#
#	RELEASE TOOL EVENTS BYTES
#
# perf and trace-cmd record kprobe events with the same arguments. "#" begins a remark.
set -eu

functions="vfs_open vfs_statx vfs_getattr iterate_dir vfs_read lookup_fast"
trace=/sys/kernel/tracing
cd /tmp

load()
{
	ls -lR /usr/share/doc/a* /usr/share/doc/b* >/dev/null
}

row()
{
	echo "$(uname -r) $1 $2 $(stat -c %s "$3")"
}

cat >load.sh <<-END
	$(command -v ls) -lR /usr/share/doc/a* /usr/share/doc/b* >/dev/null
END
# the directories are cached for all three
load

status=0
# shellcheck disable=SC2086 # names of functions
kapimon hook -r -o load.kmn $functions -- sh load.sh >out 2>err || status=$?
[ $status = 0 ] || echo "# kapimon: $(tail -n 1 err)"
row kapimon "$(kapimon show --json load.kmn | grep -c '^{"kind":"\(entry\|return\)"')" load.kmn

for function in $functions; do
	echo "p:sizes/entry_$function $function a=%di b=%si c=%dx"
	echo "r:sizes/return_$function $function ret=\$retval"
done >>$trace/kprobe_events

perf record -q -m 16M -e 'sizes:*' -a -g -o perf.data -- sh load.sh 2>perf.err || cat perf.err >&2
events=$(perf script -i perf.data -F event 2>/dev/null | grep -c sizes: || true)
row perf "$events" perf.data

trace-cmd record -q -b 16384 -e sizes -T -o trace.dat sh load.sh >/dev/null 2>&1
row trace-cmd "$(trace-cmd report trace.dat 2>/dev/null | grep -c ' \(entry\|return\)_[a-z_]*: ' || true)" trace.dat
grep -i 'lost\|overrun: *[1-9]' perf.err | sed 's/^/# /' || true
