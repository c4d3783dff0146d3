/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks: named by a hash so that each is sent once, and turned into the set of modules that they
 * cross. walk.h and unwind.h take them.
 */
#ifndef KMN_LINUX_STACK_H
#define KMN_LINUX_STACK_H

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

enum stack_state { STACK_IS_NEW, STACK_IS_KNOWN, STACK_HAS_NO_ROOM };

/* Is there an entry of the stack? Then its name is in force; else nothing is done. */
static __always_inline enum stack_state stack_find(struct scratch *scratch, struct stack *stack,
						   __u64 check)
{
	__u32 bucket = (stack->hash >> 32) * STACK_WAYS, index;
	__u64 interned = NOT_INTERNED, state = STACK_HAS_NO_ROOM;
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
				state = STACK_IS_KNOWN;
			}
			break;
		}
		if (!at->hash) {
			state = STACK_IS_NEW;
			break;
		}
	}
	FORGET(interned, scratch->word);
	FORGET(state, scratch->word);
	stack->interned = interned;
	index = interned;
	at = bpf_map_lookup_elem(&stacks, &index);
	if (at) {
		stack->modules = at->modules;
		stack->sent = at->sent;
	}
	return state;
}

/*
 * Find or claim the stack's entry. Where there is no room the stack is sent with every record. Two
 * stacks of one hash are told apart by the check number: the second is never given a name.
 */
static __always_inline void stack_intern(struct scratch *scratch, struct stack *stack, __u64 check)
{
	__u32 bucket = (stack->hash >> 32) * STACK_WAYS, index;
	__u64 interned = NOT_INTERNED;
	struct interned *at;

	stack->sent = 0;
	if (stack_find(scratch, stack, check) == STACK_IS_KNOWN)
		return;
	stack->modules = stack_modules(scratch, stack->first, stack->n);
	for (__u32 i = 0; i < STACK_WAYS; i++) {
		index = (bucket + i) & stack_mask;
		at = bpf_map_lookup_elem(&stacks, &index);
		if (!at || at->hash == stack->hash)
			break;
		if (!at->hash && !__sync_val_compare_and_swap(&at->hash, 0, stack->hash)) {
			interned = index;
			break;
		}
	}
	FORGET(interned, scratch->word);
	stack->interned = index = interned;
	at = bpf_map_lookup_elem(&stacks, &index);
	if (at) {
		at->modules = stack->modules;
		at->sent = 0;
		__sync_lock_test_and_set(&at->check, check);
	}
}

/* It is not known yet to be right: it is sent with its record and gets no entry. */
static __always_inline void stack_unnamed(struct scratch *scratch, struct stack *stack)
{
	stack->sent = 0;
	stack->interned = NOT_INTERNED;
	stack->modules = stack_modules(scratch, stack->first, stack->n);
}

/* Once the reader has it. */
static __always_inline void stack_sent(const struct stack *stack)
{
	__u32 index = stack->interned;
	struct interned *at = bpf_map_lookup_elem(&stacks, &index);

	if (at)
		at->sent = 1;
}

#endif
