/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which context we run in, who else is at work in it, and the ascending copies.
 *
 * The kernel skips a BPF program that is already running on the processor, so that a call made by
 * an interrupt inside our own program would vanish. Therefore several copies of a program sit on
 * one function and run one after another in the order of their index. The first that is not skipped
 * takes the call; the later ones recognise it by the address of their context, which the copies of
 * one call share, and by a lower copy having seen it.
 */
#ifndef KMN_LINUX_CONTEXT_H
#define KMN_LINUX_CONTEXT_H

#include "maps.h"

/*
 * The preemption count: a per-CPU variable of its own until 6.1 and again since 6.15, a member of
 * pcpu_hot in between (64701838bf05, "x86/percpu: Move preempt_count next to current_task").
 */
struct pcpu_hot___count {
	int preempt_count;
} __attribute__((preserve_access_index));

extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot___count pcpu_hot __ksym __weak;

/*
 * A breakpoint's handler counts as an NMI (0d00449c7a28, "x86: Replace ist_enter() with
 * nmi_enter()"), so what it interrupted is a level below. Where the kernel has made a jump of the
 * breakpoint it doesn't: the byte that was hit tells.
 */
static __always_inline __u32 breakpoint_count(struct pt_regs *regs)
{
	__u8 opcode = 0;

	if (bpf_probe_read_kernel(&opcode, 1, (void *)(regs->ip - 1)) || opcode != 0xcc)
		return 0;
	return 0x110000; /* NMI_OFFSET + HARDIRQ_OFFSET */
}

/* regs: of a kprobe that may be a breakpoint, or NULL. */
static __always_inline __u32 context_level(struct pt_regs *regs)
{
	__u32 count = 0;

	if (&__preempt_count)
		count = *(int *)bpf_this_cpu_ptr(&__preempt_count);
	else if (&pcpu_hot)
		count = ((struct pcpu_hot___count *)bpf_this_cpu_ptr(&pcpu_hot))->preempt_count;
	if (regs && count & 0xf00000)
		count -= breakpoint_count(regs);
	/* include/linux/preempt.h: NMI_MASK, HARDIRQ_MASK, SOFTIRQ_OFFSET (serving, not disabled)
	 */
	if (count & 0xf00000)
		return KMN_NMI;
	if (count & 0x0f0000)
		return KMN_HARDIRQ;
	return count & 0x100 ? KMN_SOFTIRQ : KMN_TASK;
}

/* PREEMPT_RT counts softirqs in the task: they run in threads, as preemptible as any other. */
struct task_struct___rt {
	int softirq_disable_cnt;
} __attribute__((preserve_access_index));

/* What a record calls the context; what state belongs to is decided by context_level(). */
static __always_inline __u32 context_name(__u32 level)
{
	struct task_struct___rt *task;

	if (level != KMN_TASK ||
	    !bpf_core_field_exists(struct task_struct___rt, softirq_disable_cnt))
		return level;
	task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, softirq_disable_cnt) & 0x100 ? KMN_SOFTIRQ : KMN_TASK;
}

/*
 * State belongs to a processor and level: nothing else can run there before we return. Where tasks
 * are preempted anywhere, task-level state belongs to the task instead, and tid is its number; else
 * tid is 0. Idle tasks all have the number 0, but they never leave their processor.
 */
static __always_inline struct occupancy *occupancy_get(__u32 cpu, __u32 level, __u64 tid)
{
	__u64 index;

	if (tid && level == KMN_TASK) {
		index = tid;
		BOUND(index, OCCUPANCY_TASKS - 1);
		return &task_occupancies[index];
	}
	index = cpu * KMN_LEVELS + level;
	BOUND(index, KMN_MAX_CPUS * KMN_LEVELS - 1);
	return &occupancies[index];
}

enum turn {
	TURN_TAKE,  /* this copy takes the call and is now busy */
	TURN_LATER, /* a lower copy has seen it */
	TURN_SELF,  /* a call made by our own work */
};

/*
 * A copy passes when it sees the call that a lower copy saw last. Reading the context's address
 * back from memory makes it a number: the verifier allows no arithmetic on it.
 */
static __always_inline bool copy_is_first(volatile __u64 *token, volatile __u64 *last_hook,
					  volatile __u64 *seen, void *ctx, __u32 hook, __u32 copy)
{
	__u64 old_token = *token, old_hook = *last_hook, old_seen = *seen;
	__u64 now;

	*token = (__u64)ctx;
	now = *token;
	*last_hook = hook;
	if (old_token == now && old_hook == hook && old_seen && !(old_seen >> copy)) {
		*seen = old_seen | 1u << copy;
		return false;
	}
	*seen = 1u << copy;
	return true;
}

static __always_inline enum turn occupancy_enter(struct occupancy *state, void *ctx, __u32 hook,
						 __u32 copy, __u64 tid)
{
	/* Two tasks may share a slot: only our own task's work makes this call one of ours. */
	if (state->busy == tid + 1) {
		if (copy_is_first(&state->self_token, &state->self_hook, &state->self_seen, ctx,
				  hook, copy))
			return TURN_SELF;
		return TURN_LATER;
	}
	if (!copy_is_first(&state->token, &state->hook, &state->seen, ctx, hook, copy))
		return TURN_LATER;
	state->busy = tid + 1;
	return TURN_TAKE;
}

static __always_inline void occupancy_leave(struct occupancy *state)
{
	state->busy = 0;
}

/*
 * Scratch memory: each level has one of its own per processor. In a preemptible kernel tasks, which
 * softirqs may be as well, are interrupted by others: then six are there to be claimed.
 */
static __always_inline struct scratch *scratch_get(__u32 cpu, __u32 level, __u32 *number)
{
	__u32 base = cpu * 8, index;
	struct scratch *scratch;

	if (level > KMN_SOFTIRQ || !fully_preemptible) {
		*number = base + level;
		return bpf_map_lookup_elem(&scratches, number);
	}
	for (int i = 0; i < 6; i++) {
		index = base + (i < 2 ? i : 2 + i);
		scratch = bpf_map_lookup_elem(&scratches, &index);
		if (scratch && !__sync_val_compare_and_swap(&scratch->busy, 0, 1)) {
			*number = index;
			return scratch;
		}
	}
	return 0;
}

static __always_inline void scratch_put(struct scratch *scratch)
{
	if (fully_preemptible)
		scratch->busy = 0;
}

#endif
