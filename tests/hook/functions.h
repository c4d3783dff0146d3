/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All functions of a shared object in this process: those of its symbols, and those of its
 * .eh_frame. */
#ifndef HOOK_FUNCTIONS_H
#define HOOK_FUNCTIONS_H

#include "nt/hook/plan.h"

struct function {
	uintptr_t address;
	size_t size;
	size_t n_before, n_after; /* bytes between it and its neighbours */
	const char *name;	  /* of the dynamic symbol; NULL: it has none */
	bool frame;		  /* it has unwind data, by which it is entered by calls */
};

struct functions {
	struct function *functions; /* by address, each once */
	size_t n_functions;
	uintptr_t text_begin, text_end; /* of the segment that is executable */
	struct hook_targets targets;
};

/* Those of the object that the address lies in. Fails hard. */
void functions_init(struct functions *functions, const void *address);
void functions_fini(struct functions *functions);
const struct function *functions_find(const struct functions *functions, const void *address);
/* What hook_plan() is to know of it. */
void functions_describe(const struct functions *functions, const struct function *function,
			struct hook_function *out);

#endif
