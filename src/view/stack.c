/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/stack.h"

#include <string.h>

#include "view/escape.h"
#include "view/number.h"

void stack_view_init(struct stack_view *view)
{
	memset(view, 0, sizeof(*view));
}

void stack_view_fini(struct stack_view *view)
{
	for (size_t i = 0; i < STACK_VIEW_SLOTS; i++)
		text_fini(&view->slots[i].text);
}

void stack_view_forget(struct stack_view *view)
{
	for (size_t i = 0; i < STACK_VIEW_SLOTS; i++)
		view->slots[i].used = false;
}

bool stack_of_record(const struct catalog *catalog, const struct record_view *record,
		     struct stack *stack)
{
	const struct stack *known;

	if (!record->stack)
		return false;
	if (record->frames) {
		*stack = (struct stack){
			.hash = record->stack->hash,
			.modules = record->stack->modules,
			.flags = record->header->flags,
			.n_frames = record->header->n_frames,
			.frames = record->frames,
		};
		return true;
	}
	known = stack_table_find(catalog->stacks, record->stack->hash);
	*stack = known ? *known : (struct stack){.hash = record->stack->hash};
	return true;
}

void frame_print(const struct catalog *catalog, uint64_t address, struct text *out)
{
	struct frame frame = {0};

	catalog_frame(catalog, address, &frame);
	if (frame.symbol) {
		escape_print(out, frame.symbol, strlen(frame.symbol), 0);
		text_add_char(out, '+');
		number_print_hex(out, frame.offset, 0);
	} else if (frame.module) {
		text_add_char(out, '+');
		number_print_hex(out, frame.offset, 0);
	} else {
		number_print_hex(out, address, 16);
	}
	if (frame.module) {
		text_add(out, " [");
		escape_print(out, frame.module, strlen(frame.module), 0);
		text_add_char(out, ']');
	}
}

static void place_print(const struct place *place, struct text *out)
{
	text_add_char(out, ' ');
	escape_print(out, place->file, strlen(place->file), 0);
	text_add_char(out, ':');
	number_print(out, place->line);
}

static void inlined_print(const struct catalog *catalog, uint64_t address,
			  const struct place *place, struct text *out)
{
	struct frame frame = {0};

	catalog_frame(catalog, address, &frame);
	escape_print(out, place->function, strlen(place->function), 0);
	if (frame.module) {
		text_add(out, " [");
		escape_print(out, frame.module, strlen(frame.module), 0);
		text_add_char(out, ']');
	}
	place_print(place, out);
	text_add(out, " (inlined)");
}

void frame_print_places(const struct catalog *catalog, struct place_finder *places,
			uint64_t address, bool returned, struct text *out)
{
	const struct place *found = NULL, *own = NULL;
	size_t n = places ? places->find(places, catalog, address, returned, &found) : 0;

	for (size_t i = 0; i < n; i++) {
		if (!found[i].function) {
			own = &found[i];
			continue;
		}
		inlined_print(catalog, address, &found[i], out);
		text_add_char(out, '\n');
	}
	frame_print(catalog, address, out);
	if (own)
		place_print(own, out);
}

/* Each frame, and each function inlined in one, is a line. */
static void frames_print(const struct catalog *catalog, struct place_finder *places,
			 const struct stack *stack, struct text *out)
{
	struct text lines = TEXT_INIT;

	for (uint16_t i = 0; i < stack->n_frames; i++) {
		text_clear(&lines);
		frame_print_places(catalog, places, stack->frames[i], i > 0, &lines);
		for (const char *line = text_string(&lines); *line;) {
			size_t length = strcspn(line, "\n");

			text_add(out, "    ");
			text_add_bytes(out, line, length);
			text_add_char(out, '\n');
			line += length + (line[length] != '\0');
		}
	}
	out->failed |= lines.failed;
	text_fini(&lines);
}

static void stack_print(const struct catalog *catalog, struct place_finder *places,
			const struct stack *stack, struct text *out)
{
	frames_print(catalog, places, stack, out);
	if (!stack->n_frames) {
		text_add(out, "    (the frames of stack ");
		number_print_hex(out, stack->hash, 16);
		text_add(out, " are not known)\n");
	}
	if (stack->flags & KMN_STACK_TRUNCATED)
		text_add(out, "    ... (truncated)\n");
}

void stack_view_print(struct stack_view *view, const struct catalog *catalog,
		      const struct record_view *record, struct text *out)
{
	struct stack_view_slot *slot;
	struct stack stack;

	if (!record->stack)
		return;
	slot = &view->slots[record->stack->hash % STACK_VIEW_SLOTS];
	if (!slot->used || slot->hash != record->stack->hash) {
		stack_of_record(catalog, record, &stack);
		/* An unknown one may still be learned: don't keep it. */
		slot->used = stack.n_frames;
		slot->hash = stack.hash;
		text_clear(&slot->text);
		stack_print(catalog, view->places, &stack, &slot->text);
		if (text_failed(&slot->text)) {
			slot->used = false;
			out->failed = true;
			return;
		}
	}
	text_add_bytes(out, text_string(&slot->text), slot->text.length);
}
