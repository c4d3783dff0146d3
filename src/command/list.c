/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon list: what can be hooked, and why something can't. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command/command.h"
#include "command/options.h"
#include "source/linux_deny.h"
#include "symbol/symbols.h"
#include "symbol/why.h"
#include "view/escape.h"

enum option {
	OPTION_ANY,
	OPTION_MODULE,
	OPTION_ON_LOAD,
	OPTION_COUNT,
	OPTION_JSON,
	OPTION_WHY,
	OPTION_DEBUG_INFO,
};

static const struct option_row rows[] = {
	{0, NULL, NULL, "What to list", 0},
	{'f', "any", NULL, "every symbol in executable text, also what ftrace does not list",
	 OPTION_ANY},
	{'m', "module", "MODULE", "only functions of this module; vmlinux is the kernel itself",
	 OPTION_MODULE},
	{'l', "on-load", NULL,
	 "PATTERN is MODULE[:PATTERN] of a module that need not be loaded: look in its file",
	 OPTION_ON_LOAD},
	{0, NULL, NULL, "How", 0},
	{'c', "count", NULL, "print only how many there are", OPTION_COUNT},
	{'j', "json", NULL, "print JSON, one object a line", OPTION_JSON},
	{0, NULL, NULL, "Explanations", 0},
	{'w', "why", "NAME", "tell whether NAME can be hooked, what is against it, what to do",
	 OPTION_WHY},
	{'d', "debug-info", "FILE",
	 "the kernel's debug information, if it is not where it should be", OPTION_DEBUG_INFO},
};

struct list {
	bool any;
	bool on_load;
	bool count;
	bool json;
	const char *module;
	const char *why;
	const char *debug_info;
};

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct list *list = context;

	switch ((enum option)id) {
	case OPTION_ANY:
		list->any = true;
		return 0;
	case OPTION_MODULE:
		list->module = value;
		return 0;
	case OPTION_ON_LOAD:
		list->on_load = true;
		return 0;
	case OPTION_COUNT:
		list->count = true;
		return 0;
	case OPTION_JSON:
		list->json = true;
		return 0;
	case OPTION_WHY:
		list->why = value;
		return 0;
	case OPTION_DEBUG_INFO:
		list->debug_info = value;
		return 0;
	}
	return 0;
}

