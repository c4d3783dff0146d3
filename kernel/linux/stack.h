/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks: taken, completed where the caller is missing, named by a hash so that each is sent once,
 * and turned into the set of modules that it crosses.
 */
#ifndef KMN_LINUX_STACK_H
#define KMN_LINUX_STACK_H

#include "clone.h"
#include "maps.h"

#define STACK_WAYS 4

static __always_inline __u64 *frame_at(struct scratch *scratch, __u64 index)
{
	BOUND(index, FRAMES_ROOM - 1);
	return &scratch->frames[index];
}

/* The bit of the module that the address lies in, or 0. No branches, for the verifier's sake. */
static __always_inline __u64 module_bit(__u64 ip)
{
	__u64 page = (ip - KMN_TEXT_BASE) >> 12, number;

	number = -(page >> 19 != 0) & KMN_NO_MODULE;
	BOUND(page, KMN_TEXT_PAGES - 1);
	number |= text_pages[page];
	return (1ull << (number & 63)) & ((number >> 7) - 1);
}

/*
 * The second number need not be good on its own: it only has to differ from the first in kind. (The
 * bound of a loop is a copy of n: what the verifier learns of it at each exit must not follow the
 * real one, or it would walk the rest of the program once for each.)
 */
static __always_inline void stack_hash(struct scratch *scratch, __u64 first, __u64 n, __u64 *hash,
				       __u64 *check)
{
	__u64 h = 0xcbf29ce484222325ull, c = n, bound = n;

	FORGET(bound, scratch->word);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < KMN_MAX_FRAMES; i++) {
		__u64 ip;

		LAUNDER(h);
		LAUNDER(c);
		if (i >= bound)
			break;
		ip = *frame_at(scratch, first + i);
		h = (h ^ ip) * 0x100000001b3ull;
		h ^= h >> 29;
		c = (c + ip) * 0xff51afd7ed558ccdull;
	}
	*hash = h | !h;
	*check = c | !c;
}

static __always_inline __u64 stack_modules(struct scratch *scratch, __u64 first, __u64 n)
{
	__u64 modules = 0, bound = n;

	FORGET(bound, scratch->word);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < KMN_MAX_FRAMES; i++) {
		LAUNDER(modules);
		if (i >= bound)
			break;
		modules |= module_bit(*frame_at(scratch, first + i));
	}
	return modules;
}

/*
 * Find or claim the stack's entry. Where there is no room the stack is sent with every record. Two
 * stacks of one hash are told apart by the check number: the second is never given a name.
 */
static __always_inline void stack_intern(struct scratch *scratch, struct stack *stack, __u64 check)
{
	__u32 bucket = (stack->hash >> 32) * STACK_WAYS, index;
	__u64 interned = NOT_INTERNED, known = 0;
	struct interned *at;

	for (__u32 i = 0; i < STACK_WAYS; i++) {
		index = (bucket + i) & stack_mask;
		at = bpf_map_lookup_elem(&stacks, &index);
		if (!at)
			break;
		if (at->hash == stack->hash) {
			/* If not: somebody else's, or just being filled in by another processor. */
			if (at->check == check) {
				interned = index;
				known = 1;
			}
			break;
		}
		if (!at->hash && !__sync_val_compare_and_swap(&at->hash, 0, stack->hash)) {
			interned = index;
			break;
		}
	}
	FORGET(interned, scratch->word);
	FORGET(known, scratch->word);
	stack->interned = interned;
	index = interned;
	at = bpf_map_lookup_elem(&stacks, &index);
	if (known && at) {
		stack->modules = at->modules;
		stack->sent = at->sent;
		return;
	}
	stack->modules = stack_modules(scratch, stack->first, stack->n);
	at = bpf_map_lookup_elem(&stacks, &index);
	if (at) {
		at->modules = stack->modules;
		at->sent = 0;
		__sync_lock_test_and_set(&at->check, check);
	}
}

/* Once the reader has it. */
static __always_inline void stack_sent(const struct stack *stack)
{
	__u32 index = stack->interned;
	struct interned *at = bpf_map_lookup_elem(&stacks, &index);

	if (at)
		at->sent = 1;
}

static __always_inline bool is_trampoline(__u64 ip)
{
	return ip == rethook_address() || ip == return_to_handler_address();
}

/*
 * Complete the stack of a call of the function at `function`, whose return address is `caller` (0
 * if not known), of which bpf_get_stack() put `size` bytes into scratch->frames from index 2 on.
 * The unwinder may begin a frame or two early, and at the very beginning of a function it may miss
 * the caller: then it is put in.
 *
 * A global function: the verifier looks at it once, not on every way that leads here.
 */
__noinline __u64 stack_complete(__u32 scratch_index, __u64 size, __u64 function, __u64 caller)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &scratch_index);
	__u64 n = size / 8, callers = 0, flags = KMN_HAS_STACK, first, check;
	struct stack *stack;

	if (!scratch)
		return 0;
	stack = &scratch->stack;
	/* Where do the callers begin? After the frame that lies at the function's first bytes. */
#pragma unroll
	for (__u32 i = 0; i < 3; i++) {
		if (!callers && i < n && scratch->frames[2 + i] - function < 32)
			callers = i + 1;
	}
	FORGET(callers, scratch->word);
	n -= callers;
	FORGET(n, scratch->word);
	if (caller && !is_trampoline(caller) && (!n || *frame_at(scratch, 2 + callers) != caller)) {
		*frame_at(scratch, 1 + callers) = caller;
		*frame_at(scratch, callers) = function;
		first = callers;
		n += 2;
		flags |= KMN_STACK_CALLER_SP;
	} else {
		*frame_at(scratch, 1 + callers) = function;
		first = 1 + callers;
		n += 1;
	}
	if (n > KMN_MAX_FRAMES) {
		n = KMN_MAX_FRAMES;
		flags |= KMN_STACK_TRUNCATED;
	}
	FORGET(n, scratch->word);
	FORGET(first, scratch->word);
	stack->flags = flags;
	stack->first = first;
	stack->n = n;
	stack->sent = 0;
	stack->interned = NOT_INTERNED;
	stack_hash(scratch, first, n, &stack->hash, &check);
	stack_intern(scratch, stack, check);
	return 0;
}

#endif
