/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memos: what to look at on the stack to know a call path again without walking it. A frame's size
 * depends on its address alone, so if each return address is where it was the last time, counted
 * from the frame below, all frames are the same. Where the walk leaves that chain (a frame found
 * through rbp, another stack), the memo says where to go on.
 */
#ifndef KMN_LINUX_MEMO_H
#define KMN_LINUX_MEMO_H

#include "load.h"

#define NO_MEMO 0xffffffff
#define TOO_MANY_OPS 255

/*
 * An op has a kernel address in its upper half, whose own upper half is always set, and in the
 * lower one a place on the stack, a multiple of 8, with the kind in the bits that leaves. Places
 * are counted from a base, which begins where the return address lies.
 */
enum memo_op {
	MEMO_EXPECT, /* there stands this address, a frame's */
	MEMO_KEEP,   /* rbp was saved there */
	MEMO_BASE,   /* go on from rbp */
	MEMO_LOAD,   /* go on from the address that stands there */
	MEMO_USER,   /* there stands cs of user space: this is the end */
	MEMO_HOOKED, /* there stands a trampoline's address, in place of this one */
	MEMO_RUN,    /* without direct loads: read so many bytes from there on, for what follows */
	MEMO_END,
};

#define MEMO_OP_KIND(op) ((op)&7)
#define MEMO_ODD (1u << 31) /* set with each kind but the first, which is quickly told by it */
#define MEMO_OP_PLACE(op) ((op)&0x7ffffff8)
#define MEMO_OP_IP(op) ((__u64)((__s64)(op) >> 32))
/* Places are stored with this added, and so are positive. */
#define PLACE_BIAS (1 << 20)

/* A word more in a run costs 7 instructions, another run some 140. */
#define RUN_GAP 160

/* Trampolines and probes know different things at the beginning. */
static __always_inline __u64 memo_function(const struct walk *walk)
{
	return walk->function ^ !!walk->frame;
}

/* Two places for each call path in the memos of this scratch memory. */
static __always_inline __u32 memo_place(__u32 scratch_index, const struct walk *walk)
{
	/* Stacks are aligned to their size: the depth tells paths apart, roughly. */
	__u64 path = (memo_function(walk) ^ walk->caller << 7 ^ (walk->slot >> 10 & 15)) *
		     0x9e3779b97f4a7c15ull;

	return scratch_index * KMN_MEMOS + (path >> 32 & (KMN_MEMOS - 1));
}

/* Begin to write a memo. */
static __always_inline void memo_begin(struct memo *memo, struct walk *walk)
{
	walk->n_ops = 0;
	walk->run = NO_MEMO;
	memo->generation = 0;
	memo->function = memo_function(walk);
	memo->caller = walk->caller;
}

static __always_inline void memo_put(struct memo *memo, struct walk *walk, __u64 kind, __s64 place,
				     __u64 ip)
{
	__u64 n = *(volatile __u64 *)&walk->n_ops;

	if (n >= MEMO_OPS || place + PLACE_BIAS >= 2ull * PLACE_BIAS || place & 7) {
		walk->n_ops = TOO_MANY_OPS;
		return;
	}
	memo->op[n] = ip << 32 | (place + PLACE_BIAS) | kind | (kind ? MEMO_ODD : 0);
	walk->n_ops = n + 1;
}

/* See to it that the place is in a run, the last one or a new one. */
static __always_inline void run_add(struct memo *memo, struct walk *walk, __s64 place)
{
	__s64 first = walk->run_first, last = walk->run_last;
	__u64 run = *(volatile __u64 *)&walk->run;

	if (run < MEMO_OPS && place >= first && place - last <= RUN_GAP &&
	    place - first < RUN_WORDS * 8) {
		if (place > last) {
			walk->run_last = place;
			memo->op[run] = (__u64)(place - first + 8) << 32 | (__u32)memo->op[run];
		}
		return;
	}
	walk->run = walk->n_ops;
	walk->run_first = walk->run_last = place;
	memo_put(memo, walk, MEMO_RUN, place, 8);
}

