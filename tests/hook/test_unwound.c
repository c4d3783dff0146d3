/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that are hooked for their return and never return to it. */
#include <setjmp.h>

#include "hooking.h"

static jmp_buf jump;

NOINLINE static unsigned long leap(volatile unsigned long n)
{
	if (!n)
		longjmp(jump, 1);
	return n == 1000 ? 0 : n + leap(n - 1);
}

static void test_abandoned(void)
{
	struct hook hook = {.on_entry = count_entry, .on_return = count_return};
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	put(&hook, leap);
	if (!setjmp(jump))
		leap(9);
	CHECK(hook.pending == 10 && !hook_quiet(&hook), "%u", hook.pending);
	CHECK(!hook_disarm(&hook) && hook_release(&hook) == HOOK_BUSY, "released");
	CHECK(hook_returns_fini(&returns) == HOOK_BUSY, "the pool goes");
	CHECK(hook_returns_abandon(&returns, here, here + 4096) == 0, "others' slots");
	CHECK(hook_returns_abandon(&returns, here - 65536, here) == 10, "not 10");
	CHECK(hook.unwound == 10 && hook_quiet(&hook), "%u", hook.unwound);
	CHECK(!hook_release(&hook), "not released");
	test_done("calls that never return are pending until they are given up");
}

static uintptr_t stack_low(void *context, uintptr_t address)
{
	(void)context;
	return address - 65536;
}

static void test_passed(void)
{
	struct hook hook = {.on_entry = count_entry, .on_return = count_return};
	volatile int round;

	put(&hook, leap);
	for (round = 0; round < 8; round++)
		if (!setjmp(jump))
			leap(9);
	CHECK(hook.missed_returns == 80 - N_SLOTS && hook.pending == N_SLOTS, "%u, %u",
	      hook.missed_returns, hook.pending);
	platform.hook.stack_low = stack_low;
	n_returns = 0;
	CHECK(leap(1000) == 0 && n_returns == 1, "%u", n_returns);
	platform.hook.stack_low = NULL;
	CHECK(hook.unwound == N_SLOTS && hook.missed_returns == 80 - N_SLOTS, "%u, %u",
	      hook.unwound, hook.missed_returns);
	take(&hook);
	test_done("a full pool is freed of calls that the stack has been unwound past");
}

static bool is_other(uintptr_t address, uintptr_t value)
{
	return *(const uintptr_t *)address != value;
}

static struct hook swept = {.on_entry = count_entry, .on_return = count_return};
static unsigned n_swept;

/* While a call of it is inside. */
NOINLINE static unsigned long sweep_inside(volatile unsigned long n)
{
	CHECK(!hook_disarm(&swept), "not out");
	n_swept += hook_returns_sweep(&returns, is_other);
	n_swept += hook_returns_sweep(&returns, is_other);
	return n;
}

NOINLINE static void write_over(void)
{
	volatile uint8_t bytes[4096];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0;
}

static void test_swept(void)
{
	struct hook hook = {.on_entry = count_entry, .on_return = count_return};

	put(&hook, leap);
	if (!setjmp(jump))
		leap(9);
	write_over();
	CHECK(hook_returns_sweep(&returns, is_other) == 0 &&
		      hook_returns_sweep(&returns, is_other) == 0,
	      "of a hook that is in");
	CHECK(!hook_disarm(&hook) && !hook_quiet(&hook), "quiet");
	CHECK(hook_returns_sweep(&returns, is_other) == 0, "by the first sweep");
	CHECK(hook_returns_sweep(&returns, is_other) == 10 && hook_quiet(&hook), "%u",
	      hook.pending);
	CHECK(hook.unwound == 10 && !hook_release(&hook), "%u", hook.unwound);
	put(&swept, sweep_inside);
	n_returns = 0;
	CHECK(sweep_inside(5) == 5 && n_returns == 1 && !n_swept, "%u returns, %u swept", n_returns,
	      n_swept);
	CHECK(!hook_release(&swept), "not released");
	test_done("a stub that is on the stack no more has no call, one that is keeps its own");
}

/* What a handler of exceptions does, while a call is inside. */
NOINLINE static unsigned long unwind_inside(volatile unsigned long n)
{
	uintptr_t *at = (uintptr_t *)__builtin_frame_address(0) + 1, stub = *at;

	CHECK(hook_returns_unwind(&returns, stub) == *at && *at != stub, "%lx", (unsigned long)*at);
	CHECK(hook_returns_unwind(&returns, *at) == *at, "an address that is no stub");
	return n;
}

static void test_unwound(void)
{
	struct hook hook = {.on_entry = count_entry, .on_return = count_return};

	put(&hook, unwind_inside);
	n_returns = 0;
	CHECK(unwind_inside(7) == 7 && !n_returns, "%u", n_returns);
	CHECK(hook.unwound == 1 && hook_quiet(&hook) && !returns.n_unexpected, "%u", hook.unwound);
	take(&hook);
	test_done("an exception puts the return address back");
}

int main(void)
{
	hooking_init((const void *)(uintptr_t)leap);
	test_abandoned();
	test_passed();
	test_swept();
	test_unwound();
	CHECK(!hook_returns_fini(&returns) && !platform.n_allocated, "%zu", platform.n_allocated);
	test_done("everything is given back");
	return tap_end();
}
