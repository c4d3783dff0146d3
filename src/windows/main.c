/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KAPIMON.EXE: picks the command, prints its error, exits with its status. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>

#include "windows/command.h"

static const struct {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv, struct error *err);
} commands[] = {
#define COMMAND_ENTRY(name, summary) {#name, summary, windows_##name},
	WINDOWS_COMMANDS(COMMAND_ENTRY)
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

	/* What is printed is the same on every system. */
	_setmode(1, _O_BINARY);
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help(argc < 2 ? stderr : stdout);
		return argc < 2 ? STATUS_USAGE : STATUS_OK;
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
