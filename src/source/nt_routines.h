/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool routines of all kernels, in the order in which they are hooked: first those that free,
 * so that no free of a followed block is missed; then those that others call. They are taken out
 * the other way round.
 */
#ifndef SOURCE_NT_ROUTINES_H
#define SOURCE_NT_ROUTINES_H

#include <nt/ioctl.h>
#include <stdbool.h>
#include <string.h>

/* X(name, role, argument words) */
#define NT_ROUTINES(X)                                                                             \
	X(ExFreePoolWithTag, FREE, 2)                                                              \
	X(ExFreePool, FREE, 1)                                                                     \
	X(ExFreePool2, FREE, 4)                                                                    \
	X(ExAllocatePoolWithTag, ALLOC_TAG, 3)                                                     \
	X(ExAllocatePoolWithQuotaTag, ALLOC_TAG, 3)                                                \
	X(ExAllocatePoolWithTagPriority, ALLOC_TAG, 4)                                             \
	X(ExAllocatePool2, ALLOC_FLAGS, 3)                                                         \
	X(ExAllocatePool3, ALLOC_FLAGS, 5)                                                         \
	X(ExAllocatePool, ALLOC, 2)                                                                \
	X(ExAllocatePoolWithQuota, ALLOC, 2)

struct nt_routine {
	const char *name;
	enum trace_role role;
	unsigned n_args;
};

static const struct nt_routine nt_routines[] = {
#define NT_ROUTINE(name, role, n_args) {#name, TRACE_ROLE_##role, n_args},
	NT_ROUTINES(NT_ROUTINE)
#undef NT_ROUTINE
};

#define NT_N_ROUTINES (sizeof(nt_routines) / sizeof(nt_routines[0]))

/* The kernel's routine of this name, or NULL. */
static inline const struct nt_routine *nt_routine_find(const char *name)
{
	for (size_t i = 0; i < NT_N_ROUTINES; i++)
		if (!strcmp(nt_routines[i].name, name))
			return &nt_routines[i];
	return NULL;
}

static inline bool nt_routine_frees(const char *name)
{
	const struct nt_routine *routine = nt_routine_find(name);

	return routine && routine->role == TRACE_ROLE_FREE;
}

#endif
