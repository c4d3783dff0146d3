/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking a stack from the registers that a thunk has saved. RtlCaptureStackBackTrace would begin
 * at ourselves, and can't know what stands for a return address that is hooked.
 */
#include "trace.h"
#include "unwind.h"

static bool is_code(uintptr_t address)
{
	/* The kernel's half; what called it from a process is not of interest. */
	return trace.in_process ? address >= 0x10000 : (intptr_t)address < 0;
}

static uintptr_t original(uintptr_t address)
{
	return trace.returns_memory ? hook_returns_original(&trace.returns, address) : address;
}

#if defined(__i386__)

/* What a frame pointer points to. */
struct linked {
	struct linked *caller;
	uintptr_t return_address;
};

static size_t walk(const struct hook_registers *registers, uint64_t *frames, size_t n)
{
	const struct linked *frame = (const struct linked *)registers->ebp;
	ULONG_PTR low, high;
	size_t done = 0;

	IoGetStackLimits(&low, &high);
	if ((uintptr_t)registers > low)
		low = (uintptr_t)registers;
	while (done < n) {
		uintptr_t at = (uintptr_t)frame, address;

		if (at < low || at > high - sizeof(*frame) || at % 4)
			break;
		address = original(frame->return_address);
		if (!is_code(address))
			break;
		frames[done++] = address;
		low = at + sizeof(*frame);
		frame = frame->caller;
	}
	return done;
}

#else

static size_t walk(const struct hook_registers *registers, uint64_t *frames, size_t n)
{
	CONTEXT context;
	ULONG_PTR low, high;
	size_t done = 0;

	context.ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
	context.Rbx = registers->rbx;
	context.Rbp = registers->rbp;
	context.Rsi = registers->rsi;
	context.Rdi = registers->rdi;
	context.R12 = registers->r12;
	context.R13 = registers->r13;
	context.R14 = registers->r14;
	context.R15 = registers->r15;
	context.Rip = original(registers->return_address);
	context.Rsp = (uintptr_t)registers->stack;
	IoGetStackLimits(&low, &high);
	while (done < n) {
		ULONG64 base, establisher, before = context.Rsp;
		const struct runtime_function *function;
		void *data;

		if (before < low || before > high - 8 || before % 8)
			break;
		function = RtlLookupFunctionEntry(context.Rip, &base, NULL);
		if (function) {
			RtlVirtualUnwind(0, base, context.Rip, function, &context, &data,
					 &establisher, NULL);
		} else {
			context.Rip = *(const ULONG64 *)context.Rsp;
			context.Rsp += 8;
		}
		context.Rip = original(context.Rip);
		if (!is_code(context.Rip) || context.Rsp <= before)
			break;
		frames[done++] = context.Rip;
	}
	return done;
}

#endif

size_t stack_walk(const struct hook_registers *registers, uint64_t function, uint64_t *frames,
		  size_t n, bool *truncated)
{
	size_t done;

	frames[0] = function;
	frames[1] = original(registers->return_address);
	/* One more than is kept shows whether there is more. */
	done = 2 + walk(registers, frames + 2, n - 1);
	*truncated = done > n;
	return done < n ? done : n;
}

uint64_t stack_hash(const uint64_t *frames, size_t n)
{
	uint64_t hash = n;

	for (size_t i = 0; i < n; i++) {
		hash = (hash ^ frames[i]) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return hash;
}
