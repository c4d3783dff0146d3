/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What KMNTARGET.SYS is asked to do: call its own exports, and leak. */
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

struct target_call {
	uint32_t rounds;
	uint32_t reserved;
};

struct target_leak {
	char tag[4];
	uint32_t blocks; /* allocated; all but every fourth are freed again */
	uint32_t bytes;
	uint32_t plain; /* by ExAllocatePool and ExFreePool */
};

#endif
