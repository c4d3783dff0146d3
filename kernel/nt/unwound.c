/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls whose return is hooked and that do not return: an exception unwinds the stack past them, or
 * their thread ends.
 *
 * On x64 who looks for the handler of an exception finds its way by return addresses, and those of
 * hooked calls are stubs. These have unwind data with a handler of their own, which puts the real
 * address back on the stack and into the search. Unwinding comes after the search, and by then no
 * stub is left where it goes. On i386 handlers are linked, and nobody asks for return addresses.
 */
#include "trace.h"
#include "unwind.h"

#if !defined(__i386__)

#include "room.h"

#define UNWINDING 0x06u /* EXCEPTION_UNWINDING, EXCEPTION_EXIT_UNWIND */

/* DISPATCHER_CONTEXT, as far as it is used; "x64 exception handling" in Microsoft's manual. */
struct dispatcher {
	ULONG64 control, base;
	const void *function;
	ULONG64 frame, target;
	CONTEXT *context; /* of the caller: where the search goes on */
};

EXCEPTION_DISPOSITION NTAPI unwound_handle(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
					   struct dispatcher *dispatcher);

/* Any IRQL that exceptions are raised at. */
EXCEPTION_DISPOSITION NTAPI unwound_handle(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
					   struct dispatcher *dispatcher)
{
	uintptr_t caller;

	if (record->ExceptionFlags & UNWINDING)
		return ExceptionContinueSearch;
	caller = hook_returns_unwind(&trace.returns, dispatcher->control);
	/* No address was popped for the stub: the stack pointer is the caller's already. */
	if (caller != dispatcher->control) {
		dispatcher->context->Rip = caller;
		dispatcher->context->Rsp = (uintptr_t)frame;
	}
	return ExceptionContinueSearch;
}

void unwound_init(void)
{
	hook_unwind_nt(false, room_entry_unwind);
	hook_unwind_nt(true, room_return_unwind);
}

#else

void unwound_init(void)
{
}

#endif

/* Others are parked, so what is valid stays so. DISPATCH_LEVEL; PASSIVE_LEVEL under Wine. */
static bool is_changed(uintptr_t address, uintptr_t value)
{
	return MmIsAddressValid((void *)address) && *(const uintptr_t *)address != value;
}

static void sweep(void *context)
{
	hook_returns_sweep(&trace.returns, is_changed);
}

void unwound_sweep(void)
{
	if (!trace.returns_memory || !code_parked(sweep, NULL))
		return;
	system_let_others_run();
	code_parked(sweep, NULL);
}

uint32_t unwound_count(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < trace.n_traced; i++)
		n += trace.traced[i]->unwound + hook_count(&trace.traced[i]->hook.unwound);
	return n;
}
