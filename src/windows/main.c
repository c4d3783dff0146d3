/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KAPIMON.EXE: its commands. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>

#include "command/dispatch.h"
#include "windows/command.h"

static const struct command commands[] = {
#define COMMAND_ENTRY(name, summary) {#name, summary, windows_##name},
	WINDOWS_COMMANDS(COMMAND_ENTRY)
#undef COMMAND_ENTRY
};

static const struct program program = {
	.commands = commands,
	.n_commands = sizeof(commands) / sizeof(commands[0]),
	.ways = &classic_nt,
	.more = "The classic switches: -H[R][F] API..., -F FILE, -M, -P PATH, -A.\n",
};

int main(int argc, char **argv)
{
	/* What is printed is the same on every system. */
	_setmode(1, _O_BINARY);
	if (argc < 2) {
		program_help(&program, stderr);
		return STATUS_USAGE;
	}
	/* The classic's -H, which may be written in lower case, has more behind it. */
	if (!strcmp(argv[1], "--help") || (argc == 2 && !strcmp(argv[1], "-h"))) {
		program_help(&program, stdout);
		return STATUS_OK;
	}
	return program_run(&program, argc - 1, argv + 1);
}
