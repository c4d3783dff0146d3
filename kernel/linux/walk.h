/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stack walker: does what the kernel's unwinder does (unwind_next_frame() in
 * arch/x86/kernel/unwind_orc.c) for a tenth of the price, by rules looked up before (rules.h) and
 * call paths seen before (memo.h). What it does not know how to do it leaves to the kernel's. It is
 * checked against that: each stack before it is given a name, and one in CHECK_EVERY always; at the
 * first difference it is switched off.
 */
#ifndef KMN_LINUX_WALK_H
#define KMN_LINUX_WALK_H

#include "memo.h"
#include "rules.h"
#include "stack.h"

#define CHECK_EVERY 1024

/* In struct pt_regs. */
#define REGS_BP (4 * 8)
#define REGS_IP (16 * 8)

enum walked {
	WALK_NAMED, /* scratch->stack is the stack's */
	WALK_CHECK, /* the same, once the kernel's unwinder has said so: stack_complete() */
	WALK_NONE,  /* left to the kernel's */
};

/*
 * Find the return address and rbp. The frame of a trampoline (arch_prepare_bpf_trampoline()) has,
 * above the arguments and with return programs the return value: the caller's rbp, the return into
 * the function, the return to its caller.
 */
static __always_inline bool walk_begin(struct walk *walk)
{
	__u64 words[3], frame = walk->frame;

	if (!frame)
		return load(&walk->word, walk->slot, &walk->caller);
	if (direct_loads) {
		words[0] = load_direct(frame + 8);
		words[1] = load_direct(frame + 16);
	} else if (bpf_probe_read_kernel(words, sizeof(words), (void *)(frame + 8))) {
		return false;
	}
	if (words[0] - walk->function < 32) {
		walk->caller = words[1];
		walk->slot = frame + 16;
	} else {
		if (words[1] - walk->function >= 32)
			return false;
		walk->caller = direct_loads ? load_direct(frame + 24) : words[2];
		walk->slot = frame + 24;
	}
	walk->bp_at = walk->slot - 16;
	return true;
}

enum went { WENT_ON, WENT_TO_END, WENT_TO_UNKNOWN, WENT_NOWHERE, WENT_WRONG };

/* From where rbp was saved to rbp itself. */
static __always_inline bool step_bp(struct walk *walk, struct memo *memo)
{
	__u64 bp;

	if (!walk->bp_at)
		return true;
	if (!load(&walk->word, walk->bp_at, &bp))
		return false;
	memo_add(memo, walk, MEMO_KEEP, walk->bp_at - walk->base, 0);
	walk->bp = bp;
	walk->bp_at = 0;
	return true;
}

/* Go on from the address that stands at this place. */
static __always_inline bool step_load(struct walk *walk, struct memo *memo, __u64 at, __u64 *word)
{
	if (!step_bp(walk, memo) || !load(&walk->word, at, word))
		return false;
	memo_add(memo, walk, MEMO_LOAD, at - walk->base, 0);
	walk->base = *word;
	return true;
}

/* Registers that an interrupt or an exception left on the stack. regs: where ip is. */
static __always_inline enum went step_regs(struct walk *walk, struct memo *memo, __u64 regs)
{
	__u64 cs, ip, sp;

	if (!load(&walk->word, regs + 8, &cs))
		return WENT_WRONG;
	if ((cs & 3) == 3) {
		memo_add(memo, walk, MEMO_USER, regs + 8 - walk->base, 0);
		return WENT_TO_END;
	}
	if (!load(&walk->word, regs, &ip))
		return WENT_WRONG;
	memo_add(memo, walk, MEMO_EXPECT, regs - walk->base, ip);
	if (!step_load(walk, memo, regs + 24, &sp))
		return WENT_WRONG;
	walk->sp = sp;
	walk->ip = ip;
	return WENT_ON;
}

/* From a frame that is found through rbp. */
static __always_inline enum went step_over_bp(struct walk *walk, struct memo *memo, __u64 rule)
{
	__u64 saved = RULE_BP_SAVED(rule), at;

	if (!step_bp(walk, memo))
		return WENT_WRONG;
	memo_add(memo, walk, MEMO_BASE, 0, 0);
	walk->base = walk->bp;
	if (saved == RULE_BP_AT_BP)
		walk->bp_at = walk->bp;
	at = walk->base + RULE_OFFSET(rule);
	if (RULE_KIND(rule) == RULE_BP)
		walk->sp = at;
	else if (!step_load(walk, memo, at, &walk->sp))
		return WENT_WRONG;
	if (saved && saved != RULE_BP_AT_BP)
		walk->bp_at = walk->sp - saved * 8;
	return WENT_ON;
}

