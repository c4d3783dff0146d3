/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon session: print what is watched as a session file. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "command/hook_options.h"
#include "command/session_file.h"

static int set_option(void *context, int id, const char *value, struct error *err)
{
	return 0;
}

static const struct options options = {
	.usage = "FILE | -- hook OPTION... API...",
	.summary =
		"Print what the capture or session file FILE asks for, or what a command line of\n"
		"\"kapimon hook\" does, as a session file for \"kapimon hook --session\".",
	.set = set_option,
};

static int print_spec(const struct spec *spec, struct error *err)
{
	struct text text = TEXT_INIT;
	int code = 0;

	spec_print(spec, &text);
	if (text_failed(&text))
		code = error_no_memory(err);
	else if (fputs(text_string(&text), stdout) < 0 || fflush(stdout))
		code = error_set(err, "can't write the output");
	text_fini(&text);
	return code;
}

static int print_file(const char *path, struct error *err)
{
	struct spec spec;
	int code;

	spec_init(&spec);
	code = session_file_read(&spec, path, err);
	if (!code)
		code = print_spec(&spec, err);
	spec_fini(&spec);
	return code;
}

static int print_command(const struct options_rest *rest, struct error *err)
{
	struct hook_options hook;
	int code;

	if (strcmp(rest->behind[0], "hook") != 0) {
		error_usage(err, "'%s' watches nothing", rest->behind[0]);
		return error_hint(err, "expected kapimon session -- hook OPTION... API...");
	}
	code = hook_options_parse((int)rest->n_behind, rest->behind, &hook, err);
	if (!code)
		code = print_spec(&hook.spec, err);
	hook_options_fini(&hook);
	return code < 0 ? -1 : STATUS_OK;
}

int command_session(int argc, char **argv, struct error *err)
{
	struct options_rest rest;
	int status = options_parse(&options, argc, argv, NULL, &rest, err);

	if (status)
		return status < 0 ? -1 : STATUS_OK;
	if (!rest.n_arguments && rest.n_behind)
		return print_command(&rest, err);
	if (rest.n_arguments == 1 && !rest.n_behind)
		return print_file(rest.arguments[0], err);
	error_usage(err, "one file or one command line is printed");
	return error_hint(err,
			  "expected kapimon session FILE or kapimon session -- hook OPTION...");
}

const struct options *command_session_options(void)
{
	return &options;
}
