/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unwinder of x64 kernels (NT 5.2 and later), which the headers for drivers leave out. */
#ifndef NT_UNWIND_H
#define NT_UNWIND_H

#include <ntifs.h>

#if !defined(__i386__)

struct runtime_function {
	ULONG begin, end, unwind;
};

NTKERNELAPI const struct runtime_function *NTAPI RtlLookupFunctionEntry(ULONG64 address,
									ULONG64 *base,
									void *history);
NTKERNELAPI void *NTAPI RtlVirtualUnwind(ULONG type, ULONG64 base, ULONG64 address,
					 const struct runtime_function *function, CONTEXT *context,
					 void **data, ULONG64 *establisher, void *pointers);

#endif
#endif
