/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_engine.h"

#include <stdlib.h>
#include <string.h>

/* States of /proc/kallsyms kept: the first and the latest ones. */
#define MAX_SNAPSHOTS 6

/* Init text: each loading of a module has one. */
struct placed {
	char *module;
	uint64_t base, size;
};

struct names {
	struct symbols *symbols;
	struct placed *placed;
	size_t n_placed;
	struct kallsyms *later[MAX_SNAPSHOTS]; /* in order of time */
	size_t n_later;
};

struct names *names_create(struct engine *engine, struct error *err)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names) {
		error_no_memory(err);
		return NULL;
	}
	names->symbols = engine->symbols;
	engine->catalog.resolve = names_resolve;
	engine->catalog.resolver = names;
	return names;
}

void names_destroy(struct names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < names->n_later; i++)
		kallsyms_destroy(names->later[i]);
	for (size_t i = 0; i < names->n_placed; i++)
		free(names->placed[i].module);
	free(names->placed);
	free(names);
}

int names_refresh(struct engine *engine, struct error *err)
{
	struct names *names = engine->names;
	struct kallsyms *now;

	if (names->n_later == MAX_SNAPSHOTS)
		return 0; /* names handed out must stay: what comes now is shown by module + offset
			   */
	if (kallsyms_load(NULL, &now, err))
		return -1;
	names->later[names->n_later++] = now;
	return 0;
}

int names_place_init(struct engine *engine, const char *module, uint64_t base, uint64_t size,
		     struct error *err)
{
	struct names *names = engine->names;
	struct placed *placed;
	char *name;

	placed = realloc(names->placed, (names->n_placed + 1) * sizeof(*placed));
	if (!placed)
		return error_no_memory(err);
	names->placed = placed;
	name = strdup(module);
	if (!name)
		return error_no_memory(err);
	placed[names->n_placed++] = (struct placed){name, base, size};
	return 0;
}

/*
 * Init text begins with the first such section of the file (layout_sections() of
 * kernel/module/main.c), and hardly any module has another.
 */
static const struct module_function *function_at(const struct module_file *file, uint64_t offset)
{
	const struct module_function *found = NULL;
	uint32_t section = UINT32_MAX;

	for (size_t i = 0; i < file->n_functions; i++) {
		const struct module_function *function = &file->functions[i];

		if (function->init && function->section < section)
			section = function->section;
	}
	for (size_t i = 0; i < file->n_functions && !found; i++) {
		const struct module_function *function = &file->functions[i];

		/* init_module is a second name of the function that has one of its own. */
		if (function->section == section && !function->alias &&
		    offset - function->offset < function->size)
			found = function;
	}
	return found;
}

static bool placed_resolve(const struct names *names, const struct placed *placed, uint64_t address,
			   struct frame *frame)
{
	uint64_t offset = address - placed->base;
	const struct module_function *function = NULL;
	const struct module_file *file;

	if (offset >= placed->size)
		return false;
	file = symbols_module_file(names->symbols, placed->module, NULL);
	if (file)
		function = function_at(file, offset);
	*frame = (struct frame){".init.text", offset, placed->module};
	if (function)
		*frame = (struct frame){function->name, offset - function->offset, placed->module};
	return true;
}

bool names_resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	const struct names *names = catalog->resolver;
	const struct kallsyms *first;

	for (size_t i = names->n_later; i-- > 0;) {
		if (kallsyms_resolve(names->later[i], address, frame))
			return true;
	}
	first = symbols_kallsyms(names->symbols, NULL);
	if (first && kallsyms_resolve(first, address, frame))
		return true;
	/* The latest last: memory may be used again. */
	for (size_t i = names->n_placed; i-- > 0;) {
		if (placed_resolve(names, &names->placed[i], address, frame))
			return true;
	}
	return false;
}
