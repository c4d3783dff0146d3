/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Picks the command, prints its error, exits with its status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/classic.h"
#include "command/command.h"

static const struct command commands[] = {
#define COMMAND_ENTRY(name, summary) {#name, summary, command_##name},
	COMMANDS(COMMAND_ENTRY)
#undef COMMAND_ENTRY
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *out)
{
	fputs("usage: kapimon COMMAND [OPTION]... [ARGUMENT]...\n"
	      "Kapimon watches the calls of kernel functions.\n\n",
	      out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\n\"kapimon COMMAND --help\" tells the options of a command.\n", out);
}

static int tell(const char *command, const struct error *err)
{
	fprintf(stderr, "kapimon%s%s: %s\n", command ? " " : "", command ? command : "",
		err->message);
	if (err->hint[0])
		fprintf(stderr, "  %s\n", err->hint);
	return err->status == STATUS_OK ? STATUS_FAILED : (int)err->status;
}

static int run(int argc, char **argv)
{
	struct error err = {0};
	int status;

	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(argv[0], commands[i].name))
			continue;
		status = commands[i].run(argc, argv, &err);
		return status >= 0 ? status : tell(argv[0], &err);
	}
	fprintf(stderr, "kapimon: there is no command '%s'\n", argv[0]);
	fputs("  \"kapimon --help\" lists the commands\n", stderr);
	return STATUS_USAGE;
}

static int run_classic(int n_arguments, char **arguments)
{
	struct error err = {0};
	int argc, status;
	char **argv;

	if (classic_translate(n_arguments, arguments, &classic_linux, &argc, &argv, &err))
		return tell(NULL, &err);
	status = run(argc, argv);
	free(argv);
	return status;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	/* The classic's -H, which may be written in lower case, has more behind it. */
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help") ||
	    (argc == 2 && !strcmp(argv[1], "-h"))) {
		print_help(stdout);
		return STATUS_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("kapimon " KAPIMON_VERSION);
		return STATUS_OK;
	}
	if (classic_is_switch(argv[1], &classic_linux))
		return run_classic(argc - 1, argv + 1);
	return run(argc - 1, argv + 1);
}
