# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# kmn_nested calls from all three contexts at once and gives the machine back when it is done.
# limit: 180

sample_load kmn_nested duration_ms=3000
start=$(date +%s)
sample_run kmn_nested 1
expect_ge "a run ends soon after its time" 60 $(($(date +%s) - start))
cat /sys/kernel/debug/kmn_nested/counts
task=$(sample_count kmn_nested task)
softirq=$(sample_count kmn_nested softirq)
hardirq=$(sample_count kmn_nested hardirq)
expect_ge "tasks called" "$task" 1000
expect_ge "softirqs called" "$softirq" 500
expect_ge "hardirqs called" "$hardirq" 1000
expect_eq "the sum is right" "$(sample_count kmn_nested kmn_nested_target)" \
	$((task + softirq + hardirq))
sample_unload kmn_nested

sample_load kmn_nested duration_ms=1000 tasks=8 allocate=1
sample_run kmn_nested 1
expect_ge "more tasks call" "$(sample_count kmn_nested task)" 1000
expect_ge "each call from a task allocates" "$(sample_count kmn_nested allocated)" \
	"$(sample_count kmn_nested task)"
sample_unload kmn_nested

sample_load kmn_nested duration_ms=60000 task_calls=5000
sample_run kmn_nested 1
expect_eq "a run by count makes as many calls on each processor" "$(sample_count kmn_nested task)" \
	$((5000 * $(grep -c ^processor /proc/cpuinfo)))
sample_unload kmn_nested
