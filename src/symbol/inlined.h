/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the compiler has inlined a function, from the kernel's DWARF. Reading all of it takes
 * seconds, so it is asked for one function at a time, and only when somebody asks why.
 */
#ifndef SYMBOL_INLINED_H
#define SYMBOL_INLINED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct inlined {
	bool defined;	/* the debug information has the function */
	bool own_code;	/* it also stands on its own somewhere */
	char **callers; /* functions with code of their own that it is inlined in, sorted, each once
			 */
	size_t n_callers;
	char *place; /* "fs/open.c:931": where it is defined; NULL if not known */
};

/*
 * Find the kernel's file with DWARF: given, or at the usual places for this release. False when
 * there is none.
 */
bool debug_info_find(const char *given, const char *release, char *path, size_t size);

int inlined_find(const char *debug_info, const char *function, struct inlined *inlined,
		 struct error *err);
void inlined_fini(struct inlined *inlined);

#endif
