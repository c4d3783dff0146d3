/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks in a program of NT on x64, run by Wine: its calling convention, and its unwinder with the
 * unwind data of the thunks. nt.sh runs it.
 */
#include <windows.h>

#include "nt/hook/hook.h"
#include "tap.h"

#define N_SLOTS 64
#define N_FRAMES 32
#define NOINLINE __attribute__((noinline, noclone))

static void *allocate(void *context, uintptr_t around, size_t size)
{
	const uintptr_t step = 0x10000; /* allocations begin at multiples of it */

	(void)context;
	if (!around)
		return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
	for (uintptr_t at = (around & ~(step - 1)) - step; around - at < 0x40000000; at -= step) {
		void *memory = VirtualAlloc((void *)at, size, MEM_RESERVE | MEM_COMMIT,
					    PAGE_EXECUTE_READWRITE);

		if (memory)
			return memory;
	}
	return NULL;
}

static void release(void *context, void *memory, size_t size)
{
	(void)context;
	(void)size;
	VirtualFree(memory, 0, MEM_RELEASE);
}

static bool fill(void *context, void *memory, const uint8_t *bytes, size_t n)
{
	(void)context;
	memcpy(memory, bytes, n);
	return true;
}

/* There is one thread. */
static bool write_code(void *context, void *address, const uint8_t *expected, const uint8_t *bytes,
		       size_t n, unsigned n_inside)
{
	DWORD before;

	(void)context;
	(void)n_inside;
	if (memcmp(address, expected, n) ||
	    !VirtualProtect(address, n, PAGE_EXECUTE_READWRITE, &before))
		return false;
	memcpy(address, bytes, n);
	return VirtualProtect(address, n, before, &before);
}

static const struct hook_platform platform = {
	.allocate = allocate, .release = release, .fill = fill, .write = write_code};
static struct hook_returns returns;

struct walk {
	void *frames[N_FRAMES];
	unsigned n;
};

static struct walk plain, at_entry, at_return;
static uintptr_t seen[6];
static uint64_t seen_value;

static void walk(struct walk *walk)
{
	walk->n = RtlCaptureStackBackTrace(0, N_FRAMES, walk->frames, NULL);
}

static bool on_entry(struct hook *hook, struct hook_registers *registers, struct hook_slot *slot)
{
	(void)hook;
	(void)slot;
	for (unsigned i = 0; i < 6; i++)
		seen[i] = hook_argument(registers, i);
	walk(&at_entry);
	return true;
}

static void on_return(struct hook *hook, struct hook_registers *registers, struct hook_slot *slot)
{
	(void)hook;
	(void)slot;
	seen_value = hook_return_value(registers);
	walk(&at_return);
}

NOINLINE static uint64_t target(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
				uint64_t f)
{
	volatile uint64_t sum = a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f;

	if (!plain.n)
		walk(&plain);
	return sum;
}

NOINLINE static uint64_t caller(void)
{
	volatile uint64_t sum = target(11, 22, 33, 44, 55, 66);

	return sum;
}

/* Unwind data of a thunk, behind its code in the same allocation. */
static void describe(uint8_t *thunk, size_t n, bool is_return, RUNTIME_FUNCTION *function)
{
	uint8_t bytes[HOOK_UNWIND_MAX], *info = thunk + HOOK_THUNK_MAX;

	memcpy(info, bytes, hook_unwind_nt(is_return, bytes));
	CHECK(hook_runtime_function((uintptr_t)thunk, (uintptr_t)thunk, (uintptr_t)thunk + n,
				    (uintptr_t)info, (uint8_t *)function),
	      "out of reach");
	CHECK(RtlAddFunctionTable(function, 1, (uintptr_t)thunk), "not added");
}

/* From target's caller on, a stack that a handler walked is the one that target itself saw. */
static void check_walk(const struct walk *walked, const char *where)
{
	unsigned first = 0;

	while (first < walked->n && walked->frames[first] != plain.frames[1])
		first++;
	CHECK(first == 3, "%s: the caller is frame %u, not behind handler, core and thunk", where,
	      first);
	CHECK(walked->n - first == plain.n - 1, "%s: %u frames, not %u", where, walked->n - first,
	      plain.n - 1);
	/* frames[2] is main, which calls from another place now */
	for (unsigned i = 3; i < plain.n; i++)
		CHECK(walked->frames[first + i - 1] == plain.frames[i], "%s: frame %u", where, i);
}

int main(void)
{
	struct hook hook = {.on_entry = on_entry, .on_return = on_return};
	struct hook_function function = {.mode = INSN_64,
					 .address = (uintptr_t)target,
					 .bytes = (const uint8_t *)(uintptr_t)target,
					 .size = 64,
					 .executable = true};
	RUNTIME_FUNCTION tables[2];
	void *memory = VirtualAlloc(NULL, hook_returns_size(N_SLOTS), MEM_RESERVE | MEM_COMMIT,
				    PAGE_READWRITE);
	uint64_t before = caller();

	CHECK(!hook_returns_init(&returns, memory, N_SLOTS, &platform, false), "no pool");
	CHECK(!hook_plan(&function, HOOK_FORM_NEAR, &hook.plan), "no plan");
	CHECK(!hook_prepare(&hook, &platform, &returns), "not prepared");
	CHECK(!hook_arm(&hook), "not armed");
	describe(hook.thunk, hook.n_thunk, false, &tables[0]);
	describe(returns.thunk, returns.n_thunk, true, &tables[1]);
	CHECK(caller() == before && seen_value == before, "%llu", (unsigned long long)seen_value);
	for (unsigned i = 0; i < 6; i++)
		CHECK(seen[i] == 11 * (i + 1), "argument %u", i);
	test_done("x64 functions of NT are hooked: arguments and result");
	check_walk(&at_entry, "entry");
	check_walk(&at_return, "return");
	test_done("the unwinder goes through the thunks");
	for (unsigned i = 0; i < 2; i++)
		RtlDeleteFunctionTable(&tables[i]);
	CHECK(!hook_disarm(&hook) && !hook_release(&hook) && !hook_returns_fini(&returns), "busy");
	seen_value = 0;
	CHECK(caller() == before && !seen_value, "still hooked");
	test_done("the hook is taken out");
	return tap_end();
}
