/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hooks need of a platform, for a Linux process: executable memory near a function, and code
 * written while all other threads stand still, none of them inside what is replaced. Uses no
 * function of libc but in platform_init(), so that all of them can be hooked.
 */
#ifndef HOOK_PLATFORM_H
#define HOOK_PLATFORM_H

#include "nt/hook/hook.h"

#define PLATFORM_MAX_THREADS 16

struct platform {
	struct hook_platform hook;
	bool far;	 /* no memory is near: x64 only */
	bool far_thunks; /* memory that may be anywhere is out of a jump's reach: x64 only */
	unsigned long n_retries; /* a thread stood inside what was to be replaced */
	unsigned long n_writes, n_inside_writes;
	size_t n_allocated; /* bytes that are not released yet */
};

void platform_init(struct platform *platform);
/* Threads that write() has to stop: each calls these when it begins and ends. */
void platform_thread_begin(void);
void platform_thread_end(void);

#endif
