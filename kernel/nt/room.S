/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "room.h"

#if defined(__i386__)
#define NAME(name) _##name
#else
#define NAME(name) name
#endif

.macro room name, size
	.globl \name
\name:	.space \size
.endm

	.section .hooks, "bwx"
	.balign 4096
	room NAME(room_returns), ROOM_RETURNS
	.balign ROOM_THUNK
	room NAME(room_thunks), ROOM_THUNKS
	room NAME(room_rest), ROOM_REST

#if !defined(__i386__)
	.balign 4
	room room_entry_unwind, ROOM_UNWIND
	room room_return_unwind, ROOM_UNWIND

/* Stubs: version 1 with a handler of exceptions, no prologue. See unwound.c. */
	.section .xdata, "r"
	.balign 4
stub_unwind:
	.byte 1 | 1 << 3, 0, 0, 0
	.rva unwound_handle

/* RUNTIME_FUNCTIONs: begin, end, unwind data */
	.section .pdata, "r"
	.balign 4
	.rva room_returns, room_returns + ROOM_STUBS * ROOM_STUB, stub_unwind
	.rva room_returns + ROOM_STUBS * ROOM_STUB, room_returns + ROOM_RETURNS, room_return_unwind
	.set at, 0
	.rept ROOM_N_THUNKS
	.rva room_thunks + at, room_thunks + at + ROOM_THUNK, room_entry_unwind
	.set at, at + ROOM_THUNK
	.endr
#endif
