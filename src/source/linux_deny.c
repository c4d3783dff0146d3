/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_deny.h"

#include <fnmatch.h>
#include <stddef.h>

static const struct {
	const char *glob;
	const char *reason;
} denied[] = {
	{"__rcu_read_lock*", "every BPF program runs inside it"},
	{"__rcu_read_unlock*", "every BPF program runs inside it"},
	{"rcu_read_lock*", "every BPF program runs inside it"},
	{"rcu_read_unlock*", "every BPF program runs inside it"},
	{"rcu_note_context_switch", "it runs where the unwinder can't"},
	{"migrate_disable", "every BPF program runs between it and migrate_enable"},
	{"migrate_enable", "every BPF program runs between it and migrate_disable"},
	{"preempt_count_*", "every BPF program runs between its calls"},
	{"__bpf_prog_enter*", "it starts every BPF program"},
	{"__bpf_prog_exit*", "it ends every BPF program"},
	{"__bpf_tramp_*", "it is part of every BPF trampoline"},
	{"bpf_get_smp_processor_id", "our programs call it first of all"},
	{"bpf_get_current_pid_tgid", "our programs call it first of all"},
	{"bpf_get_attach_cookie*", "our programs call it first of all"},
	{"bpf_this_cpu_ptr", "our programs call it first of all"},
	{"percpu_array_map_lookup_elem", "our programs call it first of all"},
	{"array_map_lookup_elem", "our programs call it first of all"},
	{"trace_call_bpf", "it starts every BPF program of a kprobe"},
	{"get_perf_callchain", "our programs take their stacks with it"},
	{"get_callchain_*", "our programs take their stacks with it"},
	{"put_callchain_*", "our programs take their stacks with it"},
	{"perf_callchain_*", "our programs take their stacks with it"},
	{"unwind_*", "our programs take their stacks with it"},
	{"__unwind_start", "our programs take their stacks with it"},
	{"*kprobe_ftrace_handler", "it is part of every kprobe"},
	{"kprobe_dispatcher", "it is part of every kprobe"},
	{"kretprobe_dispatcher", "it is part of every kprobe"},
	{"kprobe_int3_handler", "it is part of every kprobe"},
	{"rethook_*", "it is part of every hooked return"},
	{"arch_rethook_*", "it is part of every hooked return"},
	{"fprobe_*", "it is part of kprobe.multi"},
	{"kprobe_multi_link_*", "it is part of kprobe.multi"},
	{"ftrace_*", "it is part of the kernel's own patching"},
	{"do_int3*", "it runs on every breakpoint"},
	{"exc_int3", "it runs on every breakpoint"},
	{"text_poke*", "it patches the kernel's code"},
	{"smp_text_poke*", "it patches the kernel's code"},
};

const char *deny_reason(const char *name)
{
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		if (!fnmatch(denied[i].glob, name, 0))
			return denied[i].reason;
	}
	return NULL;
}
