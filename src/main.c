/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program of Linux: its commands. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "command/dispatch.h"

static const struct command commands[] = {
#define COMMAND_ENTRY(name, summary) {#name, summary, command_##name},
	COMMANDS(COMMAND_ENTRY)
#undef COMMAND_ENTRY
};

static const struct program program = {
	.commands = commands,
	.n_commands = sizeof(commands) / sizeof(commands[0]),
	.ways = &classic_linux,
	.more = "",
};

int main(int argc, char **argv)
{
	if (argc < 2) {
		program_help(&program, stderr);
		return STATUS_USAGE;
	}
	/* The classic's -H, which may be written in lower case, has more behind it. */
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help") ||
	    (argc == 2 && !strcmp(argv[1], "-h"))) {
		program_help(&program, stdout);
		return STATUS_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("kapimon " KAPIMON_VERSION);
		return STATUS_OK;
	}
	return program_run(&program, argc - 1, argv + 1);
}
