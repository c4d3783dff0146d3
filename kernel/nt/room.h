/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for code in our own image: the one place where memory is executable on every kernel, and
 * whose unwind data the kernel finds. Read by room.S, too.
 */
#ifndef NT_ROOM_H
#define NT_ROOM_H

/* As in hook/thunk.h, trace.h and ioctl.h, which an assembler can't read. */
#define ROOM_STUB 16
#define ROOM_THUNK 512
#define ROOM_STUBS (1024 + 1)
#define ROOM_N_THUNKS 1024
#define ROOM_UNWIND 64

#define ROOM_RETURNS (ROOM_STUBS * ROOM_STUB + ROOM_THUNK)
#define ROOM_THUNKS (ROOM_N_THUNKS * ROOM_THUNK)
#define ROOM_REST (256 << 10) /* trampolines */

#ifndef __ASSEMBLER__

#include "trace.h"

/* The pool's stubs and its return thunk; entry thunks; the rest. One after another. */
extern uint8_t room_returns[ROOM_RETURNS], room_thunks[ROOM_THUNKS], room_rest[ROOM_REST];

_Static_assert(ROOM_RETURNS == HOOK_RETURNS_CODE(TRACE_RETURNS) &&
		       ROOM_STUBS * ROOM_STUB == HOOK_RETURNS_STUBS(TRACE_RETURNS),
	       "what room.S counts with");
_Static_assert(ROOM_THUNK == HOOK_THUNK_MAX && ROOM_N_THUNKS == TRACE_MAX_HOOKS,
	       "what room.S counts with");

#if !defined(__i386__)
/* The thunks' UNWIND_INFO, to be filled before any thunk runs. */
extern uint8_t room_entry_unwind[ROOM_UNWIND], room_return_unwind[ROOM_UNWIND];
_Static_assert(ROOM_UNWIND == HOOK_UNWIND_MAX, "what room.S counts with");
#endif

#endif
#endif
