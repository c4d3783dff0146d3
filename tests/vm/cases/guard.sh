# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A monitor that is killed leaves nothing in the kernel: no event, no program, no setting.
# limit: 400

events=/sys/kernel/tracing/kprobe_events
expedited=/sys/kernel/rcu_expedited

programs()
{
	# shellcheck disable=SC2010 # file names of the kernel's
	ls /proc/[0-9]*/fd -l 2>/dev/null | grep -c 'anon_inode:bpf-prog' || true
}

has_events()
{
	grep -q kapimon "$events"
}

has_no_events()
{
	! has_events
}

no_guard()
{
	! grep -qx kapimon-guard /proc/[0-9]*/comm 2>/dev/null
}

before=$(cat $expedited)
sample_load kmn_init
sample_unload kmn_init
export KAPIMON_MODULE_PATH="$SAMPLES"

# While it records: one event with many probes, and one for a module that is not there.
kapimon hook -r 'vfs_f*' vfs_read vfs_write vfs_open vfs_statx --on-load kmn_init --fast >out 2>err &
monitor=$!
recording()
{
	has_events && grep -q vfs_ out
}
expect_status "it records" 0 wait_for 100 recording
expect_eq "there is one guard" "$(grep -lx kapimon-guard /proc/[0-9]*/comm | wc -l)" 1
guard=$(grep -lx kapimon-guard /proc/[0-9]*/comm | cut -d/ -f3)
kill -INT "$guard"
kill -TERM "$guard"
kill -HUP "$guard"
expect_status "the guard ignores signals meant for the monitor" 0 test -d "/proc/$guard"
kill -9 $monitor
wait $monitor || true
expect_status "killed while recording, its events go" 0 wait_for 60 has_no_events
expect_status "and the guard with them" 0 wait_for 10 no_guard
expect_eq "grace periods are as before" "$(cat $expedited)" "$before"
expect_eq "no program is left" "$(programs)" 0

# While it puts its probes in, when grace periods are expedited.
kapimon hook -r 'vfs_*' --on-load kmn_init >out 2>err &
monitor=$!
expect_status "it begins" 0 wait_for 60 has_events
note "rcu_expedited at that moment: $(cat $expedited)"
kill -9 $monitor
wait $monitor || true
expect_status "killed while attaching, its events go" 0 wait_for 60 has_no_events
expect_status "and the guard" 0 wait_for 10 no_guard
expect_eq "grace periods are as before that, too" "$(cat $expedited)" "$before"

# What a monitor left that was killed together with its guard goes when the next one comes.
sleep 1000 &
gone=$!
kill -9 $gone
wait $gone || true
echo "p:kapimon_$gone/stale vfs_open" >>$events
echo "p:kapimon_$$/alive vfs_read" >>$events
expect_status "the next run" 0 \
	kapimon hook --fast vfs_read vfs_open --on-load kmn_init -- cat /proc/meminfo
expect_no_match "removed what a dead one had left" $events "kapimon_$gone/"
expect_match "but not what belongs to a living one" $events "kapimon_$$/alive"
echo "-:kapimon_$$/alive" >>$events
