/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "returns.h"

#define ALL_USED UINT32_MAX

size_t hook_returns_size(uint32_t n_slots)
{
	return n_slots * sizeof(struct hook_slot) + n_slots / 8;
}

struct hook_slot *hook_returns_take(struct hook_returns *returns, uintptr_t spread)
{
	uint32_t n_words = returns->n_slots / 32;
	/* A page of stack is rarely two threads'. */
	uint32_t first = (uint32_t)(spread >> 12) % n_words;

	for (uint32_t i = 0; i < n_words; i++) {
		uint32_t word = (first + i) % n_words;
		uint32_t used = __atomic_load_n(&returns->used[word], __ATOMIC_RELAXED);

		while (used != ALL_USED) {
			uint32_t bit = (uint32_t)__builtin_ctz(~used);

			if (__atomic_compare_exchange_n(&returns->used[word], &used,
							used | 1u << bit, false, __ATOMIC_ACQUIRE,
							__ATOMIC_RELAXED))
				return &returns->slots[word * 32 + bit];
		}
	}
	return NULL;
}

void hook_returns_give(struct hook_returns *returns, struct hook_slot *slot)
{
	uint32_t index = (uint32_t)(slot - returns->slots);

	__atomic_fetch_and(&returns->used[index / 32], ~(1u << index % 32), __ATOMIC_RELEASE);
}

uintptr_t hook_returns_stub(const struct hook_returns *returns, const struct hook_slot *slot)
{
	return (uintptr_t)returns->stubs + (uintptr_t)(slot - returns->slots) * HOOK_STUB_SIZE;
}

static struct hook_slot *slot_at(const struct hook_returns *returns, uintptr_t stub)
{
	uintptr_t offset = stub - (uintptr_t)returns->stubs;

	if (offset >= (uintptr_t)returns->n_slots * HOOK_STUB_SIZE)
		return NULL;
	return &returns->slots[offset / HOOK_STUB_SIZE];
}

uintptr_t hook_returns_original(const struct hook_returns *returns, uintptr_t address)
{
	/* A function that ends by jumping to a hooked one returns through both slots. */
	for (uint32_t i = 0; i < returns->n_slots; i++) {
		const struct hook_slot *slot = slot_at(returns, address);

		if (!slot)
			break;
		address = slot->original;
	}
	return address;
}

/* The hook of a slot's call, for whoever ends the call: there is one. */
static struct hook *end(struct hook_slot *slot)
{
	return __atomic_exchange_n(&slot->hook, NULL, __ATOMIC_ACQ_REL);
}

/* Without a return. */
static void end_unwound(struct hook_returns *returns, struct hook_slot *slot, struct hook *hook)
{
	slot->stack = 0;
	hook_returns_give(returns, slot);
	hook_add(&hook->unwound, 1);
	hook_add(&hook->pending, (uint32_t)-1);
}

uint32_t hook_returns_abandon(struct hook_returns *returns, uintptr_t low, uintptr_t high)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < returns->n_slots; i++) {
		struct hook_slot *slot = &returns->slots[i];
		struct hook *hook;

		if (slot->stack < low || slot->stack >= high)
			continue;
		hook = end(slot);
		if (!hook)
			continue;
		end_unwound(returns, slot, hook);
		n++;
	}
	return n;
}

uintptr_t hook_returns_unwind(struct hook_returns *returns, uintptr_t stub)
{
	uintptr_t original = hook_returns_original(returns, stub);

	for (uint32_t i = 0; i < returns->n_slots; i++) {
		struct hook_slot *slot = slot_at(returns, stub);
		uintptr_t next;
		struct hook *hook;

		if (!slot)
			break;
		next = slot->original;
		hook = end(slot);
		/* Of several slots of one call, the first one's stub is on the stack. */
		if (hook && *(uintptr_t *)slot->stack == stub)
			*(uintptr_t *)slot->stack = original;
		if (hook)
			end_unwound(returns, slot, hook);
		stub = next;
	}
	return original;
}

