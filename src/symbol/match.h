/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a pattern (see pattern.h) to functions.
 * Globs and regular expressions take what ftrace can hook; with any_symbol every symbol in
 * executable text. A name is taken as it is, whether it can be hooked or not: the flags tell.
 */
#ifndef SYMBOL_MATCH_H
#define SYMBOL_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "symbol/pattern.h"

struct symbols;

struct function {
	const char *name;	   /* valid as long as the symbols, until symbols_refresh() */
	const char *module;	   /* NULL: the kernel itself */
	uint64_t address;	   /* with on_load: the offset in its section */
	uint32_t btf_id;	   /* with has_btf: of its BTF_KIND_FUNC */
	unsigned traceable : 1;	   /* ftrace can hook it (fentry, kprobe.multi) */
	unsigned traced_known : 1; /* traceable and blacklisted are known, not assumed */
	unsigned blacklisted : 1;  /* kprobes refuse it */
	unsigned has_btf : 1;
	unsigned duplicate : 1; /* other functions of its module have the same name: only the
				   address tells them apart, and BTF can't be trusted */
	unsigned on_load : 1;	/* from the file of a module that is not loaded */
	unsigned init : 1;	/* module's init text: gone after initialisation */
};

struct function_list {
	struct function *functions; /* sorted by module (the kernel first), name, address */
	size_t count, capacity;
};

#define FUNCTION_LIST_INIT                                                                         \
	{                                                                                          \
		0                                                                                  \
	}

void function_list_fini(struct function_list *list);
int function_list_add(struct function_list *list, const struct function *function,
		      struct error *err);
void function_list_sort(struct function_list *list);

/*
 * Append to *list what the pattern stands for, each address once, sorted. Nothing found is no
 * failure: the count stays as it was, and why_explain() has the reason. An exact name needs only
 * the symbols (and BTF); a glob without any_symbol needs ftrace's list as well.
 */
int match_functions(struct symbols *symbols, const char *pattern, bool any_symbol,
		    struct function_list *list, struct error *err);

/*
 * The same for a module that is not loaded yet, from its file: "MODULE" (all of its functions) or
 * "MODULE:PATTERN". Its init functions are among them.
 */
int match_on_load(struct symbols *symbols, const char *pattern, struct function_list *list,
		  struct error *err);

/* Fill traceable, traced_known and blacklisted from the kernel's lists. */
int match_check_traceable(struct symbols *symbols, struct function_list *list, struct error *err);

#endif
