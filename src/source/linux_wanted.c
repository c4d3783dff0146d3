/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_wanted.h"

#include <stdlib.h>
#include <string.h>

#include "source/linux_deny.h"
#include "source/linux_engine.h"
#include "symbol/why.h"

static struct hook *hook_find(const struct engine *engine, uint64_t address)
{
	for (size_t i = 0; i < engine->n_hooks; i++) {
		const struct hook *hook = engine->hooks[i];

		if (!hook->function.on_load && hook->function.address == address && hook->on)
			return engine->hooks[i];
	}
	return NULL;
}

static bool has_on_load(const struct engine *engine, const struct function *function)
{
	for (size_t i = 0; i < engine->n_hooks; i++) {
		const struct hook *hook = engine->hooks[i];

		if (hook->on && hook->function.on_load && !strcmp(hook->name, function->name) &&
		    !strcmp(hook->module, function->module))
			return true;
	}
	return false;
}

int wanted_explain(struct engine *engine, const char *pattern, struct error *err)
{
	struct text reason = TEXT_INIT;
	bool hookable = false;
	char *hint;

	if (why_explain(engine->symbols, pattern, deny_reason, &reason, &hookable, err)) {
		text_fini(&reason);
		return -1;
	}
	while (reason.length && reason.data[reason.length - 1] == '\n')
		reason.data[--reason.length] = '\0';
	/* The first sentence is what is the matter, the rest is advice. */
	hint = reason.data ? strchr(reason.data, '\n') : NULL;
	if (hint)
		*hint++ = '\0';
	error_usage(err, "%s", text_string(&reason));
	if (hint)
		error_hint(err, "%s", hint);
	text_fini(&reason);
	return -1;
}

bool wanted_by_name(const char *pattern)
{
	return !strpbrk(pattern, "*?[/");
}

static int wanted_add(struct wanted *wanted, const struct spec_hook *hook,
		      const struct function *function, struct error *err)
{
	if (wanted->n == wanted->capacity) {
		size_t capacity = wanted->capacity ? wanted->capacity * 2 : 256;
		struct wanted_function *functions =
			realloc(wanted->functions, capacity * sizeof(*functions));

		if (!functions)
			return error_no_memory(err);
		wanted->functions = functions;
		wanted->capacity = capacity;
	}
	wanted->functions[wanted->n++] = (struct wanted_function){hook, *function};
	return 0;
}

static bool wanted_has(const struct wanted *wanted, uint64_t address)
{
	for (size_t i = 0; i < wanted->n; i++) {
		const struct function *function = &wanted->functions[i].function;

		if (!function->on_load && function->address == address)
			return true;
	}
	return false;
}

/* Functions of one pattern that are not hooked yet. Denied ones are an error when named. */
static int want_pattern(struct engine *engine, const struct spec *spec,
			const struct spec_hook *hook, struct wanted *wanted, struct text *remarks,
			struct error *err)
{
	struct function_list list = FUNCTION_LIST_INIT;
	size_t denied = 0, before = wanted->n;
	bool single;
	int code = -1;

	if (match_functions(engine->symbols, hook->pattern, spec->any_symbol, &list, err))
		return -1;
	single = list.count == 1;
	if (!list.count) {
		wanted_explain(engine, hook->pattern, err);
		goto out;
	}
	for (size_t i = 0; i < list.count; i++) {
		const struct function *function = &list.functions[i];
		const char *reason = deny_reason(function->name);

		if (reason && single) {
			error_usage(err, "%s can't be hooked: %s", function->name, reason);
			error_hint(err, "hook its callers instead");
			goto out;
		}
		if (reason) {
			denied++;
			continue;
		}
		if (hook_find(engine, function->address) || wanted_has(wanted, function->address))
			continue;
		if (wanted_add(wanted, hook, function, err))
			goto out;
	}
	if (denied)
		text_addf(remarks,
			  "%zu of the functions of '%s' are not hooked: the monitor itself runs "
			  "through them\n",
			  denied, hook->pattern);
	if (list.functions[0].duplicate && wanted->n - before > 1 && wanted_by_name(hook->pattern))
		text_addf(remarks, "'%s' is the name of %zu functions; all are hooked\n",
			  hook->pattern, wanted->n - before);
	code = 0;
out:
	function_list_fini(&list);
	return code;
}

/* What keeps a function of a module's file from being hooked; NULL: nothing. */
static const char *no_on_load(const struct function_list *list, size_t i, bool loaded)
{
	const struct function *function = &list->functions[i];

	if (i && !strcmp(function[-1].name, function->name))
		return "the kernel hooks the first of several functions of one name";
	if (loaded && function->init)
		return "the module is loaded, and init functions are gone then: unload it first";
	return deny_reason(function->name);
}

/* Functions of a module that need not be loaded. */
static int want_on_load(struct engine *engine, const struct spec_hook *hook, struct wanted *wanted,
			struct text *remarks, struct error *err)
{
	struct function_list list = FUNCTION_LIST_INIT;
	const char *reason = NULL;
	size_t left_out = 0, usable = 0;
	bool loaded;
	int code = -1;

	if (match_on_load(engine->symbols, hook->pattern, &list, err))
		return -1;
	if (!list.count) {
		error_usage(err, "the module has no function for '%s'", hook->pattern);
		error_hint(err, "\"kapimon list --on-load MODULE\" shows what it has");
		goto out;
	}
	loaded = modules_loaded(&symbols_get_paths(engine->symbols)->modules,
				list.functions[0].module);
	for (size_t i = 0; i < list.count; i++) {
		const char *why = no_on_load(&list, i, loaded);

		if (why) {
			reason = why;
			left_out++;
			continue;
		}
		usable++;
		if (!has_on_load(engine, &list.functions[i]) &&
		    wanted_add(wanted, hook, &list.functions[i], err))
			goto out;
	}
	if (!usable) {
		error_usage(err, "nothing can be hooked for '%s': %s", hook->pattern, reason);
		goto out;
	}
	if (left_out)
		text_addf(remarks, "%zu of the functions of '%s' are not hooked: %s\n", left_out,
			  hook->pattern, reason);
	code = 0;
out:
	function_list_fini(&list);
	return code;
}

int wanted_find(struct engine *engine, const struct spec *spec, struct wanted *wanted,
		struct text *remarks, struct error *err)
{
	for (size_t i = 0; i < spec->n_hooks; i++) {
		const struct spec_hook *hook = &spec->hooks[i];

		if (hook->on_load ? want_on_load(engine, hook, wanted, remarks, err)
				  : want_pattern(engine, spec, hook, wanted, remarks, err))
			return -1;
	}
	return 0;
}

void wanted_fini(struct wanted *wanted)
{
	free(wanted->functions);
	*wanted = (struct wanted){0};
}
