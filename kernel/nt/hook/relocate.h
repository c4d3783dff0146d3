/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trampoline: a function's first instructions, written so that they do at another address what
 * they did at their own, and a jump to where the function goes on.
 *
 * A moved call pushes the return address that the original would have pushed, so nothing ever
 * returns into a trampoline and stacks look as they did.
 */
#ifndef NT_HOOK_RELOCATE_H
#define NT_HOOK_RELOCATE_H

#include "plan.h"

/* Room for every plan's trampoline. */
#define HOOK_TRAMPOLINE_MAX 256

/*
 * Write the trampoline of a plan into code, which holds HOOK_TRAMPOLINE_MAX bytes and will run at
 * address. Fails with HOOK_TOO_FAR where an operand can't be reached from there,
 * HOOK_UNKNOWN where the plan was not made by hook_plan().
 */
enum hook_reason hook_relocate(const struct hook_plan *plan, uint64_t address, uint8_t *code,
			       size_t *n_code);

#endif
