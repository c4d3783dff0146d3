/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of a command, from one static table that drives reading them, the --help text and
 * whatever else has to know them. -h and --help are there without being listed.
 *
 *	static const struct option_row rows[] = {
 *		{0, NULL, NULL, "Filters", 0},
 *		{'p', "pid", "PID", "only calls of this process", OPTION_PID},
 *		{0, "color", "[WHEN]", "auto, always or never", OPTION_COLOR},
 *	};
 */
#ifndef COMMAND_OPTIONS_H
#define COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct option_row {
	char letter;	      /* 0: it has only its long name */
	const char *name;     /* NULL: a group begins, help is its title */
	const char *argument; /* what it takes; NULL: nothing; "[X]": it may be left out */
	const char *help;
	int id; /* the command's own number for it */
};

struct options {
	const char *usage;   /* what follows the command: "[OPTION]... FILE" */
	const char *summary; /* what the command does, in a sentence or two */
	const struct option_row *rows;
	size_t n_rows;
	/*
	 * Called for each option in turn; value is NULL when none was given. A failure is told
	 * with the option's name before it.
	 */
	int (*set)(void *context, int id, const char *value, struct error *err);
};

/* What is not an option: pointers into argv. */
struct options_rest {
	char **arguments;
	size_t n_arguments;
	bool dashes;   /* a "--" was there */
	char **behind; /* what follows it, ended by NULL */
	size_t n_behind;
};

/*
 * Read argv, whose first is the command's name; options and arguments may be mixed. Returns 0; 1
 * when --help was asked for and printed: there is nothing more to do; -1 with err.
 */
int options_parse(const struct options *options, int argc, char **argv, void *context,
		  struct options_rest *rest, struct error *err);
void options_help(const struct options *options, const char *command, struct text *out);

#endif
