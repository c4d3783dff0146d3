/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/stack_line.h"

#include <string.h>

#include "export/naming.h"
#include "view/stack.h"

void stack_lines_fini(struct stack_lines *lines)
{
	for (size_t i = 0; i < STACK_LINE_SLOTS; i++)
		text_fini(&lines->slots[i].text);
}

void stack_lines_forget(struct stack_lines *lines)
{
	for (size_t i = 0; i < STACK_LINE_SLOTS; i++)
		lines->slots[i].used = false;
}

/* No name of a symbol has the separator, but a capture is anybody's. */
static void hide_separators(struct text *line, size_t from)
{
	for (size_t i = from; i < line->length; i++) {
		if (line->data[i] == ';')
			line->data[i] = ':';
	}
}

static void print_line(const struct stack_lines *lines, const struct catalog *catalog,
		       const struct stack *stack, struct text *line)
{
	for (uint16_t i = 0; i < stack->n_frames; i++) {
		uint16_t at = lines->outermost_first ? (uint16_t)(stack->n_frames - 1 - i) : i;
		size_t from;

		if (i)
			text_add_char(line, ';');
		from = line->length;
		naming_frame(catalog, stack->frames[at], line);
		hide_separators(line, from);
	}
}

const struct text *stack_lines_get(struct stack_lines *lines, const struct catalog *catalog,
				   const struct record_view *record)
{
	static const struct text none = TEXT_INIT;
	struct stack_line_slot *slot;
	struct stack stack;

	if (!record->stack)
		return &none;
	slot = &lines->slots[record->stack->hash % STACK_LINE_SLOTS];
	if (!slot->used || slot->hash != record->stack->hash) {
		stack_of_record(catalog, record, &stack);
		/* An unknown one may still be learned: don't keep it. */
		slot->used = stack.n_frames;
		slot->hash = stack.hash;
		text_clear(&slot->text);
		print_line(lines, catalog, &stack, &slot->text);
		if (text_failed(&slot->text))
			slot->used = false;
	}
	return &slot->text;
}