uint32_t hook_returns_sweep(struct hook_returns *returns,
			    bool (*is_changed)(uintptr_t address, uintptr_t value))
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < returns->n_slots; i++) {
		struct hook_slot *slot = &returns->slots[i];
		struct hook *hook = __atomic_load_n(&slot->hook, __ATOMIC_ACQUIRE);
		bool before = slot->changed;

		if (!hook || hook->state == HOOK_ARMED)
			continue;
		slot->changed = is_changed(slot->stack, hook_returns_stub(returns, slot));
		if (!before || !slot->changed || !end(slot))
			continue;
		end_unwound(returns, slot, hook);
		n++;
	}
	return n;
}

/* What the return thunk calls. */
static void returned(struct hook_returns *returns, struct hook_registers *registers)
{
	struct hook_slot *slot = &returns->slots[(uint32_t)registers->tag];
	struct hook *hook = end(slot);

	/* Before anything else, so that a stack that is walked from here on is as it would be. */
	registers->return_address = slot->original;
	if (!hook) {
		hook_add(&returns->n_unexpected, 1);
		return;
	}
	hook_add(&hook->inside, 1);
	hook->on_return(hook, registers, slot);
	slot->stack = 0;
	hook_returns_give(returns, slot);
	hook_add(&hook->pending, (uint32_t)-1);
	hook_add(&hook->inside, (uint32_t)-1);
}

static bool write_code(struct hook_returns *returns, bool sse)
{
	const struct hook_platform *platform = returns->platform;
	uint8_t bytes[HOOK_THUNK_MAX];
	struct hook_thunk thunk = {
		.abi = HOOK_ABI_NATIVE,
		.address = (uintptr_t)returns->thunk,
		.function = (uintptr_t)returned,
		.argument = (uintptr_t)returns,
		.sse = sse,
	};

	for (uint32_t i = 0; i < returns->n_slots; i++) {
		uint8_t *stub = returns->stubs + (size_t)i * HOOK_STUB_SIZE;

		hook_thunk_stub(HOOK_ABI_NATIVE, (uintptr_t)stub, i, thunk.address, bytes);
		if (!platform->fill(platform->context, stub, bytes, HOOK_STUB_SIZE))
			return false;
	}
	returns->n_thunk = hook_thunk_return(&thunk, bytes);
	return platform->fill(platform->context, returns->thunk, bytes, returns->n_thunk);
}

static void release_code(const struct hook_returns *returns)
{
	const struct hook_platform *platform = returns->platform;

	if (!platform->returns_code)
		platform->release(platform->context, returns->stubs - HOOK_STUB_SIZE,
				  HOOK_RETURNS_CODE(returns->n_slots));
}

enum hook_reason hook_returns_init(struct hook_returns *returns, void *memory, uint32_t n_slots,
				   const struct hook_platform *platform, bool sse)
{
	struct hook_returns made = {.slots = memory, .n_slots = n_slots, .platform = platform};
	uint8_t *code;

	if (!n_slots || n_slots % 32)
		return HOOK_STATE;
	code = platform->returns_code;
	if (!code)
		code = platform->allocate(platform->context, 0, HOOK_RETURNS_CODE(n_slots));
	if (!code)
		return HOOK_NO_MEMORY;
	made.used = (uint32_t *)(made.slots + n_slots);
	for (uint32_t i = 0; i < n_slots; i++)
		made.slots[i] = (struct hook_slot){0};
	for (uint32_t i = 0; i < n_slots / 32; i++)
		made.used[i] = 0;
	made.stubs = code + HOOK_STUB_SIZE;
	made.thunk = made.stubs + (size_t)n_slots * HOOK_STUB_SIZE;
	*returns = made;
	if (write_code(returns, sse))
		return HOOK_NONE;
	release_code(returns);
	return HOOK_WRITE_FAILED;
}

enum hook_reason hook_returns_fini(struct hook_returns *returns)
{
	for (uint32_t i = 0; i < returns->n_slots / 32; i++)
		if (__atomic_load_n(&returns->used[i], __ATOMIC_ACQUIRE))
			return HOOK_BUSY;
	release_code(returns);
	return HOOK_NONE;
}
