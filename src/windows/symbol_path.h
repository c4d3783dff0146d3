/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where symbol files are looked for, the same for every command that names functions:
 *
 *	static const struct option_row rows[] = {
 *		SYMBOL_PATH_ROWS,
 *	};
 *
 * In its set function a command first asks symbol_path_is_option().
 */
#ifndef WINDOWS_SYMBOL_PATH_H
#define WINDOWS_SYMBOL_PATH_H

#include <stdbool.h>

#include "source/nt_names.h"

/* Numbers that no command uses for options of its own. */
enum symbol_path_option {
	SYMBOL_PATH_PATH = 1100,
	SYMBOL_PATH_ALL,
	SYMBOL_PATH_END,
};

/* clang-format off */
#define SYMBOL_PATH_ROWS                                                                           \
	{'P', "symbol-path", "PATH", "look there for symbol files (_NT_SYMBOL_PATH)",              \
	 SYMBOL_PATH_PATH},                                                                        \
	{'A', "all-modules", NULL,                                                                 \
	 "look for names without a module in the symbols of all drivers, not of the kernel alone", \
	 SYMBOL_PATH_ALL}
/* clang-format on */

struct symbol_path {
	const char *path; /* NULL: the environment's, or nothing */
	bool all;
	char answer[1024]; /* to the question for a path */
};

bool symbol_path_is_option(int id);
int symbol_path_set(void *symbol_path, int id, const char *value, struct error *err);
/*
 * Asks for a path when none is set and somebody can answer. The caller destroys the symbols, after
 * what uses them; NULL: there is no DBGHELP.DLL, which was told.
 */
struct nt_symbols *symbol_path_open(struct symbol_path *path);
/* Tell whose symbol files were not found, and what to do. */
void symbol_path_tell(const struct nt_names *names);

#endif
