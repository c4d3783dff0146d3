/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_targets.h"

#include <stdio.h>
#include <string.h>

#include "source/nt_images.h"
#include "source/nt_routines.h"

/* Argument words of a function whose prototype is not known. */
#define UNKNOWN_ARGS 4

/* What looking for a pattern is about. */
struct wanted {
	struct nt_names *names;
	const struct spec *spec;
	struct nt_wishes *wishes;
	bool returns;
	/* Of functions on load: why the last was left out, and how many were. */
	enum hook_reason reason;
	size_t left_out;
};

static struct trace_hook hook_of(const struct wanted *wanted, const struct nt_function *function)
{
	struct trace_hook hook = {
		.address = function->rva,
		.flags = wanted->returns ? TRACE_HOOK_RETURN : 0,
		.n_args = UNKNOWN_ARGS,
		.budget = (uint32_t)wanted->spec->limit_rate,
	};

	snprintf(hook.name, sizeof(hook.name), "%s", function->name);
	if (wanted->spec->errors)
		hook.flags |= TRACE_HOOK_RETURN | TRACE_HOOK_ERRORS;
	return hook;
}

static int wish_function(void *context, const struct nt_module *module,
			 const struct nt_function *function, struct error *err)
{
	const struct wanted *wanted = context;
	const struct nt_routine *routine =
		module == wanted->names->modules[0] ? nt_routine_find(function->name) : NULL;
	struct trace_hook hook = hook_of(wanted, function);

	hook.address += module->module.base;
	if (routine)
		hook.n_args = routine->n_args;
	if (routine && wanted->spec->memory) {
		hook.role = routine->role;
		hook.flags |= TRACE_HOOK_RETURN |
			      (wanted->spec->memory_log ? TRACE_HOOK_LOG : TRACE_HOOK_QUIET);
	}
	return nt_wishes_add(wanted->wishes, &hook, wanted->wishes->n_patterns, module, NULL, err);
}

static int wish_on_load(void *context, const struct nt_image *image,
			const struct nt_function *function, struct error *err)
{
	struct wanted *wanted = context;
	struct trace_hook hook = hook_of(wanted, function);
	enum hook_reason reason = nt_image_reason(image, function, hook.flags & TRACE_HOOK_RETURN);

	if (reason) {
		wanted->reason = reason;
		wanted->left_out++;
		return 0;
	}
	return nt_wishes_add(wanted->wishes, &hook, wanted->wishes->n_patterns, NULL, image, err);
}

static bool is_loaded(const struct nt_names *names, const char *name, size_t length)
{
	for (size_t i = 0; i < names->n_modules; i++)
		if (nt_module_is_here(names->modules[i]) &&
		    nt_names_is_module(names, names->modules[i], name, length))
			return true;
	return false;
}

static int nothing_found(const struct nt_names *names, const char *pattern, struct error *err)
{
	const char *colon = strchr(pattern, ':');

	if (names->typed_data) {
		error_usage(err, "%s is data by its type, in an executable section", pattern);
		return error_hint(err, "--any hooks it, if it is code after all");
	}
	if (names->data)
		return error_usage(err, "%s is data: it can't be hooked", pattern);
	if (colon && !is_loaded(names, pattern, (size_t)(colon - pattern))) {
		error_usage(err, "no function is called %s: the module is not loaded", pattern);
		return error_hint(err, "--on-load %s hooks it as soon as it comes", pattern);
	}
	error_usage(err, "no function is called %s", pattern);
	return error_hint(err, "\"kapimon list '*NAME*'\" lists what can be hooked");
}

static int find_on_load(struct wanted *wanted, const char *pattern, struct error *err)
{
	size_t before = wanted->wishes->n;
	int found = nt_images_match(wanted->names, pattern, wish_on_load, wanted, err);

	if (found < 0)
		return -1;
	if (!found) {
		error_usage(err, "the driver has no function for '%s'", pattern);
		return error_hint(err, "\"kapimon list --on-load DRIVER\" shows what it has; "
				       "-P is where its symbols are");
	}
	if (wanted->wishes->n == before)
		return error_usage(err, "can't hook %s: %s", pattern,
				   hook_reason_sentence(wanted->reason));
	wanted->wishes->n_patterns++;
	return 0;
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

static bool has_hook(const struct spec *spec, const struct spec_hook *hook)
{
	for (size_t i = 0; spec && i < spec->n_hooks; i++)
		if (spec->hooks[i].on_load == hook->on_load &&
		    !strcmp(spec->hooks[i].pattern, hook->pattern))
			return true;
	return false;
}

int nt_targets_find(struct nt_names *names, const struct spec *spec, const struct spec *before,
		    struct nt_wishes *wishes, size_t *left_out, struct error *err)
{
	struct wanted wanted = {.names = names, .spec = spec, .wishes = wishes};

	names->any = spec->any_symbol;
	for (size_t i = 0; i < spec->n_hooks; i++) {
		const struct spec_hook *hook = &spec->hooks[i];

		wanted.returns = hook->returns;
		if (hook->on_load
			    ? find_on_load(&wanted, hook->pattern, err)
			    : find_pattern(&wanted, hook->pattern, has_hook(before, hook), err))
			return -1;
	}
	for (size_t i = 0; spec->memory && i < NT_N_ROUTINES; i++) {
		char pattern[80];

		wanted.returns = true;
		snprintf(pattern, sizeof(pattern), "kernel:%s", nt_routines[i].name);
		if (find_pattern(&wanted, pattern, true, err))
			return -1;
	}
	*left_out = wanted.left_out;
	return 0;
}
