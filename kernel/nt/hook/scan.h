/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a function branch back into its own first bytes? Those are going to be a jump, and a branch
 * into the middle of one crashes.
 *
 * All instructions of the function are read one after another, so a branch that hides in a jump
 * table, or in a part of the function that the compiler put elsewhere, is not seen; compilers let
 * neither of them go into a prologue.
 */
#ifndef NT_HOOK_SCAN_H
#define NT_HOOK_SCAN_H

#include "plan.h"

struct hook_scan {
	bool branches_back; /* to [address, address + n_first), calls of the function itself aside
			     */
	/* Everything was read: to its known end, or to where nothing in it goes on. */
	bool all;
	size_t end; /* where reading ended, counted from the function's first byte */
};

void hook_scan(const struct hook_function *function, size_t n_first, struct hook_scan *scan);

/*
 * Does the function read or take the return address before it does anything to the stack?
 * Compilers' helpers do, to find their own place (__x86.get_pc_thunk.bx) or to grow the frame of
 * who calls them.
 */
bool hook_reads_return(const struct hook_function *function);

#endif
