/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_engine.h"

#include <stdlib.h>
#include <string.h>

/* States of /proc/kallsyms kept: the first and the latest ones. */
#define MAX_SNAPSHOTS 6

/* Init text that was seen at work: each loading of a module has one. */
#define MAX_PLACED 64

struct placed {
	const struct module_file *file;
	uint32_t section;
	uint64_t base;
};

struct names {
	struct symbols *symbols;
	struct placed placed[MAX_PLACED];
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

void names_learn(struct engine *engine, const struct hook *hook, uint64_t address)
{
	struct names *names = engine->names;
	const struct module_file *file;

	if (!hook->function.on_load || !hook->function.init || names->n_placed == MAX_PLACED)
		return;
	file = symbols_module_file(names->symbols, hook->module, NULL);
	for (size_t i = 0; file && i < file->n_functions; i++) {
		const struct module_function *function = &file->functions[i];
		struct placed placed = {file, function->section, address - function->offset};

		if (!function->init || function->offset != hook->function.address ||
		    strcmp(function->name, hook->name) != 0)
			continue;
		for (size_t j = 0; j < names->n_placed; j++) {
			if (names->placed[j].base == placed.base && names->placed[j].file == file)
				return;
		}
		names->placed[names->n_placed++] = placed;
		return;
	}
}

static bool placed_resolve(const struct placed *placed, uint64_t address, struct frame *frame)
{
	const struct module_file *file = placed->file;
	uint64_t offset = address - placed->base;

	for (size_t i = 0; i < file->n_functions; i++) {
		const struct module_function *function = &file->functions[i];

		/* init_module is a second name of the function that has one of its own. */
		if (function->section != placed->section || function->alias ||
		    offset - function->offset >= function->size)
			continue;
		*frame = (struct frame){function->name, offset - function->offset, file->name};
		return true;
	}
	return false;
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
		if (placed_resolve(&names->placed[i], address, frame))
			return true;
	}
	return false;
}
