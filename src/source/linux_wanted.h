/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions a spec asks for that are not hooked yet, and why one can't be had. */
#ifndef SOURCE_LINUX_WANTED_H
#define SOURCE_LINUX_WANTED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "model/spec.h"
#include "symbol/match.h"

struct engine;

struct wanted_function {
	const struct spec_hook *hook;
	struct function function;
};

struct wanted {
	struct wanted_function *functions;
	size_t n, capacity;
};

/*
 * Find what the spec's patterns stand for. A function that is named and can't be hooked is an
 * error; of those that a pattern brings along, the remarks tell how many were left out.
 */
int wanted_find(struct engine *engine, const struct spec *spec, struct wanted *wanted,
		struct text *remarks, struct error *err);
void wanted_fini(struct wanted *wanted);
/* Is the pattern neither a glob nor a regular expression? */
bool wanted_by_name(const char *pattern);
/* Nothing was found or hooked for the pattern: say why, with what to do instead. Returns -1. */
int wanted_explain(struct engine *engine, const char *pattern, struct error *err);

#endif