static __always_inline void memo_add(struct memo *memo, struct walk *walk, __u64 kind, __s64 place,
				     __u64 ip)
{
	if (!direct_loads && kind != MEMO_BASE)
		run_add(memo, walk, place);
	memo_put(memo, walk, kind, place, ip);
	/* What follows has another base. */
	if (kind == MEMO_BASE || kind == MEMO_LOAD)
		walk->run = NO_MEMO;
}

/* It is of use from now on. */
static __always_inline void memo_end(struct walk *walk, __u64 interned, __u64 flags)
{
	__u32 index = walk->memo;
	struct memo *memo = bpf_map_lookup_elem(&memos, &index);

	if (!memo || interned == NOT_INTERNED)
		return;
	memo_put(memo, walk, MEMO_END, 0, 0);
	if (walk->n_ops > MEMO_OPS)
		return;
	memo->interned = interned | flags << 32;
	memo->generation = walk->generation;
}

#define MAX_HOOKED 64 /* of one task's returns at a time */

/*
 * A hooked return: the address that the trampoline took the place of on the stack, as
 * rethook_find_ret_addr() finds it; 0: there is none.
 */
__noinline __u64 hooked_return(__u64 slot)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct rethook_node *node;
	struct llist_node *at;

	if (!bpf_core_field_exists(task->rethooks))
		return 0;
	at = BPF_CORE_READ(task, rethooks.first);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < MAX_HOOKED && at; i++) {
		__u64 real;

		node = (void *)at - bpf_core_field_offset(struct rethook_node, llist);
		real = BPF_CORE_READ(node, ret_addr);
		if (BPF_CORE_READ(node, frame) == slot && real != walking.trampolines[0])
			return real;
		at = BPF_CORE_READ(node, llist.next);
	}
	return 0;
}

enum memo_says { MEMO_GO_ON, MEMO_IS_TRUE, MEMO_IS_FALSE };

/* The word at an address, or so many bytes into the run. */
static __always_inline __u64 memo_word(struct scratch *scratch, __u64 at, bool direct)
{
	if (direct)
		return load_direct(at);
	at >>= 3;
	BOUND(at, RUN_WORDS - 1);
	return scratch->run[at];
}

static __always_inline void memo_rebase(struct walk *walk, __u64 base)
{
	walk->base = base;
	walk->skew = base - PLACE_BIAS;
}

/* What is not simply an address to be expected. */
__noinline __u64 memo_odd(struct scratch *scratch, __u64 op)
{
	__u64 kind = MEMO_OP_KIND(op), word, at;
	struct walk *walk;

	if (!scratch)
		return MEMO_IS_FALSE;
	walk = &scratch->walk;
	if (kind == MEMO_END)
		return MEMO_IS_TRUE;
	if (kind == MEMO_BASE) {
		memo_rebase(walk, walk->kept);
		return MEMO_GO_ON;
	}
	at = walk->base - PLACE_BIAS + MEMO_OP_PLACE(op);
	if (kind == MEMO_RUN) {
		__u32 bytes = op >> 32;

		BOUND(bytes, 2 * RUN_WORDS * 8 - 1);
		if (bytes > sizeof(scratch->run) ||
		    bpf_probe_read_kernel(scratch->run, bytes, (void *)at))
			return MEMO_IS_FALSE;
		walk->skew = walk->base - PLACE_BIAS - at;
		return MEMO_GO_ON;
	}
	word = memo_word(scratch, walk->skew + MEMO_OP_PLACE(op), direct_loads);
	if (kind == MEMO_KEEP)
		walk->kept = word;
	else if (kind == MEMO_LOAD)
		memo_rebase(walk, word);
	else if (kind == MEMO_USER)
		return (word & 3) == 3 ? MEMO_IS_TRUE : MEMO_IS_FALSE;
	else if (word != walking.trampolines[0] || hooked_return(at) != MEMO_OP_IP(op))
		return MEMO_IS_FALSE;
	return MEMO_GO_ON;
}

