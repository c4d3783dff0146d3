/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls without libc, whose functions may be hooked. They return -errno. */
#ifndef HOOK_SYSTEM_CALL_H
#define HOOK_SYSTEM_CALL_H

#include <sys/syscall.h>

static inline long system_call(long number, long a, long b, long c)
{
	long result;

#if defined(__i386__)
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory");
#else
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
#endif
	return result;
}

#endif
