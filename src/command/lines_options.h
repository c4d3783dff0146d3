/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options for source lines in stacks, the same for every command that prints stacks:
 *
 *	static const struct option_row rows[] = {
 *		LINES_OPTION_ROWS('P'),
 *		{'j', "json", NULL, "print JSON", OPTION_JSON},
 *	};
 *
 * In its set function a command first asks line_options_is_option().
 */
#ifndef COMMAND_LINES_OPTIONS_H
#define COMMAND_LINES_OPTIONS_H

#include <stdbool.h>

#include "command/options.h"
#include "model/place.h"
#include "symbol/lines.h"

/* Numbers that no command uses for options of its own. */
enum line_option {
	LINES_LINES = 1100,
	LINES_PATH,
	LINES_ALL,
	LINES_END,
};

/* clang-format off */
#define LINES_OPTION_ROWS(path_letter)                                                             \
	{0, "lines", NULL, "add source lines and inlined functions to the stacks", LINES_LINES},   \
	{path_letter, "symbol-path", "PATH",                                                       \
	 "look there for files with debug information (with --lines, which this means)",           \
	 LINES_PATH},                                                                              \
	{'A', "all-modules", NULL,                                                                 \
	 "lines of all modules, not of the kernel alone (with --lines, which this means)",         \
	 LINES_ALL}
/* clang-format on */

struct line_options {
	bool wanted;
	const char *path; /* NULL: the environment's */
	bool modules;
	struct lines *lines; /* NULL: none are wanted, or not created yet */
};

bool line_options_is_option(int id);
void line_options_set(struct line_options *options, int id, const char *value);
/* *finder is NULL when no lines are wanted. It lives until line_options_end(). */
int line_options_begin(struct line_options *options, struct place_finder **finder,
		       struct error *err);
/* Says on standard error which lines are missing. Begun or not. */
void line_options_end(struct line_options *options, const char *command);

#endif
