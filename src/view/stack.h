/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks as text, one frame a line. Naming an address is dear and few different stacks make up a
 * recording, so the text of those seen lately is kept.
 */
#ifndef VIEW_STACK_H
#define VIEW_STACK_H

#include <stdbool.h>

#include "base/text.h"
#include "model/catalog.h"
#include "model/place.h"
#include "model/record.h"

#define STACK_VIEW_SLOTS 1024

struct stack_view {
	struct place_finder *places; /* NULL: frames are shown without source lines */
	struct stack_view_slot {
		uint64_t hash;
		bool used;
		struct text text;
	} slots[STACK_VIEW_SLOTS];
};

void stack_view_init(struct stack_view *view);
void stack_view_fini(struct stack_view *view);
/* Addresses may mean something else now: a module came or went. */
void stack_view_forget(struct stack_view *view);
/* Nothing for a record without a stack. */
void stack_view_print(struct stack_view *view, const struct catalog *catalog,
		      const struct record_view *record, struct text *out);

/*
 * The stack of a record from its own frames or from the catalog, false if it has none. A stack
 * that is named but not known has no frames.
 */
bool stack_of_record(const struct catalog *catalog, const struct record_view *record,
		     struct stack *stack);
/* "vfs_open+0x1c [ext4]" */
void frame_print(const struct catalog *catalog, uint64_t address, struct text *out);
/*
 * The frame with its source line, "vfs_open+0x1c [ext4] fs/open.c:12", below the functions that are
 * inlined there, innermost first: "do_open [ext4] fs/open.c:7 (inlined)". Between these lines are
 * newlines; none of them has one in it. returned as in struct place_finder; places may be NULL.
 */
void frame_print_places(const struct catalog *catalog, struct place_finder *places,
			uint64_t address, bool returned, struct text *out);

#endif
