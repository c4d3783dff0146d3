/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What KMNTARGET.SYS is asked to do: call its own exports, and leak. Wine hands requests to drivers
 * one after another: what is to happen while TRACE.SYS is asked something needs threads of its own.
 */
#ifndef TESTS_NT_TARGET_H
#define TESTS_NT_TARGET_H

#include <stdint.h>

#define TARGET_PATH "\\\\.\\KmnTarget"
#define TARGET_CODE(n) (0x22u << 16 | (0x900u + (n)) << 2)

/* in: struct target_call; out: uint32_t, how many returned something wrong */
#define TARGET_CALL TARGET_CODE(0)
/* in: struct target_leak; nothing out */
#define TARGET_LEAK TARGET_CODE(1)
/* Free what was leaked. */
#define TARGET_FREE TARGET_CODE(2)
/* in: struct target_call, rounds: threads that call all the time, until: */
#define TARGET_BUSY TARGET_CODE(3)
/* out: struct target_idle */
#define TARGET_IDLE TARGET_CODE(4)
/* in: struct target_call, rounds: ms that linger() takes on a thread of its own; doesn't wait */
#define TARGET_LINGER TARGET_CODE(5)
/* in: struct target_call; out: uint32_t, how many exceptions were not handled well */
#define TARGET_RAISE TARGET_CODE(6)

/* So many times it calls each export when it starts, and KmnStart once. */
#define TARGET_AT_START 3

struct target_call {
	uint32_t rounds;
	uint32_t reserved;
};

struct target_idle {
	uint64_t rounds; /* that the threads have done, each a call of every export */
	uint64_t wrong;
};

struct target_leak {
	char tag[4];
	uint32_t blocks; /* allocated; all but every fourth are freed again */
	uint32_t bytes;
	uint32_t plain; /* by ExAllocatePool and ExFreePool */
};

#endif
