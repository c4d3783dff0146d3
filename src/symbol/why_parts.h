/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pieces of why_explain(): one explanation for a function that is there, one for a name that
 * stands for none.
 */
#ifndef SYMBOL_WHY_PARTS_H
#define SYMBOL_WHY_PARTS_H

#include <stdbool.h>

#include "base/text.h"
#include "symbol/inlined.h"
#include "symbol/symbols.h"
#include "symbol/why.h"

struct why {
	struct symbols *symbols;
	const struct pattern *pattern;
	why_denied *denied;
	struct text *out;
	const struct kallsyms *kallsyms;
	const struct traceable *traceable; /* NULL: the lists can't be read */
	bool has_debug_info;		   /* inlined is filled */
	struct inlined inlined;
};

/* "- " and a sentence on a line of its own, under what it is about. */
void why_note(struct why *why, const char *format, ...) BASE_PRINTF(2, 3);
/* "vfs_open" or "ext4:ext4_open". */
void why_add_name(struct text *out, const char *module, const char *name);
/* Where and in whom the compiler put it: "x, y and 3 more". */
void why_add_callers(struct text *out, const struct inlined *inlined);

/* What stands on the way of hooking it, and what is to be known; true if it can be hooked. */
bool why_function(struct why *why, const struct function *function);
/* No function has the name. */
void why_missing(struct why *why);

/* Is it the lowest of its name in its module? */
bool why_is_first(const struct why *why, const struct symbol *symbol);
/* ".constprop.0" of "do_it.constprop.0"; NULL for a name as the source has it. */
const char *why_copy_suffix(const char *name);

#endif
