/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/walk.h"

#include <stdlib.h>

#include "tally/intern.h"

/* Naming a stack's owner is dear, and many blocks share a stack. */
struct owners {
	struct intern numbers;
	struct owner *owners;
	size_t capacity;
};

static const struct owner *owners_get(struct owners *owners, const struct catalog *catalog,
				      enum memory_family family, const struct memory_block *block,
				      struct error *err)
{
	uint64_t key[3] = {block->stack, block->site, family};
	uint32_t number;
	bool added;

	if (intern_add(&owners->numbers, key, sizeof(key), &number, &added, err))
		return NULL;
	if (number >= owners->capacity) {
		size_t capacity = owners->capacity ? owners->capacity * 2 : 256;
		struct owner *grown = realloc(owners->owners, capacity * sizeof(*grown));

		if (!grown) {
			error_no_memory(err);
			return NULL;
		}
		owners->owners = grown;
		owners->capacity = capacity;
	}
	if (added)
		owner_find(catalog, family, block, &owners->owners[number]);
	return &owners->owners[number];
}

static int walk(const struct catalog *catalog, const struct memory *memory,
		const struct memory_selection *selection, memory_visit *visit, void *context,
		struct owners *owners, uint64_t *left_out, struct error *err)
{
	for (size_t i = 0; i < memory->n_blocks; i++) {
		const struct memory_block *block = &memory->blocks[i];
		const struct memory_tag *tag = &memory->tags[block->tag];
		const struct owner *owner = owners_get(owners, catalog, tag->family, block, err);

		if (!owner)
			return -1;
		if (!memory_selects(selection, catalog, memory, block, owner))
			*left_out += !tag->inner && block->grade != MEMORY_INNER;
		else if (visit(context, block, owner, err))
			return -1;
	}
	return 0;
}

int memory_walk(const struct catalog *catalog, const struct memory *memory,
		const struct memory_selection *selection, memory_visit *visit, void *context,
		uint64_t *left_out, struct error *err)
{
	struct owners owners = {.capacity = 0};
	uint64_t not_selected = 0;
	int code;

	intern_init(&owners.numbers);
	code = walk(catalog, memory, selection, visit, context, &owners, &not_selected, err);
	intern_fini(&owners.numbers);
	free(owners.owners);
	if (!code && left_out)
		*left_out = not_selected;
	return code;
}
