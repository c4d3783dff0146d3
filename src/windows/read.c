/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon list, kapimon show */
#include <stdio.h>

#include "command/options.h"
#include "source/capture_source.h"
#include "source/nt_images.h"
#include "windows/command.h"
#include "windows/play.h"
#include "windows/symbol_path.h"

enum option { OPTION_NO_STACK, OPTION_RELATIVE, OPTION_ALONE };

static const struct option_row show_rows[] = {
	{'S', "no-stack", NULL, "print one line a call", OPTION_NO_STACK},
	{0, "relative", NULL, "count the time from the start of the recording, in seconds",
	 OPTION_RELATIVE},
	{0, "alone", NULL, "take names from the capture only, as always here", OPTION_ALONE},
};

static int set_show(void *context, int id, const char *value, struct error *err)
{
	struct text_view_options *view = context;

	if (id == OPTION_NO_STACK)
		view->stacks = false;
	else if (id == OPTION_RELATIVE)
		view->relative = true;
	return 0;
}

static const struct options show_options = {
	.usage = "[OPTION]... FILE",
	.summary = "Print the calls in a capture, then its ledger and whether it is complete.",
	.rows = show_rows,
	.n_rows = sizeof(show_rows) / sizeof(show_rows[0]),
	.set = set_show,
};

int windows_show(int argc, char **argv, struct error *err)
{
	struct text_view_options view = {.stacks = true, .summary = stdout};
	struct options_rest rest;
	struct source *source;
	int parsed = options_parse(&show_options, argc, argv, &view, &rest, err), code;

	if (parsed)
		return parsed < 0 ? -1 : STATUS_OK;
	if (rest.n_arguments != 1)
		return error_usage(err, "which capture?");
	source = capture_source_open(rest.arguments[0], err);
	if (!source)
		return -1;
	code = play(source, &view, err);
	source->ops->close(source);
	return code;
}

struct list {
	struct symbol_path path;
	bool on_load;
};

enum list_option { OPTION_ON_LOAD };

static const struct option_row list_rows[] = {
	{'l', "on-load", NULL,
	 "what a driver that need not be loaded has: arguments are DRIVER or DRIVER:GLOB",
	 OPTION_ON_LOAD},
	SYMBOL_PATH_ROWS,
};

static int set_list(void *context, int id, const char *value, struct error *err)
{
	struct list *list = context;

	if (symbol_path_is_option(id))
		return symbol_path_set(&list->path, id, value, err);
	list->on_load = true;
	return 0;
}

static const struct options list_options = {
	.usage = "[OPTION]... [NAME | GLOB | MODULE:NAME]...",
	.summary = "List functions of the kernel and its drivers: those that they export and those "
		   "in their\nsymbol files; without an argument the modules.",
	.rows = list_rows,
	.n_rows = sizeof(list_rows) / sizeof(list_rows[0]),
	.set = set_list,
};

static int print_function(void *context, const struct nt_module *module,
			  const struct nt_function *function, struct error *err)
{
	printf("%s:%s\n", module->module.name, function->name);
	return 0;
}

static int print_on_load(void *context, const struct nt_image *image,
			 const struct nt_function *function, struct error *err)
{
	enum hook_reason reason = nt_image_reason(image, function, false);

	printf("%s:%s", image->name, function->name);
	if (reason)
		printf("  can't be hooked: %s", hook_reason_sentence(reason));
	printf("\n");
	return 0;
}

static int list_on_load(struct nt_names *names, const struct options_rest *rest, struct error *err)
{
	if (!rest->n_arguments) {
		error_usage(err, "--on-load needs to know of which driver");
		return error_hint(err, "kapimon list --on-load DRIVER or DRIVER:GLOB");
	}
	for (size_t i = 0; i < rest->n_arguments; i++) {
		int found = nt_images_match(names, rest->arguments[i], print_on_load, NULL, err);

		if (found < 0)
			return -1;
		if (!found)
			return error_set(err, "the driver has no function for '%s'",
					 rest->arguments[i]);
	}
	return STATUS_OK;
}

static int list(struct nt_names *names, const struct options_rest *rest, struct error *err)
{
	int found;

	if (!rest->n_arguments)
		for (size_t i = 0; i < names->n_modules; i++)
			if (nt_module_is_here(names->modules[i]))
				printf("%016llx %8llx %s\n",
				       (unsigned long long)names->modules[i]->module.base,
				       (unsigned long long)names->modules[i]->module.size,
				       names->modules[i]->module.name);
	for (size_t i = 0; i < rest->n_arguments; i++) {
		found = nt_names_match(names, rest->arguments[i], print_function, NULL, err);
		if (found < 0)
			return -1;
		if (!found) {
			error_set(err, "no function is called %s", rest->arguments[i]);
			return error_hint(err, "\"kapimon list '*NAME*'\" lists those that are "
					       "called like it");
		}
	}
	return STATUS_OK;
}

int windows_list(int argc, char **argv, struct error *err)
{
	struct list asked = {0};
	struct nt_names names = {0};
	struct trace_system system;
	struct options_rest rest;
	struct nt_symbols *symbols;
	struct nt_device *device;
	int parsed = options_parse(&list_options, argc, argv, &asked, &rest, err), code;

	if (parsed)
		return parsed < 0 ? -1 : STATUS_OK;
	device = nt_device_open(&system, err);
	if (!device)
		return -1;
	names.symbols = symbols = symbol_path_open(&asked.path);
	names.all = asked.path.all;
	code = nt_names_init(&names, device, err);
	if (!code)
		code = asked.on_load ? list_on_load(&names, &rest, err) : list(&names, &rest, err);
	symbol_path_tell(&names);
	nt_names_fini(&names);
	nt_symbols_destroy(symbols);
	nt_device_close(device);
	return code;
}
