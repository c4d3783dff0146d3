/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks that the kernel's own unwinder takes: completed where the caller is missing, and held
 * against what the walker found.
 */
#ifndef KMN_LINUX_UNWIND_H
#define KMN_LINUX_UNWIND_H

#include "clone.h"
#include "walk.h"

static __always_inline bool is_trampoline(__u64 ip)
{
	return ip == rethook_address() || ip == return_to_handler_address();
}

static __always_inline void difference_keep(struct scratch *scratch, __u64 first, __u64 n)
{
	if (__sync_val_compare_and_swap(&first_difference.found, 0, 1))
		return;
	first_difference.hit = scratch->walk.hit;
	first_difference.n_walked = scratch->walk.n;
	first_difference.n_kernel = n;
	bpf_probe_read_kernel(first_difference.walked, sizeof(first_difference.walked),
			      frame_at(scratch, scratch->walk.first));
	bpf_probe_read_kernel(first_difference.kernel, sizeof(first_difference.kernel),
			      frame_at(scratch, first));
}

/*
 * Hold the walker's frames against the kernel's, n from the first on; returns 1 if the walker's
 * are in doubt.
 */
__noinline __u64 walk_check(__u32 scratch_index, __u64 first, __u64 n)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &scratch_index);
	struct walk *walk;
	__u64 same;

	if (!scratch)
		return 1;
	walk = &scratch->walk;
	/* The two may have seen different text. */
	if (walk->generation != walking.generation) {
		walk->counts.changed++;
		return 1;
	}
	walk->counts.checked++;
	same = walk->n == n;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < KMN_MAX_FRAMES; i++) {
		LAUNDER(same);
		if (i >= n)
			break;
		same &= *frame_at(scratch, walk->first + i) == *frame_at(scratch, first + i);
	}
	if (same)
		return 0;
	walk->counts.different++;
	difference_keep(scratch, first, n);
	if (!walking.verify)
		walking.on = 0;
	return 1;
}

/* So many are asked of the kernel: with what is cut off in front there are still enough. */
#define KERNEL_FRAMES (KMN_MAX_FRAMES + SITE_WITHIN + 4)

/*
 * Complete the stack of the call that scratch->walk tells of, of which bpf_get_stack() put `size`
 * bytes into scratch->frames from index 2 on. The unwinder may begin a frame or two early, and at
 * the very beginning of a function it may miss the caller: then it is put in. On a tracepoint the
 * program and the function that runs it come first.
 *
 * A global function: the verifier looks at it once, not on every way that leads here.
 */
__noinline __u64 stack_complete(__u32 scratch_index, __u64 size, __u64 walked)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &scratch_index);
	__u64 n = size / 8, callers = 0, flags = KMN_HAS_STACK, function, caller, first, check,
	      begin;
	__u64 start, within, unchecked;
	struct stack *stack;
	struct walk *walk;

	if (!scratch)
		return 0;
	stack = &scratch->stack;
	walk = &scratch->walk;
	function = walk->function;
	caller = walk->caller;
	/* Where do the callers begin? After the frame that lies at the function's first bytes. */
	start = walk->tracepoint ? caller : function;
	within = walk->tracepoint ? 1 : 32;
#pragma unroll
	for (__u32 i = 0; i < 4; i++) {
		if (!callers && i < n && scratch->frames[2 + i] - start < within)
			callers = i + 1;
	}
	FORGET(callers, scratch->word);
	n -= callers;
	FORGET(n, scratch->word);
	if (walk->tracepoint) {
		first = 2 + callers;
	} else if (caller && !is_trampoline(caller) &&
		   (!n || *frame_at(scratch, 2 + callers) != caller)) {
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
	FORGET(first, scratch->word);
	FORGET(n, scratch->word);
	begin = stack_begin(scratch, first, n);
	first += begin;
	n -= begin;
	if (n > KMN_MAX_FRAMES) {
		n = KMN_MAX_FRAMES;
		flags |= KMN_STACK_TRUNCATED;
	}
	FORGET(n, scratch->word);
	FORGET(first, scratch->word);
	FORGET(flags, scratch->word);
	unchecked = walked == WALK_CHECK && !size;
	if (unchecked) {
		/* The kernel had no room to unwind: what the walker found is all there is. */
		first = walk->first;
		n = walk->n;
		walked = WALK_NONE;
	} else if (walked == WALK_CHECK && walk_check(scratch_index, first, n)) {
		walked = WALK_NONE;
	}
	FORGET(n, scratch->word);
	FORGET(first, scratch->word);
	FORGET(walked, scratch->word);
	if (walked == WALK_CHECK)
		flags &= ~KMN_STACK_CALLER_SP;
	if (!n) {
		stack->hash = 0;
		return 0;
	}
	stack->flags = flags;
	stack->first = first;
	stack->n = n;
	stack_hash(scratch, first, n, &stack->hash, &check);
	if (unchecked)
		stack_unnamed(scratch, stack);
	else
		stack_intern(scratch, stack, check);
	if (walked == WALK_CHECK && !walk->hit)
		memo_end(walk, stack->interned, flags);
	return 0;
}

#endif
