/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks in running code: put in, taken out, and the calls that pass through them. The platform
 * (TRACE.SYS, or a test in user space) gives memory and writes code; everything else is here.
 *
 *	hook_plan(&function, HOOK_FORM_NEAR, &hook.plan);	may it be hooked, and how
 *	hook_prepare(&hook, &platform, &returns);		trampoline and thunk
 *	hook_arm(&hook);					calls pass through from now on
 *	hook_disarm(&hook);					no more of them
 *	hook_quiet(&hook)					is nobody inside any more?
 *	hook_release(&hook);					gives the memory back
 *
 * hook_prepare, _arm, _disarm and _release are called by one thread at a time, at an IRQL that the
 * platform's functions allow. Calls pass at any IRQL that the hooked functions run at: what they
 * execute here takes no lock, allocates nothing and touches only the hook and the pool, which must
 *be in non-paged memory.
 */
#ifndef NT_HOOK_HOOK_H
#define NT_HOOK_HOOK_H

#include "plan.h"
#include "relocate.h"
#include "thunk.h"

struct hook;
struct hook_returns;

/* A call that is on its way and will be seen when it returns. */
struct hook_slot {
	uintptr_t original; /* the return address; must be first, unwind data finds it there */
	struct hook *hook;  /* NULL: nobody's call, or it ends just now */
	uintptr_t stack;    /* where on the stack the return address stood */
	bool changed;	    /* the last sweep found something else there */
	uint64_t entry[4];  /* for the handlers: what the entry wants to hand to the return */
};

/* What a code writer does. */
struct hook_platform {
	void *context;
	/*
	 * Executable memory of this size, aligned to 16. On x64 a rel32 leads from any of its bytes
	 * to anything within 1 MB of around; 0 as around: it may be anywhere. NULL: there is none.
	 */
	void *(*allocate)(void *context, uintptr_t around, size_t size);
	void (*release)(void *context, void *memory, size_t size);
	/* Fill memory of allocate(). */
	bool (*fill)(void *context, void *memory, const uint8_t *bytes, size_t n);
	/*
	 * Replace n bytes of live code, which are checked to be expected now, so that no processor
	 * sees a mixture. n_inside: as in the plan; where it isn't 0, no thread may be about to run
	 * an instruction in (address, address + n): stop all others and look where they stand. n is
	 * up to HOOK_PATCH_MAX; 5 or less may fit an aligned 8-byte word or not. False: nothing was
	 * written.
	 */
	bool (*write)(void *context, void *address, const uint8_t *expected, const uint8_t *bytes,
		      size_t n, unsigned n_inside);
	/*
	 * Optional: the lowest address of the stack that this address is on, when it is the one
	 * that this thread runs on; else 0. Any IRQL.
	 */
	uintptr_t (*stack_low)(void *context, uintptr_t address);
	/* Where a pool's code lies, HOOK_RETURNS_CODE() bytes; NULL: anywhere, by allocate(). */
	uint8_t *returns_code;
};

enum hook_state {
	HOOK_EMPTY,    /* planned at most */
	HOOK_PREPARED, /* has its code, not in the function */
	HOOK_ARMED,
};

struct hook {
	struct hook_plan plan; /* filled by the caller with hook_plan() */
	/*
	 * Called for each call, with a slot if its return will be seen. Says whether it wants the
	 * return; without slot it is not asked. May change argument registers.
	 */
	bool (*on_entry)(struct hook *hook, struct hook_registers *registers,
			 struct hook_slot *slot);
	/* NULL: entries only. registers->return_address is the real one. May change return values.
	 */
	void (*on_return)(struct hook *hook, struct hook_registers *registers,
			  struct hook_slot *slot);
	void *context; /* the caller's */
	bool sse;      /* i386: save SSE registers, for code that the caller compiled with SSE */

	/* Kept by hook.c. */
	uint8_t state; /* enum hook_state */
	const struct hook_platform *platform;
	struct hook_returns *returns;
	uint8_t *trampoline; /* and behind it an island, where the thunk is too far for a jump */
	uint8_t *thunk;
	uint16_t n_trampoline, n_thunk; /* bytes of their memory */
	uint8_t patch[HOOK_PATCH_MAX];	/* what replaces plan.original */
	/* Counted with atomic operations; read them with hook_count(). */
	uint32_t inside;	 /* threads in the entry or the return handler */
	uint32_t pending;	 /* calls whose return will be seen */
	uint32_t missed_returns; /* the pool was full: such a call's return was not seen */
	uint32_t unwound;	 /* calls that ended without a return, or with one past the hook */
};

