/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Picks a program's command by its name, today's or the classic's, prints its error and gives its
 * exit status.
 */
#ifndef COMMAND_DISPATCH_H
#define COMMAND_DISPATCH_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "command/classic.h"

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv, struct error *err); /* see command.h */
};

struct program {
	const struct command *commands;
	size_t n_commands;
	const struct classic_ways *ways;
	const char *more; /* behind the help's list of commands */
};

void program_help(const struct program *program, FILE *out);
/* argv: without the program's name; at least one. Returns the exit status. */
int program_run(const struct program *program, int argc, char **argv);

#endif
