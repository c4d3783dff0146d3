/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emit.h"
#include "hook.h"
#include "returns.h"

/* jmp [rip] with the address behind it. */
#define ISLAND_SIZE 14

/* With the slots of this stack's calls that never returned, where there is none without. */
static struct hook_slot *take_slot(struct hook *hook, struct hook_registers *registers)
{
	struct hook_slot *slot = hook_returns_take(hook->returns, (uintptr_t)registers);
	uintptr_t stack = (uintptr_t)&registers->return_address, low = 0, high = stack;

	if (slot)
		return slot;
	if (hook->platform->stack_low)
		low = hook->platform->stack_low(hook->platform->context, stack);
	/* A function that ends by jumping to this one stands at the same place. */
	if (hook_returns_original(hook->returns, registers->return_address) ==
	    registers->return_address)
		high++;
	if (!low || !hook_returns_abandon(hook->returns, low, high))
		return NULL;
	return hook_returns_take(hook->returns, (uintptr_t)registers);
}

/* What the entry thunk calls. */
static void entered(struct hook *hook, struct hook_registers *registers)
{
	struct hook_returns *returns = hook->returns;
	struct hook_slot *slot = NULL;
	bool wants;

	hook_add(&hook->inside, 1);
	if (hook->on_return) {
		slot = take_slot(hook, registers);
		if (slot) {
			slot->original = registers->return_address;
			slot->stack = (uintptr_t)&registers->return_address;
			slot->changed = false;
		} else {
			hook_add(&hook->missed_returns, 1);
		}
	}
	wants = hook->on_entry(hook, registers, slot);
	if (slot && wants) {
		hook_add(&hook->pending, 1);
		__atomic_store_n(&slot->hook, hook, __ATOMIC_RELEASE);
		registers->return_address = hook_returns_stub(returns, slot);
	} else if (slot) {
		slot->stack = 0;
		hook_returns_give(returns, slot);
	}
	hook_add(&hook->inside, (uint32_t)-1);
}

static bool reaches(const struct hook *hook, uintptr_t from, uintptr_t to)
{
	return hook->plan.mode == INSN_32 || emit_reaches(from + 5, to);
}

static void release_memory(struct hook *hook)
{
	const struct hook_platform *platform = hook->platform;

	if (hook->thunk)
		platform->release(platform->context, hook->thunk, HOOK_THUNK_MAX);
	if (hook->trampoline)
		platform->release(platform->context, hook->trampoline, hook->n_trampoline);
	hook->thunk = NULL;
	hook->trampoline = NULL;
}

/* Memory for the trampoline where its operands reach, with room for an island behind it. */
static enum hook_reason allocate(struct hook *hook)
{
	const struct hook_platform *platform = hook->platform;
	uint8_t code[HOOK_TRAMPOLINE_MAX];
	uintptr_t target = (uintptr_t)hook->plan.patch_address;
	uintptr_t around = hook->plan.form == HOOK_FORM_FAR ? 0 : target;
	enum hook_reason reason;
	size_t n;

	/* Its length as near as it can be; jumps that don't reach from elsewhere are longer by 9.
	 */
	reason = hook_relocate(&hook->plan, hook->plan.address, code, &n);
	if (reason)
		return reason;
	if (hook->plan.form == HOOK_FORM_FAR)
		n = HOOK_TRAMPOLINE_MAX;
	hook->thunk = platform->allocate(platform->context, 0, HOOK_THUNK_MAX);
	if (!hook->thunk)
		return HOOK_NO_MEMORY;
	if (around && !reaches(hook, around, (uintptr_t)hook->thunk))
		n += ISLAND_SIZE;
	hook->n_trampoline = (uint16_t)((n + 15) & ~(size_t)15);
	hook->trampoline = platform->allocate(platform->context, around, hook->n_trampoline);
	return hook->trampoline ? HOOK_NONE : around ? HOOK_TOO_FAR : HOOK_NO_MEMORY;
}

static void far_jump(struct emit *emit, uint64_t target)
{
	EMIT(emit, 0xff, 0x25, 0, 0, 0, 0);
	emit_value(emit, target, 8);
}

/* The patch: a jump to the thunk, or to the island. */
static void make_patch(struct hook *hook, uintptr_t to)
{
	struct emit emit = {.bytes = hook->patch, .address = hook->plan.patch_address};

	if (hook->plan.form == HOOK_FORM_FAR) {
		far_jump(&emit, to);
		return;
	}
	emit_byte(&emit, 0xe9);
	emit_value(&emit, to - (emit_here(&emit) + 4), 4);
	if (hook->plan.form == HOOK_FORM_HOTPATCH)
		EMIT(&emit, 0xeb, 0x100 - 2 - 5);
}

static enum hook_reason make_trampoline(struct hook *hook)
{
	struct emit emit = {.address = (uintptr_t)hook->trampoline};
	uint8_t code[HOOK_TRAMPOLINE_MAX + ISLAND_SIZE];
	uintptr_t to = (uintptr_t)hook->thunk;
	enum hook_reason reason;

