/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_engine.h"

#include <stdlib.h>
#include <string.h>

/* States of /proc/kallsyms kept: the first and the latest ones. */
#define MAX_SNAPSHOTS 6

struct names {
	struct symbols *symbols;
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

bool names_resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	const struct names *names = catalog->resolver;
	const struct kallsyms *first;

	for (size_t i = names->n_later; i-- > 0;) {
		if (kallsyms_resolve(names->later[i], address, frame))
			return true;
	}
	first = symbols_kallsyms(names->symbols, NULL);
	return first && kallsyms_resolve(first, address, frame);
}
