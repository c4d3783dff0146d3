/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options for names and source lines in stacks, the same for every command that prints stacks:
 *
 *	static const struct option_row rows[] = {
 *		SYMBOL_OPTION_ROWS('P'),
 *		{'j', "json", NULL, "print JSON", OPTION_JSON},
 *	};
 *
 * In its set function a command first asks symbol_options_is_option().
 */
#ifndef COMMAND_SYMBOL_OPTIONS_H
#define COMMAND_SYMBOL_OPTIONS_H

#include <stdbool.h>

#include "command/options.h"
#include "model/namer.h"
#include "model/place.h"
#include "symbol/lines.h"
#include "symbol/names.h"

/* Numbers that no command uses for options of its own. */
enum symbol_option {
	SYMBOL_LINES = 1100,
	SYMBOL_PATH,
	SYMBOL_ALL,
	SYMBOL_ALONE,
	SYMBOL_END,
};

/* clang-format off */
#define SYMBOL_OPTION_ROWS(path_letter)                                                            \
	{0, "lines", NULL, "add source lines and inlined functions to the stacks", SYMBOL_LINES},  \
	{path_letter, "symbol-path", "PATH",                                                       \
	 "look there for files with symbols and debug information (means --lines)",                \
	 SYMBOL_PATH},                                                                             \
	{'A', "all-modules", NULL,                                                                 \
	 "names and lines of all modules, not of the kernel alone (means --lines)",                \
	 SYMBOL_ALL}
/* For commands that read a capture. */
#define SYMBOL_ALONE_ROW                                                                           \
	{0, "alone", NULL,                                                                         \
	 "take names and lines from the capture (and --symbol-path) only, ask nothing",            \
	 SYMBOL_ALONE}
/* clang-format on */

struct symbol_options {
	bool wanted;		 /* lines */
	bool names;		 /* of what a capture has by module and offset only */
	bool ask;		 /* for a path, where somebody could answer */
	const char *path;	 /* NULL: the environment's */
	const char *path_option; /* what sets it: "-P PATH"; NULL: nothing does */
	bool modules;
	bool alone;
	/* From symbol_options_begin() on. */
	struct builds *builds;
	struct running *running; /* NULL: names of the running system are not wanted */
	struct symbol_names *namer;
	struct lines *lines; /* NULL: none are wanted */
};

bool symbol_options_is_option(int id);
void symbol_options_set(struct symbol_options *options, int id, const char *value);
/*
 * *finder and *namer are NULL when no lines and no names are wanted. They live until
 * symbol_options_end(). namer may be NULL.
 */
int symbol_options_begin(struct symbol_options *options, struct place_finder **finder,
			 struct namer **namer, struct error *err);
/*
 * Look for the lines of the kernel that runs here, and ask for a path if need be, before they are
 * wanted: while calls are recorded they would wait for that.
 */
void symbol_options_prefetch(struct symbol_options *options);
/* Says on standard error what is missing. Begun or not. */
void symbol_options_end(struct symbol_options *options, const char *command);

#endif
