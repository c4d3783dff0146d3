# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# limit: 200
# What is known to hang a kernel is refused by name, and the hottest functions of all, hooked with
# stacks and under load, leave the machine alive.

complaints()
{
	dmesg | grep -E 'BUG:|WARNING: CPU|Oops|detected stall|soft lockup|hung task' || true
}
complaints >complaints-before

for name in __rcu_read_lock migrate_disable preempt_count_add __bpf_prog_enter_recur \
	unwind_next_frame get_perf_callchain exc_int3 bpf_get_smp_processor_id; do
	grep -q " [tT] $name\$" /proc/kallsyms || continue
	expect_status "$name is refused" 2 timeout 30 kapimon hook -t 1s "$name"
	expect_match "$name: the reason is told" err "^kapimon hook: $name can't be hooked: "
done

(while :; do cat /proc/self/maps /proc/self/mounts >/dev/null; done) &
load=$!
status=0
kapimon hook -t 3s -o storm.kmn schedule _raw_spin_unlock_irqrestore _raw_spin_lock_irqsave kfree \
	'vfs_*' >out 2>err || status=$?
kill $load
wait $load || true
cat err
case $status in
0 | 3) ok "the hottest functions can be hooked together" ;;
*) not_ok "the hottest functions can be hooked together" ;;
esac
expect_match "there is a verdict" err '^(COMPLETE|INCOMPLETE: .*)$'
expect_eq "nothing stays hooked" "$(cat /sys/kernel/debug/kprobes/list)" ""
expect_eq "the kernel has not complained" "$(complaints)" "$(cat complaints-before)"
