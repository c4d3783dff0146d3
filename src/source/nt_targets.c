/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_targets.h"

#include <stdio.h>

#include "source/nt_routines.h"

/* Argument words of a function whose prototype is not known. */
#define UNKNOWN_ARGS 4

/* What looking for a pattern is about. */
struct wanted {
	struct nt_names *names;
	const struct spec *spec;
	struct nt_wishes *wishes;
	bool returns;
};

static int wish_function(void *context, const struct nt_module *module,
			 const struct nt_function *function, struct error *err)
{
	const struct wanted *wanted = context;
	const struct nt_routine *routine =
		module == wanted->names->modules ? nt_routine_find(function->name) : NULL;
	struct trace_hook hook = {
		.address = module->module.base + function->rva,
		.flags = wanted->returns ? TRACE_HOOK_RETURN : 0,
		.n_args = routine ? routine->n_args : UNKNOWN_ARGS,
		.budget = (uint32_t)wanted->spec->limit_rate,
	};

	snprintf(hook.name, sizeof(hook.name), "%s", function->name);
	if (wanted->spec->errors)
		hook.flags |= TRACE_HOOK_RETURN | TRACE_HOOK_ERRORS;
	if (routine && wanted->spec->memory) {
		hook.role = routine->role;
		hook.flags |= TRACE_HOOK_RETURN |
			      (wanted->spec->memory_log ? TRACE_HOOK_LOG : TRACE_HOOK_QUIET);
	}
	return nt_wishes_add(wanted->wishes, &hook, wanted->wishes->n_patterns, module, err);
}

static int nothing_found(const struct nt_names *names, const char *pattern, struct error *err)
{
	if (names->typed_data) {
		error_usage(err, "%s is data by its type, in an executable section", pattern);
		return error_hint(err, "--any hooks it, if it is code after all");
	}
	if (names->data)
		return error_usage(err, "%s is data: it can't be hooked", pattern);
	error_usage(err, "no function is called %s", pattern);
	return error_hint(err, "\"kapimon list '*NAME*'\" lists what can be hooked");
}

static int find_pattern(struct wanted *wanted, const char *pattern, bool optional,
			struct error *err)
{
	int found = nt_names_match(wanted->names, pattern, wish_function, wanted, err);

	if (found < 0)
		return -1;
	if (found)
		wanted->wishes->n_patterns++;
	else if (!optional)
		return nothing_found(wanted->names, pattern, err);
	return 0;
}

int nt_targets_find(struct nt_names *names, const struct spec *spec, struct nt_wishes *wishes,
		    struct error *err)
{
	struct wanted wanted = {.names = names, .spec = spec, .wishes = wishes};

	names->any = spec->any_symbol;
	for (size_t i = 0; i < spec->n_hooks; i++) {
		wanted.returns = spec->hooks[i].returns;
		if (find_pattern(&wanted, spec->hooks[i].pattern, false, err))
			return -1;
	}
	for (size_t i = 0; spec->memory && i < NT_N_ROUTINES; i++) {
		char pattern[80];

		wanted.returns = true;
		snprintf(pattern, sizeof(pattern), "kernel:%s", nt_routines[i].name);
		if (find_pattern(&wanted, pattern, true, err))
			return -1;
	}
	return 0;
}