/*
 * Leave a frame that is not simply some bytes above sp. Then sp is the caller's, and ip is known
 * if the frame was one of registers.
 *
 * A global function, as what it needs to know is in memory: the verifier looks at it once.
 */
__noinline __u64 walk_odd(__u32 scratch_index, __u64 rule)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &scratch_index);
	struct walk *walk;
	struct memo *memo;
	__u64 at;
	__u32 index;

	if (!scratch)
		return WENT_NOWHERE;
	walk = &scratch->walk;
	index = walk->memo;
	memo = bpf_map_lookup_elem(&memos, &index);
	if (!memo)
		return WENT_NOWHERE;
	at = walk->sp + RULE_OFFSET(rule);
	switch (RULE_KIND(rule)) {
	case RULE_END:
		return WENT_TO_END;
	case RULE_REGS:
		walk->bp_at = at + REGS_BP;
		return step_regs(walk, memo, at + REGS_IP);
	case RULE_REGS_SHORT:
		return step_regs(walk, memo, at);
	case RULE_SP_LOAD:
		if (!step_load(walk, memo, walk->sp, &at))
			return WENT_WRONG;
		walk->sp = at + RULE_OFFSET(rule);
		if (RULE_BP_SAVED(rule))
			walk->bp_at = walk->sp - RULE_BP_SAVED(rule) * 8;
		return WENT_ON;
	case RULE_BP:
	case RULE_BP_LOAD:
		return step_over_bp(walk, memo, rule);
	}
	return rule & RULE_UNKNOWN ? WENT_TO_UNKNOWN : WENT_NOWHERE;
}

/* From the caller on: the frames, and a memo of them. */
__noinline __u64 walk_frames(__u32 scratch_index)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &scratch_index);
	__u64 ip, at, sp, bp_at, base, rule, generation;
	struct walk *walk;
	struct memo *memo;
	__u32 index;

	if (!scratch)
		return WENT_NOWHERE;
	walk = &scratch->walk;
	index = walk->memo;
	memo = bpf_map_lookup_elem(&memos, &index);
	if (!memo)
		return WENT_NOWHERE;
	memo_begin(memo, walk);
	generation = walk->generation;
	scratch->frames[WALKED] = walk->function;
	walk->truncated = 0;
	base = walk->slot;
	sp = base + 8;
	ip = walk->caller;
	at = ip - 1;
	bp_at = walk->bp_at;
#pragma clang loop unroll(disable)
	for (__u32 i = 1; i <= KMN_MAX_FRAMES; i++) {
		LAUNDER(ip);
		LAUNDER(at);
		LAUNDER(sp);
		LAUNDER(bp_at);
		LAUNDER(base);
		if (ip >> 31 != 0x1ffffffffull)
			return WENT_WRONG;
		walk->n = i;
		if (i == KMN_MAX_FRAMES) {
			walk->truncated = 1;
			return WENT_TO_END;
		}
		scratch->frames[WALKED + i] = ip;
		rule = rule_find(scratch_index, at, generation);
		if (RULE_KIND(rule) == RULE_SP) {
			sp += RULE_OFFSET(rule);
			if (RULE_BP_SAVED(rule))
				bp_at = sp - RULE_BP_SAVED(rule) * 8;
		} else {
			__u64 went;

			walk->sp = sp;
			walk->bp_at = bp_at;
			walk->base = base;
			went = walk_odd(scratch_index, rule);
			if (went != WENT_ON) {
				walk->n = i + 1;
				return went;
			}
			sp = walk->sp;
			bp_at = walk->bp_at;
			base = walk->base;
			if (RULE_KIND(rule) >= RULE_REGS) {
				ip = at = walk->ip;
				continue;
			}
		}
		if (!load(&walk->word, sp - 8, &ip))
			return WENT_WRONG;
		at = MEMO_EXPECT;
		if (ip == walking.trampolines[0]) {
			ip = hooked_return(sp - 8);
			at = MEMO_HOOKED;
		}
		memo_add(memo, walk, at, sp - 8 - base, ip);
		at = ip - 1;
	}
	return WENT_WRONG;
}

/* How many frames may lie between a tracepoint and the caller that it tells of. */
#define SITE_WITHIN 8

/*
 * Where the stack of n frames really begins, counted from the first: what a tracepoint adds is not
 * wanted, nor is what lies below the site.
 */
