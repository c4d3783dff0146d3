/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks in the program of a test, and handlers that count. */
#ifndef TESTS_HOOK_HOOKING_H
#define TESTS_HOOK_HOOKING_H

#include <stdlib.h>

#include "functions.h"
#include "nt/hook/hook.h"
#include "platform.h"
#include "tap.h"

#define N_SLOTS 64
/* It may call handlers, which the compiler can't know. */
#define NOINLINE __attribute__((noipa))

static struct platform platform;
static struct hook_returns returns;
static struct functions functions;
static uint32_t n_entries, n_returns;

static inline bool count_entry(struct hook *hook, struct hook_registers *registers,
			       struct hook_slot *slot)
{
	(void)hook;
	(void)registers;
	(void)slot;
	n_entries++;
	return true;
}

static inline void count_return(struct hook *hook, struct hook_registers *registers,
				struct hook_slot *slot)
{
	(void)hook;
	(void)registers;
	(void)slot;
	n_returns++;
}

static inline enum hook_reason plan(struct hook *hook, void *address)
{
	const struct function *function = functions_find(&functions, address);
	struct hook_function description;

	if (!function) {
		CHECK(function, "%p is no function", address);
		exit(tap_end());
	}
	functions_describe(&functions, function, &description);
	return hook_plan(&description, HOOK_FORM_NEAR, &hook->plan);
}

static inline void put(struct hook *hook, void *address)
{
	enum hook_reason reason;

	hook->sse = true;
	reason = plan(hook, address);
	if (!reason)
		reason = hook_prepare(hook, &platform.hook, &returns);
	if (!reason)
		reason = hook_arm(hook);
	CHECK(!reason, "%s", hook_reason_sentence(reason));
}

static inline void take(struct hook *hook)
{
	enum hook_reason reason = hook_disarm(hook);

	if (!reason)
		reason = hook_release(hook);
	CHECK(!reason, "%s", hook_reason_sentence(reason));
}

/* Any function of the program. */
static inline void hooking_init(const void *function)
{
	struct hook_slot *slots;

	platform_init(&platform);
	functions_init(&functions, function);
	slots = aligned_alloc(64, (hook_returns_size(N_SLOTS) + 63) & ~(size_t)63);
	CHECK(!hook_returns_init(&returns, slots, N_SLOTS, &platform.hook, true), "no pool");
}

#endif
