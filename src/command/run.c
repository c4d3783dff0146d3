/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon run: watch again what a capture watched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/options.h"

/* The options of "kapimon hook" behind the name of the capture. */
static const struct options *run_options(void)
{
	static struct options options;

	options = *command_hook_options();
	options.usage = "FILE [OPTION]... [API]... [-- COMMAND [ARGUMENT]...]";
	options.summary = "Watch again what the capture or session file FILE watched. Options are "
			  "those of\n\"kapimon hook\"; they are added to what FILE says.";
	return &options;
}

const struct options *command_run_options(void)
{
	return run_options();
}

static int help(void)
{
	struct text text = TEXT_INIT;

	options_help(run_options(), "run", &text);
	fputs(text_string(&text), stdout);
	text_fini(&text);
	return STATUS_OK;
}

int command_run(int argc, char **argv, struct error *err)
{
	char **hook;
	int status;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return help();
	if (argc < 2 || argv[1][0] == '-') {
		error_usage(err, "what is to be watched again?");
		return error_hint(err, "expected kapimon run FILE [OPTION]..., the capture first");
	}
	hook = calloc((size_t)argc + 2, sizeof(*hook));
	if (!hook)
		return error_no_memory(err);
	hook[0] = (char *)"hook";
	hook[1] = (char *)"--session";
	memcpy(hook + 2, argv + 1, (size_t)(argc - 1) * sizeof(*hook));
	status = command_hook(argc + 1, hook, err);
	free(hook);
	return status;
}