static __always_inline __u64 stack_begin(struct scratch *scratch, __u64 first, __u64 n)
{
	__u64 site = scratch->walk.site, begin = 0;

#pragma unroll
	for (__u32 i = 0; i < SITE_WITHIN; i++) {
		if (site && !begin && i < n && *frame_at(scratch, first + i) == site)
			begin = i;
	}
	FORGET(begin, scratch->word);
	return begin;
}

/* The frames that were walked, from where they are wanted on; false: there are not enough. */
static __always_inline bool walk_cut(struct scratch *scratch)
{
	struct walk *walk = &scratch->walk;
	/* The function that runs a tracepoint's program, and what stands for the program. */
	__u64 begin = walk->tracepoint ? 2 : 0;

	if (walk->n <= begin)
		return false;
	begin += stack_begin(scratch, WALKED + begin, walk->n - begin);
	walk->first = WALKED + begin;
	walk->n -= begin;
	return !begin || !walk->truncated;
}

/* Take the name of a memo's stack; false if the reader still needs its frames. */
static __always_inline bool name_from_memo(struct stack *stack, __u64 held)
{
	__u32 index = held;
	struct interned *at = bpf_map_lookup_elem(&stacks, &index);

	if (!at || !at->sent)
		return false;
	stack->hash = at->hash;
	stack->modules = at->modules;
	stack->flags = held >> 32;
	stack->interned = NOT_INTERNED; /* there is nothing more to be noted */
	stack->sent = 1;
	return true;
}

/*
 * Name the stack by a memo of its call path; false: none is true, and the place of one is made. Of
 * the two the one that was written last is kept.
 */
static __always_inline bool memo_find(struct scratch *scratch, __u32 scratch_index)
{
	struct walk *walk = &scratch->walk;
	__u32 place = memo_place(scratch_index, walk);
	__u64 held = memo_holds(scratch, place);

	if (held != NOT_INTERNED && name_from_memo(&scratch->stack, held))
		return true;
	walk->memo = place ^ (walk->turns & 1);
	return false;
}

/*
 * Walk the stack of the call that scratch->walk tells of. Returns enum walked. scratch->walk.caller
 * is the return address in any case, or 0. (A pointer saves looking the memory up; what it calls to
 * walk looks it up, as there it does not matter.)
 */
__noinline __u64 stack_walk(struct scratch *scratch, __u32 scratch_index)
{
	struct stack *stack;
	struct walk *walk;
	__u64 went, check;
	bool doubt;

	if (!scratch)
		return WALK_NONE;
	walk = &scratch->walk;
	stack = &scratch->stack;
	walk->hit = 0;
	if (!walk_begin(walk)) {
		walk->caller = 0;
		walk->counts.fault++;
		return WALK_NONE;
	}
	if (walk->caller == walking.trampolines[0] && walking.on)
		walk->caller = hooked_return(walk->slot);
	if (!walking.on) {
		walk->counts.off++;
		return WALK_NONE;
	}
	walk->generation = walking.generation;
	doubt = !(++walk->turns & (CHECK_EVERY - 1)) || walking.verify;
	if (memo_find(scratch, scratch_index)) {
		walk->counts.hits++;
		if (!doubt)
			return WALK_NAMED;
		walk->hit = 1;
		memo_frames(scratch_index);
		walk_cut(scratch);
		return WALK_CHECK;
	}
	went = walk_frames(scratch_index);
	if (went == WENT_TO_END && !walk_cut(scratch))
		went = WENT_NOWHERE;
	if (went != WENT_TO_END) {
		if (went == WENT_TO_UNKNOWN)
			walk->counts.unknown++;
		else if (went == WENT_NOWHERE)
			walk->counts.rule++;
		else
			walk->counts.fault++;
		return WALK_NONE;
	}
	walk->counts.walked++;
	if (doubt)
		return WALK_CHECK;
	stack->first = walk->first;
	stack->n = walk->n;
	stack->flags = KMN_HAS_STACK | (walk->truncated ? KMN_STACK_TRUNCATED : 0);
	stack_hash(scratch, stack->first, stack->n, &stack->hash, &check);
	switch (stack_find(scratch, stack, check)) {
	case STACK_IS_NEW:
		return WALK_CHECK;
	case STACK_IS_KNOWN:
		memo_end(walk, stack->interned, stack->flags);
		return WALK_NAMED;
	default:
		stack_unnamed(scratch, stack);
		return WALK_NAMED;
	}
}

#endif
