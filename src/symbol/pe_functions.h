/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of a PE image, from what it has: its exports, COFF symbols (of mingw-w64's linker),
 * x64's unwind data, which knows nearly every function but not its name, and the entry point.
 */
#ifndef SYMBOL_PE_FUNCTIONS_H
#define SYMBOL_PE_FUNCTIONS_H

#include "nt/hook/plan.h"
#include "symbol/pe_image.h"

struct pe_function {
	uint32_t rva;
	uint32_t size; /* 0: not known */
	char *name;    /* NULL: it has none */
	bool exported;
};

struct pe_functions {
	const struct pe_image *image;
	struct pe_function *functions; /* by RVA, each once */
	size_t n_functions;
	size_t n_forwarded; /* exports that another module has */
	struct hook_targets targets;
};

int pe_functions_init(struct pe_functions *functions, const struct pe_image *image,
		      struct error *err);
void pe_functions_fini(struct pe_functions *functions);

/*
 * Can it be hooked at its entry, and with what plan? Then *return_reason says the same of its
 * return: by its first instructions and by its name, without what i386 decorates it with.
 */
enum hook_reason pe_function_plan(const struct pe_functions *functions, size_t i,
				  struct hook_plan *plan, enum hook_reason *return_reason);

#endif
