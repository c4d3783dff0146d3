/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool of slots, as hook.c uses it: at any IRQL and on all processors at once. */
#ifndef NT_HOOK_RETURNS_H
#define NT_HOOK_RETURNS_H

#include "hook.h"

/* A free slot, now in use. Any number that differs between threads is a good spread. */
struct hook_slot *hook_returns_take(struct hook_returns *returns, uintptr_t spread);
void hook_returns_give(struct hook_returns *returns, struct hook_slot *slot);
/* What stands for the slot's return address. */
uintptr_t hook_returns_stub(const struct hook_returns *returns, const struct hook_slot *slot);

static inline void hook_add(uint32_t *count, uint32_t value)
{
	__atomic_fetch_add(count, value, __ATOMIC_SEQ_CST);
}

#endif
