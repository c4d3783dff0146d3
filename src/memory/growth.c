/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/growth.h"

#include <stdlib.h>

#include "tally/intern.h"

struct mark {
	uint64_t blocks, bytes;
};

struct growth {
	struct intern names;
	struct mark *marks; /* by the name's number */
	size_t capacity;
};

struct growth *growth_create(struct error *err)
{
	struct growth *growth = calloc(1, sizeof(*growth));

	if (!growth) {
		error_no_memory(err);
		return NULL;
	}
	intern_init(&growth->names);
	return growth;
}

void growth_destroy(struct growth *growth)
{
	if (!growth)
		return;
	intern_fini(&growth->names);
	free(growth->marks);
	free(growth);
}

static void name_group(const struct catalog *catalog, const struct memory *memory,
		       const struct groups *groups, const struct group *group, struct text *name)
{
	for (size_t k = 0; k < groups->by.n; k++) {
		group_print_key(catalog, memory, group, groups->by.keys[k], name);
		text_add_char(name, '\n');
	}
}

static int mark_group(struct growth *growth, const struct text *name, const struct group *group,
		      struct error *err)
{
	uint32_t number;
	bool added;

	if (text_failed(name))
		return error_no_memory(err);
	if (intern_add(&growth->names, text_string(name), name->length, &number, &added, err))
		return -1;
	if (number >= growth->capacity) {
		size_t capacity = growth->capacity ? growth->capacity * 2 : 64;
		struct mark *marks = realloc(growth->marks, capacity * sizeof(*marks));

		if (!marks)
			return error_no_memory(err);
		growth->marks = marks;
		growth->capacity = capacity;
	}
	if (added)
		growth->marks[number] = (struct mark){0};
	growth->marks[number].blocks += group->blocks;
	growth->marks[number].bytes += group->bytes;
	return 0;
}

int growth_mark(struct growth *growth, const struct catalog *catalog, const struct memory *memory,
		const struct groups *groups, struct error *err)
{
	struct text name = TEXT_INIT;
	int code = 0;

	intern_clear(&growth->names);
	for (size_t i = 0; !code && i < groups->n; i++) {
		text_clear(&name);
		name_group(catalog, memory, groups, &groups->groups[i], &name);
		code = mark_group(growth, &name, &groups->groups[i], err);
	}
	text_fini(&name);
	return code;
}

void growth_since(const struct growth *growth, const struct catalog *catalog,
		  const struct memory *memory, const struct groups *groups,
		  const struct group *group, int64_t *blocks, int64_t *bytes)
{
	struct text name = TEXT_INIT;
	uint32_t number;

	*blocks = (int64_t)group->blocks;
	*bytes = (int64_t)group->bytes;
	name_group(catalog, memory, groups, group, &name);
	if (!text_failed(&name) &&
	    intern_find(&growth->names, text_string(&name), name.length, &number)) {
		*blocks -= (int64_t)growth->marks[number].blocks;
		*bytes -= (int64_t)growth->marks[number].bytes;
	}
	text_fini(&name);
}
