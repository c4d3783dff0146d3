/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Picks the command, prints its error, exits with its status. */
#include <stdio.h>
#include <string.h>

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

int main(int argc, char **argv)
{
	struct error err = {0};
	int status;

	if (argc < 2) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		print_help(stdout);
		return STATUS_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("kapimon " KAPIMON_VERSION);
		return STATUS_OK;
	}
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		status = commands[i].run(argc - 1, argv + 1, &err);
		if (status >= 0)
			return status;
		fprintf(stderr, "kapimon %s: %s\n", argv[1], err.message);
		if (err.hint[0])
			fprintf(stderr, "  %s\n", err.hint);
		return err.status == STATUS_OK ? STATUS_FAILED : (int)err.status;
	}
	fprintf(stderr, "kapimon: there is no command '%s'\n", argv[1]);
	fputs("  \"kapimon --help\" lists the commands\n", stderr);
	return STATUS_USAGE;
}