	emit.bytes = code;
	reason = hook_relocate(&hook->plan, emit.address, code, &emit.n);
	if (reason)
		return reason;
	if (hook->plan.form != HOOK_FORM_FAR &&
	    !reaches(hook, (uintptr_t)hook->plan.patch_address, to)) {
		to = (uintptr_t)emit_here(&emit);
		far_jump(&emit, (uintptr_t)hook->thunk);
	}
	if (emit.n > hook->n_trampoline)
		return HOOK_TOO_FAR;
	make_patch(hook, to);
	return hook->platform->fill(hook->platform->context, hook->trampoline, code, emit.n)
		       ? HOOK_NONE
		       : HOOK_WRITE_FAILED;
}

static enum hook_reason make_thunk(struct hook *hook)
{
	uint8_t code[HOOK_THUNK_MAX];
	struct hook_thunk thunk = {
		.abi = HOOK_ABI_NATIVE,
		.address = (uintptr_t)hook->thunk,
		.function = (uintptr_t)entered,
		.argument = (uintptr_t)hook,
		.trampoline = (uintptr_t)hook->trampoline,
		.sse = hook->sse,
	};

	hook->n_thunk = (uint16_t)hook_thunk_entry(&thunk, code);
	return hook->platform->fill(hook->platform->context, hook->thunk, code, hook->n_thunk)
		       ? HOOK_NONE
		       : HOOK_WRITE_FAILED;
}

enum hook_reason hook_prepare(struct hook *hook, const struct hook_platform *platform,
			      struct hook_returns *returns)
{
	enum hook_reason reason;

	if (hook->state != HOOK_EMPTY || !hook->on_entry || (hook->on_return && !returns))
		return HOOK_STATE;
	if (hook->on_return && hook->plan.reads_return)
		return HOOK_READS_RETURN;
	hook->platform = platform;
	hook->returns = returns;
	hook->inside = hook->pending = hook->missed_returns = hook->unwound = 0;
	reason = allocate(hook);
	if (!reason)
		reason = make_trampoline(hook);
	if (!reason)
		reason = make_thunk(hook);
	if (reason)
		release_memory(hook);
	else
		hook->state = HOOK_PREPARED;
	return reason;
}

static bool equal(const volatile uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static bool write_part(struct hook *hook, size_t from, size_t n, const uint8_t *old,
		       const uint8_t *new, unsigned n_inside)
{
	uint8_t *address = (uint8_t *)(uintptr_t)hook->plan.patch_address;

	return hook->platform->write(hook->platform->context, address + from, old + from,
				     new + from, n, n_inside);
}

/* Replace all of the patch's bytes. The padding is written while nothing leads there. */
static bool write_patch(struct hook *hook, const uint8_t *old, const uint8_t *new)
{
	size_t n_padding = hook->plan.n_original - hook->plan.n_patched;
	size_t n = hook->plan.n_patched;
	bool arming = new == hook->patch;

	if (!n_padding)
		return write_part(hook, 0, n, old, new, hook->plan.n_inside);
	if (arming && !write_part(hook, 0, n_padding, old, new, 0))
		return false;
	if (!write_part(hook, n_padding, n, old, new, hook->plan.n_inside)) {
		if (arming)
			write_part(hook, 0, n_padding, new, old, 0);
		return false;
	}
	/* What remains in the padding if this fails leads nowhere wrong, and nothing leads to it.
	 */
	return arming || write_part(hook, 0, n_padding, old, new, 0);
}

static enum hook_reason change(struct hook *hook, const uint8_t *old, const uint8_t *new)
{
	const uint8_t *address = (const uint8_t *)(uintptr_t)hook->plan.patch_address;

	if (!equal(address, old, hook->plan.n_original))
		return HOOK_CHANGED;
	return write_patch(hook, old, new) ? HOOK_NONE : HOOK_WRITE_FAILED;
}

enum hook_reason hook_arm(struct hook *hook)
{
	enum hook_reason reason;

	if (hook->state != HOOK_PREPARED)
		return HOOK_STATE;
	reason = change(hook, hook->plan.original, hook->patch);
	if (!reason)
		hook->state = HOOK_ARMED;
	return reason;
}

enum hook_reason hook_disarm(struct hook *hook)
{
	enum hook_reason reason;

	if (hook->state != HOOK_ARMED)
		return HOOK_STATE;
	if (equal((const uint8_t *)(uintptr_t)hook->plan.patch_address, hook->plan.original,
		  hook->plan.n_original))
		reason = HOOK_NONE;
	else
		reason = change(hook, hook->patch, hook->plan.original);
	if (!reason)
		hook->state = HOOK_PREPARED;
	return reason;
}

void hook_forget(struct hook *hook)
{
	if (hook->state == HOOK_ARMED)
		hook->state = HOOK_PREPARED;
}

bool hook_quiet(const struct hook *hook)
{
	return !__atomic_load_n(&hook->inside, __ATOMIC_SEQ_CST) &&
	       !__atomic_load_n(&hook->pending, __ATOMIC_SEQ_CST);
}

bool hook_contains(const struct hook *hook, uintptr_t ip)
{
	return (hook->thunk && ip - (uintptr_t)hook->thunk < HOOK_THUNK_MAX) ||
	       (hook->trampoline && ip - (uintptr_t)hook->trampoline < hook->n_trampoline);
}

enum hook_reason hook_release(struct hook *hook)
{
	if (hook->state != HOOK_PREPARED)
		return HOOK_STATE;
	if (!hook_quiet(hook))
		return HOOK_BUSY;
	release_memory(hook);
	hook->state = HOOK_EMPTY;
	return HOOK_NONE;
}
