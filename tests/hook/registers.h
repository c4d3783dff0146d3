/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call that fills every register, and a function that looks at all of them and fills them anew:
 * what thunks may not change.
 */
#ifndef HOOK_REGISTERS_H
#define HOOK_REGISTERS_H

#include <stdint.h>

#if defined(__i386__)
#define REGISTERS_GENERAL 7 /* eax, ecx, edx, ebx, ebp, esi, edi */
#define REGISTERS_SSE 8
#else
#define REGISTERS_GENERAL 15 /* rax, rcx, rdx, rbx, rbp, rsi, rdi, r8 to r15 */
#define REGISTERS_SSE 16
#endif

struct registers {
	uintptr_t general[REGISTERS_GENERAL];
	uintptr_t flags;
	uint8_t sse[REGISTERS_SSE][16];
};

/* Set before the call; what registers_target() gives back. */
extern struct registers registers_before, registers_given;
/* What registers_target() found, and what registers_call() found after it. */
extern struct registers registers_seen, registers_after;

void registers_call(void);
void registers_target(void);
/* Its return address, read as functions without a frame do. */
uintptr_t registers_return_address(void);
/* A C function's worst: everything that it may change is something else. */
void registers_spoil(void);

#endif