/* All of these return HOOK_NONE or why it was not done. */

/* returns may be NULL without on_return, and is shared by hooks. */
enum hook_reason hook_prepare(struct hook *hook, const struct hook_platform *platform,
			      struct hook_returns *returns);
enum hook_reason hook_arm(struct hook *hook);
/*
 * HOOK_CHANGED: somebody wrote over the jump; the hook stays armed and must not be released. It is
 * fine when the function's own bytes are there again: its module has come back.
 */
enum hook_reason hook_disarm(struct hook *hook);
/* The function is not in memory any more: as hook_disarm(), without touching it. */
void hook_forget(struct hook *hook);
/*
 * True when no handler runs and no return is awaited. A thread can still be in the last
 * instructions of the thunk or in the trampoline: before hook_release(), the platform must have
 * made every thread leave them (hook_contains() tells for an instruction pointer).
 */
bool hook_quiet(const struct hook *hook);
bool hook_contains(const struct hook *hook, uintptr_t ip);
enum hook_reason hook_release(struct hook *hook);

static inline uint32_t hook_count(const uint32_t *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

/*
 * The pool of slots for calls whose return is hooked, and the code that they return through. All
 * fields are set by hook_returns_init().
 */
struct hook_returns {
	struct hook_slot *slots;
	uint32_t *used; /* a bit for each slot */
	uint32_t n_slots;
	uint8_t *stubs, *thunk; /* the return thunk lies behind the stubs */
	size_t n_thunk;
	const struct hook_platform *platform;
	uint32_t n_unexpected; /* returns through a free slot: a function that returned twice */
};

/* Bytes of a pool's code: the stubs, behind room for the byte that unwinders look up before a
 * return address, and the return thunk. */
#define HOOK_RETURNS_STUBS(n_slots) (((n_slots) + 1) * HOOK_STUB_SIZE)
#define HOOK_RETURNS_CODE(n_slots) (HOOK_RETURNS_STUBS(n_slots) + HOOK_THUNK_MAX)

/* Bytes of non-paged memory that a pool of n_slots needs. */
size_t hook_returns_size(uint32_t n_slots);
/*
 * memory has hook_returns_size() bytes, aligned to 16, and stays the caller's; it must stay as long
 * as any return is pending. n_slots is a multiple of 32. sse as in struct hook, for all of its
 * hooks.
 */
enum hook_reason hook_returns_init(struct hook_returns *returns, void *memory, uint32_t n_slots,
				   const struct hook_platform *platform, bool sse);
/* HOOK_BUSY while a return is pending. */
enum hook_reason hook_returns_fini(struct hook_returns *returns);
/*
 * A return address as it would be without hooks: that of a slot's stub becomes the one that the
 * slot keeps, every other is returned as it is. For whoever walks a stack.
 */
uintptr_t hook_returns_original(const struct hook_returns *returns, uintptr_t address);
/*
 * Give back the slots of calls whose return address stood in [low, high) and that will never
 * return, because the thread ends or unwound its stack past them. Returns their number.
 */
uint32_t hook_returns_abandon(struct hook_returns *returns, uintptr_t low, uintptr_t high);
/*
 * An exception goes up through the frame that returns to this stub: put the real return address
 * back on the stack, before anything is unwound, and give back the slots. If the exception is
 * continued, the call returns past the hook. Returns the real return address.
 */
uintptr_t hook_returns_unwind(struct hook_returns *returns, uintptr_t stub);
/*
 * Give back the slots of hooks that are out and whose stub is on the stack no more, so that the
 * call can't return: its stack was unwound, or its thread has ended. is_changed(address, value):
 * something else is known to stand there. The slots that were found so twice are given back;
 * between two sweeps every thread must have left thunks and stubs. Returns their number.
 */
uint32_t hook_returns_sweep(struct hook_returns *returns,
			    bool (*is_changed)(uintptr_t address, uintptr_t value));

#endif
