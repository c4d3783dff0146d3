/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/perfetto_tables.h"

#include <stdlib.h>
#include <string.h>

#include "export/naming.h"
#include "export/protobuf.h"
#include "view/escape.h"

/* Numbers of InternedData's fields. */
static const uint32_t fields[] = {
	[PERFETTO_CATEGORIES] = 1,     [PERFETTO_EVENT_NAMES] = 2, [PERFETTO_ANNOTATION_NAMES] = 3,
	[PERFETTO_FUNCTION_NAMES] = 5, [PERFETTO_FRAMES] = 6,	   [PERFETTO_STACKS] = 7,
	[PERFETTO_BUILD_IDS] = 16,     [PERFETTO_PATHS] = 17,	   [PERFETTO_MAPPINGS] = 19,
};

/* All that is interned has its number in field 1; names have their text in field 2. */
enum interned_field { INTERNED_ID = 1, INTERNED_TEXT = 2 };

enum mapping_field {
	MAPPING_BUILD_ID = 2,
	MAPPING_START = 4,
	MAPPING_END = 5,
	MAPPING_PATH = 7,
};

enum frame_field { FRAME_FUNCTION = 2, FRAME_MAPPING = 3, FRAME_ADDRESS = 4 };
enum stack_field { STACK_FRAME = 2 };

/* What makes a frame. */
struct frame_key {
	uint64_t function, mapping, address;
};

void perfetto_tables_init(struct perfetto_tables *tables)
{
	*tables = (struct perfetto_tables){0};
	for (int i = 0; i < PERFETTO_N_TABLES; i++)
		intern_init(&tables->tables[i]);
	intern_init(&tables->hashes);
}

void perfetto_tables_fini(struct perfetto_tables *tables)
{
	for (int i = 0; i < PERFETTO_N_TABLES; i++)
		intern_fini(&tables->tables[i]);
	intern_fini(&tables->hashes);
	free(tables->stack_ids);
	text_fini(&tables->fresh);
	text_fini(&tables->scratch);
}

void perfetto_tables_forget(struct perfetto_tables *tables)
{
	intern_clear(&tables->hashes);
}

/* *begin is where the new entry's message began, which the caller fills and ends; 0: an old one. */
static int entry_begin(struct perfetto_tables *tables, enum perfetto_table table, const void *key,
		       size_t length, uint64_t *id, size_t *begin, struct error *err)
{
	uint32_t number;
	bool added;

	if (intern_add(&tables->tables[table], key, length, &number, &added, err))
		return -1;
	*id = (uint64_t)number + 1;
	*begin = 0;
	if (added) {
		*begin = proto_begin(&tables->fresh, fields[table]);
		proto_number(&tables->fresh, INTERNED_ID, *id);
	}
	return 0;
}

static int add_bytes(struct perfetto_tables *tables, enum perfetto_table table, const void *bytes,
		     size_t length, uint64_t *id, struct error *err)
{
	size_t begin;

	if (entry_begin(tables, table, bytes, length, id, &begin, err))
		return -1;
	if (begin) {
		proto_bytes(&tables->fresh, INTERNED_TEXT, bytes, length);
		proto_end(&tables->fresh, begin);
	}
	return 0;
}

int perfetto_table_string(struct perfetto_tables *tables, enum perfetto_table table,
			  const char *string, uint64_t *id, struct error *err)
{
	return add_bytes(tables, table, string, strlen(string), id, err);
}

/* The module's name, as what stands in scratch. */
static int add_scratch(struct perfetto_tables *tables, enum perfetto_table table, uint64_t *id,
		       struct error *err)
{
	int status;

	if (text_failed(&tables->scratch))
		return error_no_memory(err);
	status = add_bytes(tables, table, text_string(&tables->scratch), tables->scratch.length, id,
			   err);
	text_clear(&tables->scratch);
	return status;
}

