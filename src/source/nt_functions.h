/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of one module of an NT kernel, by address: what it exports, and what its symbol
 * file says beyond that. No OS.
 */
#ifndef SOURCE_NT_FUNCTIONS_H
#define SOURCE_NT_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "symbol/pe_exports.h"

struct nt_function {
	char *name;
	uint32_t rva;	 /* counted from the module's base */
	bool code;	 /* others are data: they name no frame */
	bool typed_data; /* in an executable section: hooked when any symbol is asked for */
	bool exported;
};

struct nt_functions {
	/* After sorting: by address, at one address the exported ones first, then by name. */
	struct nt_function *functions;
	size_t n, capacity;
	bool sorted;
};

void nt_functions_fini(struct nt_functions *functions);
/* The name is copied. */
int nt_functions_add(struct nt_functions *functions, const char *name, uint32_t rva, bool code,
		     bool exported, struct error *err);
int nt_functions_add_exports(struct nt_functions *functions, const struct pe_exports *exports,
			     struct error *err);
/* Needed after the last was added; what came twice is there once then. */
void nt_functions_sort(struct nt_functions *functions);
/* The last one at or before the address, by its first name; NULL: none. */
const struct nt_function *nt_functions_at(const struct nt_functions *functions, uint32_t rva);

#endif
