/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "windows/symbol_path.h"

#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE "_NT_SYMBOL_PATH"
#define EXAMPLE "srv*C:\\symbols*https://msdl.microsoft.com/download/symbols"

bool symbol_path_is_option(int id)
{
	return id >= SYMBOL_PATH_PATH && id < SYMBOL_PATH_END;
}

int symbol_path_set(void *symbol_path, int id, const char *value, struct error *err)
{
	struct symbol_path *path = symbol_path;

	if (id == SYMBOL_PATH_ALL)
		path->all = true;
	else
		path->path = value;
	return 0;
}

static void ask(struct symbol_path *path)
{
	fprintf(stderr,
		"kapimon: where are the kernel's symbols? A path, or %s\n"
		"kapimon: (nothing: exports alone have names) ",
		EXAMPLE);
	fflush(stderr);
	if (!fgets(path->answer, sizeof(path->answer), stdin))
		path->answer[0] = '\0';
	path->answer[strcspn(path->answer, "\r\n")] = '\0';
	if (path->answer[0])
		path->path = path->answer;
}

struct nt_symbols *symbol_path_open(struct symbol_path *path)
{
	const char *variable = getenv(VARIABLE);
	struct nt_symbols *symbols;

	if (!path->path && (!variable || !*variable) && _isatty(0) && _isatty(2))
		ask(path);
	symbols = nt_symbols_create(path->path);
	if (!symbols)
		fprintf(stderr, "kapimon: there is no DBGHELP.DLL that reads symbol files: put one "
				"beside KAPIMON.EXE\n");
	return symbols;
}

void symbol_path_tell(const struct nt_names *names)
{
	if (!names->n_missing || !names->symbols)
		return;
	fprintf(stderr, "kapimon: there are no symbols of %s", names->missing);
	if (names->n_missing > 1)
		fprintf(stderr, " and %zu more modules", names->n_missing - 1);
	fprintf(stderr,
		": what they don't export has no name\n"
		"  set %s or -P to where they are: %s\n",
		VARIABLE, EXAMPLE);
}