static const struct options options = {
	.usage = "[OPTION]... [PATTERN]...",
	.summary = "List the functions that can be hooked, with their prototypes.\n"
		   "PATTERN is a name, a glob (tcp_*), MODULE:NAME, MODULE:GLOB or a regular\n"
		   "expression between slashes (/^tcp_(send|recv)/). Without one, all are listed.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

/* Drop what can't be hooked: a name was taken as it is, and the monitor has its own list. */
static int keep_hookable(struct symbols *symbols, struct function_list *functions,
			 struct error *err)
{
	size_t kept = 0;

	if (match_check_traceable(symbols, functions, err))
		return -1;
	for (size_t i = 0; i < functions->count; i++) {
		const struct function *function = &functions->functions[i];

		if (function->traceable && !deny_reason(function->name))
			functions->functions[kept++] = *function;
	}
	functions->count = kept;
	return 0;
}

static void print_prototype(struct symbols *symbols, const struct function *function,
			    struct text *out)
{
	struct btf_types *types = function->has_btf ? symbols_types(symbols, NULL) : NULL;
	const struct btf *btf = types ? btf_types_of(types, function->module) : NULL;
	struct text prototype = TEXT_INIT;

	if (btf && !prototype_print(btf, function->btf_id, function->name, &prototype, NULL))
		text_add(out, text_string(&prototype));
	else
		text_add(out, function->name);
	text_fini(&prototype);
}

static const char *module_name(const struct function *function)
{
	return function->module ? function->module : MODULE_KERNEL;
}

static void print_line(struct symbols *symbols, const struct function *function, size_t width,
		       struct text *out)
{
	size_t start = out->length;

	text_add(out, module_name(function));
	text_pad(out, start, width + 2);
	print_prototype(symbols, function, out);
	if (function->duplicate && !function->on_load)
		text_addf(out, "  (at 0x%" PRIx64 ", one of several of this name)",
			  function->address);
	if (function->init)
		text_add(out, "  (runs once, when the module is loaded)");
	text_add_char(out, '\n');
}

static void print_member(struct text *out, const char *name, const char *value)
{
	text_addf(out, ",\"%s\":", name);
	escape_json(out, value, strlen(value));
}

static void print_json(struct symbols *symbols, const struct function *function, struct text *out)
{
	struct text prototype = TEXT_INIT;

	text_add(out, "{\"module\":");
	escape_json(out, module_name(function), strlen(module_name(function)));
	print_member(out, "name", function->name);
	/* A string: JSON's numbers end at 2^53 in many readers. */
	if (!function->on_load)
		text_addf(out, ",\"address\":\"0x%" PRIx64 "\"", function->address);
	if (function->has_btf) {
		print_prototype(symbols, function, &prototype);
		print_member(out, "prototype", text_string(&prototype));
	}
	if (function->traced_known)
		text_addf(out, ",\"ftrace\":%s,\"kprobe\":%s",
			  function->traceable ? "true" : "false",
			  function->blacklisted ? "false" : "true");
	if (function->duplicate)
		text_add(out, ",\"duplicate\":true");
	if (function->init)
		text_add(out, ",\"init\":true");
	text_add(out, "}\n");
	text_fini(&prototype);
}

static int print(const struct list *list, struct symbols *symbols,
		 const struct function_list *functions, struct error *err)
{
	struct text out = TEXT_INIT;
	size_t width = 0;
	int result = 0;

	for (size_t i = 0; i < functions->count; i++) {
		size_t length = strlen(module_name(&functions->functions[i]));

		width = length > width ? length : width;
	}
	if (list->count && list->json)
		text_addf(&out, "{\"count\":%zu}\n", functions->count);
	else if (list->count)
		text_addf(&out, "%zu\n", functions->count);
	for (size_t i = 0; i < functions->count && !list->count && !out.failed; i++) {
		if (list->json)
			print_json(symbols, &functions->functions[i], &out);
		else
			print_line(symbols, &functions->functions[i], width, &out);
		if (out.length >= 65536) {
			fwrite(out.data, 1, out.length, stdout);
			text_clear(&out);
		}
	}
	if (out.failed)
		result = error_no_memory(err);
	else
		fputs(text_string(&out), stdout);
	text_fini(&out);
	if (!result && (fflush(stdout) || ferror(stdout)))
		return error_set(err, "can't write to standard output");
	return result;
}

static int explain(struct symbols *symbols, const char *pattern, FILE *to, struct error *err)
{
	struct text out = TEXT_INIT;
	bool hookable = false;
	int result = why_explain(symbols, pattern, deny_reason, &out, &hookable, err);

	if (!result)
		fputs(text_string(&out), to);
	text_fini(&out);
	if (result)
		return -1;
	return hookable ? STATUS_OK : STATUS_FAILED;
}

/* One pattern's functions are added to *functions; STATUS_FAILED when there are none. */
static int find(const struct list *list, struct symbols *symbols, const char *pattern,
		struct function_list *functions, struct error *err)
{
	struct function_list found = FUNCTION_LIST_INIT;
	int result;

	if (list->on_load)
		result = match_on_load(symbols, pattern, &found, err);
	else
		result = match_functions(symbols, pattern, list->any, &found, err);
	if (!result && !list->on_load && !list->any && found.count)
		result = keep_hookable(symbols, &found, err);
	for (size_t i = 0; i < found.count && !result; i++)
		result = function_list_add(functions, &found.functions[i], err);
	if (!result && !found.count) {
		result = STATUS_FAILED;
		if (list->on_load)
			fprintf(stderr, "the module's file has no function that matches %s\n",
				pattern);
		else if (explain(symbols, pattern, stderr, err) < 0)
			result = -1;
	}
	function_list_fini(&found);
	return result;
}

/* Several patterns may stand for the same functions. */
static void drop_doubles(struct function_list *functions)
{
	size_t kept = 0;

	function_list_sort(functions);
	for (size_t i = 0; i < functions->count; i++) {
		const struct function *last = kept ? &functions->functions[kept - 1] : NULL;
		const struct function *function = &functions->functions[i];

		if (last && last->address == function->address &&
		    !strcmp(last->name, function->name) &&
		    !strcmp(module_name(last), module_name(function)))
			continue;
		functions->functions[kept++] = *function;
	}
	functions->count = kept;
}

/* --module M with PATTERN is M:PATTERN. */
static int qualify(const struct list *list, const char *pattern, char **out, struct error *err)
{
	bool has_module = pattern[0] != '/' && strchr(pattern, ':');

	if (list->module && has_module)
		return error_usage(err, "\"%s\" names a module, and so does --module", pattern);
	if (list->module ? asprintf(out, "%s:%s", list->module, pattern) < 0
			 : !(*out = strdup(pattern)))
		return error_no_memory(err);
	return 0;
}

static int run(const struct list *list, struct symbols *symbols, char **patterns, size_t n,
	       struct error *err)
{
	static char everything[] = "*";
	char *standard[] = {everything};
	struct function_list functions = FUNCTION_LIST_INIT;
	int status = STATUS_OK;

	if (!n) {
		patterns = standard;
		n = 1;
	}
	for (size_t i = 0; i < n && status >= 0; i++) {
		char *pattern;
		int result = qualify(list, patterns[i], &pattern, err);

		if (result) {
			status = -1;
			break;
		}
		result = find(list, symbols, pattern, &functions, err);
		free(pattern);
		if (result)
			status = result;
	}
	if (status >= 0 && (functions.count || list->count)) {
		drop_doubles(&functions);
		if (print(list, symbols, &functions, err))
			status = -1;
	}
	function_list_fini(&functions);
	return status;
}

static int check(const struct list *list, const struct options_rest *rest, struct error *err)
{
	if (list->why && (rest->n_arguments || rest->n_behind || list->json || list->count))
		return error_usage(err, "--why NAME stands alone");
	if (list->on_load && !rest->n_arguments) {
		error_usage(err, "--on-load needs to know of which module");
		return error_hint(err, "kapimon list --on-load MODULE or MODULE:GLOB");
	}
	if (list->on_load && list->module)
		return error_usage(err, "--on-load takes the module from its pattern, not from "
					"--module");
	return 0;
}

int command_list(int argc, char **argv, struct error *err)
{
	struct symbols_paths paths = {0};
	struct list list = {0};
	struct options_rest rest;
	struct symbols *symbols;
	int status = options_parse(&options, argc, argv, &list, &rest, err);

	if (status)
		return status < 0 ? -1 : STATUS_OK;
	if (check(&list, &rest, err))
		return -1;
	paths.debug_info = list.debug_info;
	if (symbols_open_at(&paths, &symbols, err))
		return -1;
	if (list.why) {
		char *pattern;

		status = qualify(&list, list.why, &pattern, err);
		if (!status) {
			status = explain(symbols, pattern, stdout, err);
			free(pattern);
		}
	} else {
		status = run(&list, symbols, rest.n_arguments ? rest.arguments : rest.behind,
			     rest.n_arguments ? rest.n_arguments : rest.n_behind, err);
	}
	symbols_close(symbols);
	return status;
}

const struct options *command_list_options(void)
{
	return &options;
}
