/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a function can't be hooked, or what is to be known about hooking it, in sentences: inlined,
 * renamed, marked notrace, in another module, one of several of its name...
 */
#ifndef SYMBOL_WHY_H
#define SYMBOL_WHY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

struct symbols;

/* Why the monitor itself refuses a function, as the end of "can't be hooked: ..."; NULL: it
 * doesn't. */
typedef const char *why_denied(const char *name);

/*
 * Append to *out what is known about the pattern: for each function a line, and under it its
 * obstacles and what to hook instead. *hookable says whether at least one function can be hooked.
 * denied may be NULL. Reads the kernel's debug information if it is there, which takes seconds.
 */
int why_explain(struct symbols *symbols, const char *pattern, why_denied *denied, struct text *out,
		bool *hookable, struct error *err);

#endif
