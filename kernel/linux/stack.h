/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks: taken, completed where the caller is missing, named by a hash so that each is sent once,
 * and turned into the set of modules that it crosses.
 */
#ifndef KMN_LINUX_STACK_H
#define KMN_LINUX_STACK_H

#include "maps.h"

/*
 * A no-op addition makes the verifier forget that two registers are the same number; without it
 * the states of a loop's turns never match and it walks through them all.
 */
#define LAUNDER(x) asm volatile("%0 += 0" : "+r"(x))

#define STACK_WAYS 4

struct stack {
	__u64 hash;
	__u64 modules;
	struct interned *interned; /* to be marked sent once the reader has it; may be NULL */
	__u32 first;		   /* index of the function itself in scratch->frames */
	__u32 n;
	bool sent;
	__u16 flags;
};

static __always_inline __u64 module_bit(__u64 ip)
{
	__u32 table = config.ranges & 1, low = 0;
	struct kmn_range *range;

	if (ip - config.kernel_text < config.kernel_text_size)
		return 1;
	/* The tables are padded with ranges at the end of the address space. */
#pragma unroll
	for (__u32 step = KMN_MAX_RANGES / 2; step; step >>= 1) {
		if (ip >= ranges[table][(low + step) & (KMN_MAX_RANGES - 1)].start)
			low += step;
	}
	range = &ranges[table][low & (KMN_MAX_RANGES - 1)];
	if (ip - range->start < range->size)
		return range->bit;
	for (__u32 i = 0; i < KMN_MAX_LATE; i++) {
		if (ip - late_ranges[i].start < late_ranges[i].size)
			return late_ranges[i].bit;
	}
	return 0;
}

/* The second number need not be good on its own: it only has to differ from the first in kind. */
static __always_inline void stack_hash(struct scratch *scratch, __u32 first, __u32 n, __u64 *hash,
				       __u64 *check)
{
	__u64 h = 0xcbf29ce484222325ull, c = n;

	for (__u32 i = 0; i < KMN_MAX_FRAMES; i++) {
		__u32 index = first + i;
		__u64 ip;

		LAUNDER(h);
		LAUNDER(c);
		if (i >= n)
			break;
		if (index >= FRAMES_ROOM)
			break;
		ip = scratch->frames[index];
		h = (h ^ ip) * 0x100000001b3ull;
		h ^= h >> 29;
		c = (c + ip) * 0xff51afd7ed558ccdull;
	}
	*hash = h ? h : 1;
	*check = c ? c : 1;
}

static __always_inline __u64 stack_modules(struct scratch *scratch, __u32 first, __u32 n)
{
	__u64 modules = 0;

	for (__u32 i = 0; i < KMN_MAX_FRAMES; i++) {
		__u32 index = first + i;

		LAUNDER(modules);
		if (i >= n)
			break;
		if (index >= FRAMES_ROOM)
			break;
		modules |= module_bit(scratch->frames[index]);
	}
	return modules;
}

/*
 * Find or claim the stack's entry. Where there is no room the stack is sent with every record. Two
 * stacks of one hash are told apart by the check number: the second is never given a name.
 */
static __always_inline void stack_intern(struct scratch *scratch, struct stack *stack, __u64 check)
{
	__u32 bucket = (stack->hash >> 32) * STACK_WAYS;

	for (__u32 i = 0; i < STACK_WAYS; i++) {
		__u32 index = (bucket + i) & stack_mask;
		struct interned *at = bpf_map_lookup_elem(&stacks, &index);

		if (!at)
			break;
		if (at->hash == stack->hash) {
			if (at->check == check) {
				stack->modules = at->modules;
				stack->sent = at->sent;
				stack->interned = at;
				return;
			}
			/* Somebody else's, or being filled in by another processor this moment. */
			break;
		}
		if (!at->hash && !__sync_val_compare_and_swap(&at->hash, 0, stack->hash)) {
			stack->modules = stack_modules(scratch, stack->first, stack->n);
			at->modules = stack->modules;
			at->sent = 0;
			__sync_lock_test_and_set(&at->check, check);
			stack->interned = at;
			return;
		}
	}
	stack->modules = stack_modules(scratch, stack->first, stack->n);
}

static __always_inline bool is_trampoline(__u64 ip)
{
	return ip == return_trampolines[0] || ip == return_trampolines[1];
}

/*
 * Take the stack of a call of the function at `function`, whose return address is `caller` (0 if not
 * known). The unwinder starts at our own program (skip: how many frames that is) or at the function.
 * It may miss the caller at the very beginning of a function: then it is put in.
 */
static __always_inline void stack_take(void *ctx, struct scratch *scratch, __u64 function,
				       __u64 caller, __u64 skip, struct stack *stack)
{
	long size = bpf_get_stack(ctx, &scratch->frames[2], (KMN_MAX_FRAMES + 2) * 8, skip);
	__u32 n = size > 0 ? (__u32)size / 8 : 0, callers = 0;
	__u64 check;

	stack->flags = KMN_HAS_STACK;
	if (n > KMN_MAX_FRAMES + 2)
		n = KMN_MAX_FRAMES + 2;
	/* Where do the callers begin? After the frame that lies at the function's first bytes. */
#pragma unroll
	for (__u32 i = 0; i < 3; i++) {
		if (!callers && i < n && scratch->frames[2 + i] - function < 32)
			callers = i + 1;
	}
	n -= callers;
	if (caller && !is_trampoline(caller) &&
	    (!n || scratch->frames[(2 + callers) & 7] != caller)) {
		scratch->frames[(1 + callers) & 7] = caller;
		scratch->frames[callers & 7] = function;
		stack->first = callers;
		n += 2;
		stack->flags |= KMN_STACK_CALLER_SP;
	} else {
		scratch->frames[(1 + callers) & 7] = function;
		stack->first = 1 + callers;
		n += 1;
	}
	if (n > KMN_MAX_FRAMES) {
		n = KMN_MAX_FRAMES;
		stack->flags |= KMN_STACK_TRUNCATED;
	}
	stack->n = n;
	stack->sent = false;
	stack->interned = 0;
	stack_hash(scratch, stack->first, n, &stack->hash, &check);
	stack_intern(scratch, stack, check);
}

#endif
