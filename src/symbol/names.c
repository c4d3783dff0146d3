/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/names.h"

#include <stdlib.h>

#include "symbol/symbol_file.h"

struct symbol_names {
	struct namer namer;
	struct builds *builds;
	struct running *running;
};

static bool name_in_files(struct symbol_names *names, struct build *build, uint64_t offset,
			  const char **symbol, uint64_t *symbol_offset)
{
	const struct symbol_file *file;

	if (!builds_wants(names->builds, build->kernel)) {
		builds_missing(names->builds)->names++;
		return false;
	}
	file = builds_names(names->builds, build);
	if (file && symbol_file_name(file, offset, symbol, symbol_offset))
		return true;
	/* The file has all that there is: what has no name in it has none. */
	if (!file)
		build->n_nameless++;
	return false;
}

static bool name(struct namer *namer, const struct catalog *catalog, const struct module *module,
		 bool kernel, uint64_t offset, const char **symbol, uint64_t *symbol_offset)
{
	struct symbol_names *names = (struct symbol_names *)namer;
	struct build *build = builds_find(names->builds, catalog, module);
	struct error hidden = {0};

	if (!build) {
		builds_missing(names->builds)->memory = true;
		return false;
	}
	if (names->running &&
	    running_name(names->running, build, offset, symbol, symbol_offset, &hidden))
		return true;
	if (name_in_files(names, build, offset, symbol, symbol_offset))
		return true;
	if (hidden.status != STATUS_OK)
		build->why_no_names = hidden;
	return false;
}

struct symbol_names *symbol_names_create(struct builds *builds, struct running *running,
					 struct error *err)
{
	struct symbol_names *names = calloc(1, sizeof(*names));

	if (!names) {
		error_no_memory(err);
		return NULL;
	}
	names->namer.name = name;
	names->builds = builds;
	names->running = running;
	return names;
}

void symbol_names_destroy(struct symbol_names *names)
{
	free(names);
}

struct namer *symbol_names_namer(struct symbol_names *names)
{
	return &names->namer;
}
