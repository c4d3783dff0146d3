/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks as one line, "symbol;symbol". Naming an address is dear and few different stacks make up a
 * recording, so the lines of those seen lately are kept.
 */
#ifndef EXPORT_STACK_LINE_H
#define EXPORT_STACK_LINE_H

#include <stdbool.h>

#include "base/text.h"
#include "model/catalog.h"
#include "model/record.h"

#define STACK_LINE_SLOTS 1024

struct stack_lines {
	bool outermost_first;
	struct stack_line_slot {
		uint64_t hash;
		bool used;
		struct text text;
	} slots[STACK_LINE_SLOTS];
};

void stack_lines_fini(struct stack_lines *lines);
/* Addresses may mean something else now: a module came or went. */
void stack_lines_forget(struct stack_lines *lines);
/* "" for a record without a stack, or with one whose frames are not known. */
const struct text *stack_lines_get(struct stack_lines *lines, const struct catalog *catalog,
				   const struct record_view *record);

#endif
