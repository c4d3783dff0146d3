/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a Perfetto trace spells out once and then names by number (InternedData): names, frames,
 * call stacks, the modules that they are in. What is new gathers in `fresh`, the fields of a
 * message that has to go out with the packet that refers to it.
 */
#ifndef EXPORT_PERFETTO_TABLES_H
#define EXPORT_PERFETTO_TABLES_H

#include "base/text.h"
#include "model/catalog.h"
#include "tally/intern.h"

enum perfetto_table {
	PERFETTO_CATEGORIES,
	PERFETTO_EVENT_NAMES,
	PERFETTO_ANNOTATION_NAMES,
	PERFETTO_FUNCTION_NAMES,
	PERFETTO_BUILD_IDS,
	PERFETTO_PATHS,
	PERFETTO_MAPPINGS,
	PERFETTO_FRAMES,
	PERFETTO_STACKS,
	PERFETTO_N_TABLES,
};

struct perfetto_tables {
	struct intern tables[PERFETTO_N_TABLES];
	struct intern hashes; /* of stacks whose frames were looked up, ... */
	uint64_t *stack_ids;  /* and what they are called: by the hash's number */
	size_t capacity;
	struct text fresh;
	struct text scratch;
};

void perfetto_tables_init(struct perfetto_tables *tables);
void perfetto_tables_fini(struct perfetto_tables *tables);
/* Addresses may mean something else now. */
void perfetto_tables_forget(struct perfetto_tables *tables);
/* *id is never 0. The strings are valid UTF-8. */
int perfetto_table_string(struct perfetto_tables *tables, enum perfetto_table table,
			  const char *string, uint64_t *id, struct error *err);
int perfetto_table_stack(struct perfetto_tables *tables, const struct catalog *catalog,
			 const struct stack *stack, uint64_t *id, struct error *err);

#endif