static int add_mapping(struct perfetto_tables *tables, const struct module *module, uint64_t *id,
		       struct error *err)
{
	uint64_t path, build_id;
	size_t begin;

	escape_print(&tables->scratch, module->name, strlen(module->name), 0);
	if (add_scratch(tables, PERFETTO_PATHS, &path, err) ||
	    add_bytes(tables, PERFETTO_BUILD_IDS, module->build_id, module->build_id_length,
		      &build_id, err))
		return -1;
	/* Modules only ever are added to the catalog: the address tells them apart. */
	if (entry_begin(tables, PERFETTO_MAPPINGS, &module->base, sizeof(module->base), id, &begin,
			err))
		return -1;
	if (begin) {
		proto_number(&tables->fresh, MAPPING_BUILD_ID, build_id);
		proto_number(&tables->fresh, MAPPING_START, module->base);
		proto_number(&tables->fresh, MAPPING_END, module->base + module->size);
		proto_number(&tables->fresh, MAPPING_PATH, path);
		proto_end(&tables->fresh, begin);
	}
	return 0;
}

static int add_frame(struct perfetto_tables *tables, const struct catalog *catalog,
		     uint64_t address, uint64_t *id, struct error *err)
{
	const struct module *module = module_table_find(&catalog->modules, address, 0);
	struct frame_key key = {.address = module ? address - module->base : address};
	size_t begin;

	naming_frame(catalog, address, &tables->scratch);
	if (add_scratch(tables, PERFETTO_FUNCTION_NAMES, &key.function, err) ||
	    (module && add_mapping(tables, module, &key.mapping, err)) ||
	    entry_begin(tables, PERFETTO_FRAMES, &key, sizeof(key), id, &begin, err))
		return -1;
	if (begin) {
		proto_number(&tables->fresh, FRAME_FUNCTION, key.function);
		if (module)
			proto_number(&tables->fresh, FRAME_MAPPING, key.mapping);
		proto_number(&tables->fresh, FRAME_ADDRESS, key.address);
		proto_end(&tables->fresh, begin);
	}
	return 0;
}

/* Outermost first, as Perfetto wants them. */
static int add_stack(struct perfetto_tables *tables, const struct catalog *catalog,
		     const struct stack *stack, uint64_t *id, struct error *err)
{
	uint64_t frames[KMN_MAX_FRAMES];
	size_t begin, n = 0;

	for (uint16_t i = stack->n_frames; i > 0 && n < KMN_MAX_FRAMES; i--) {
		if (add_frame(tables, catalog, stack->frames[i - 1], &frames[n++], err))
			return -1;
	}
	if (entry_begin(tables, PERFETTO_STACKS, frames, n * sizeof(*frames), id, &begin, err))
		return -1;
	if (begin) {
		for (size_t i = 0; i < n; i++)
			proto_number(&tables->fresh, STACK_FRAME, frames[i]);
		proto_end(&tables->fresh, begin);
	}
	return 0;
}

static int make_room(struct perfetto_tables *tables, uint32_t number, struct error *err)
{
	size_t capacity = tables->capacity ? tables->capacity * 2 : 256;
	uint64_t *ids;

	if (number < tables->capacity)
		return 0;
	ids = realloc(tables->stack_ids, capacity * sizeof(*ids));
	if (!ids)
		return error_no_memory(err);
	tables->stack_ids = ids;
	tables->capacity = capacity;
	return 0;
}

int perfetto_table_stack(struct perfetto_tables *tables, const struct catalog *catalog,
			 const struct stack *stack, uint64_t *id, struct error *err)
{
	uint32_t number;
	bool added;

	if (intern_add(&tables->hashes, &stack->hash, sizeof(stack->hash), &number, &added, err) ||
	    make_room(tables, number, err))
		return -1;
	if (added && add_stack(tables, catalog, stack, &tables->stack_ids[number], err))
		return -1;
	*id = tables->stack_ids[number];
	return 0;
}
