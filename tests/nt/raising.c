/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions that are raised below hooked functions, and the handler above them: raising.S. */
#include "raising.h"

#include <windef.h>
#include <winnt.h>

#define UNWINDING 0x06u /* EXCEPTION_UNWINDING, EXCEPTION_EXIT_UNWIND */

uintptr_t NTAPI KmnGuarded(uintptr_t a, uintptr_t b);
extern char raising_landing[];

#if defined(__i386__)

EXCEPTION_DISPOSITION raising_handle(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
				     void *dispatcher);

EXCEPTION_DISPOSITION raising_handle(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
				     void *dispatcher)
{
	if (record->ExceptionFlags & UNWINDING)
		return ExceptionContinueSearch;
	RtlUnwind(frame, NULL, record, NULL);
	__asm__ volatile("jmp _raising_landing" ::"a"(frame));
	__builtin_unreachable();
}

#else

EXCEPTION_DISPOSITION NTAPI raising_handle(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
					   void *dispatcher);

EXCEPTION_DISPOSITION NTAPI raising_handle(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
					   void *dispatcher)
{
	if (!(record->ExceptionFlags & UNWINDING))
		RtlUnwindEx(frame, raising_landing, record, NULL, context, NULL);
	return ExceptionContinueSearch;
}

#endif

uint32_t raising_rounds(uint32_t rounds)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < rounds; i++)
		wrong += KmnGuarded(i, 5) != i + 5;
	return wrong;
}