#define MEMO_TURN 4 /* ops that are looked at in one turn */

/*
 * Do the memo's places hold what they held? Where most stacks come from: instructions count. The
 * pointer that the compiler sees through would be added up anew for each op.
 */
static __always_inline bool memo_is_true(struct scratch *scratch, const struct memo *memo,
					 bool direct)
{
	__u64 skew = scratch->walk.skew;
	const __u64 *ops = memo->op;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < MEMO_OPS; i += MEMO_TURN) {
#pragma unroll
		for (__u32 j = 0; j < MEMO_TURN; j++) {
			__u64 op = ops[j], says;
			__u32 place = op;

			/* Without this the compiler shifts to and fro. */
			asm volatile("" : "+w"(place));
			if (__builtin_expect((__s32)place >= 0, 1)) {
				if (memo_word(scratch, skew + place, direct) != MEMO_OP_IP(op))
					return false;
				continue;
			}
			says = memo_odd(scratch, op);
			if (says != MEMO_GO_ON)
				return says == MEMO_IS_TRUE;
			skew = scratch->walk.skew;
			LAUNDER(skew);
		}
		ops += MEMO_TURN;
		asm volatile("" : "+r"(ops));
	}
	return false;
}

/* A depth of a path that was not seen before may have its place. */
static __always_inline bool memo_is_of(const struct memo *memo, const struct walk *walk)
{
	return memo->generation == walk->generation && memo->caller == walk->caller &&
	       memo->function == memo_function(walk);
}

/*
 * Is the stack that of a memo in one of its two places? Then the index of its entry and, in the
 * upper half, its flags, and walk->memo says which it was; else NOT_INTERNED.
 */
__noinline __u64 memo_holds(struct scratch *scratch, __u32 place)
{
	struct walk *walk;

	if (!scratch)
		return NOT_INTERNED;
	walk = &scratch->walk;
#pragma clang loop unroll(disable)
	for (__u32 way = 0; way < 2; way++) {
		__u32 index = place ^ way;
		struct memo *memo = bpf_map_lookup_elem(&memos, &index);

		if (!memo || !memo_is_of(memo, walk))
			continue;
		memo_rebase(walk, walk->slot);
		walk->kept = walk->bp;
		if (direct_loads ? !memo_is_true(scratch, memo, true)
				 : !memo_is_true(scratch, memo, false))
			continue;
		walk->memo = index;
		return memo->interned;
	}
	return NOT_INTERNED;
}

/* For a check: the frames that the memo stands for, to where the walker puts them. */
__noinline __u64 memo_frames(__u32 scratch_index)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &scratch_index);
	struct memo *memo;
	__u32 index;

	if (!scratch)
		return 0;
	index = scratch->walk.memo;
	memo = bpf_map_lookup_elem(&memos, &index);
	if (!memo)
		return 0;
	scratch->frames[WALKED] = scratch->walk.function;
	scratch->frames[WALKED + 1] = scratch->walk.caller;
	scratch->walk.n = 2;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < MEMO_OPS; i++) {
		__u64 op = memo->op[i], n = *(volatile __u64 *)&scratch->walk.n;

		if (MEMO_OP_KIND(op) == MEMO_END)
			break;
		if ((MEMO_OP_KIND(op) != MEMO_EXPECT && MEMO_OP_KIND(op) != MEMO_HOOKED) ||
		    n >= KMN_MAX_FRAMES)
			continue;
		n += WALKED;
		BOUND(n, FRAMES_ROOM - 1);
		scratch->frames[n] = MEMO_OP_IP(op);
		scratch->walk.n++;
	}
	return 0;
}

#endif
