/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/dispatch.h"

#include <stdlib.h>
#include <string.h>

void program_help(const struct program *program, FILE *out)
{
	fputs("usage: kapimon COMMAND [OPTION]... [ARGUMENT]...\n"
	      "Kapimon watches the calls of kernel functions.\n\n",
	      out);
	for (size_t i = 0; i < program->n_commands; i++)
		fprintf(out, "  %-10s %s\n", program->commands[i].name,
			program->commands[i].summary);
	fputs("\n\"kapimon COMMAND --help\" tells the options of a command.\n", out);
	fputs(program->more, out);
}

static int tell(const char *command, const struct error *err)
{
	fprintf(stderr, "kapimon%s%s: %s\n", command ? " " : "", command ? command : "",
		err->message);
	if (err->hint[0])
		fprintf(stderr, "  %s\n", err->hint);
	return err->status == STATUS_OK ? STATUS_FAILED : (int)err->status;
}

static int run(const struct program *program, int argc, char **argv)
{
	struct error err = {0};
	int status;

	for (size_t i = 0; i < program->n_commands; i++) {
		if (strcmp(argv[0], program->commands[i].name))
			continue;
		status = program->commands[i].run(argc, argv, &err);
		return status >= 0 ? status : tell(argv[0], &err);
	}
	fprintf(stderr, "kapimon: there is no command '%s'\n", argv[0]);
	fputs("  \"kapimon --help\" lists the commands\n", stderr);
	return STATUS_USAGE;
}

static int run_classic(const struct program *program, int n_arguments, char **arguments)
{
	struct error err = {0};
	int argc, status;
	char **argv;

	if (classic_translate(n_arguments, arguments, program->ways, &argc, &argv, &err))
		return tell(NULL, &err);
	status = run(program, argc, argv);
	free(argv);
	return status;
}

int program_run(const struct program *program, int argc, char **argv)
{
	if (classic_is_switch(argv[0], program->ways))
		return run_classic(program, argc, argv);
	return run(program, argc, argv);
}
