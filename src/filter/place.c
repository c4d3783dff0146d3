/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Showing where in an expression a mistake is. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "filter/tree.h"

/* So much of a long expression is shown, about as much on each side of the mistake. */
#define SHOWN 70

static bool begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static void add_excerpt(struct text *out, const char *text, size_t at)
{
	size_t length = strlen(text), from = 0, to = length, column = 0;

	if (length > SHOWN && at > SHOWN / 2)
		from = at - SHOWN / 2;
	if (to - from > SHOWN)
		to = from + SHOWN;
	while (from < at && !begins_character(text[from]))
		from++;
	while (to < length && to > from && !begins_character(text[to]))
		to--;
	text_add(out, from ? "\n  ..." : "\n  ");
	for (size_t i = from; i < to; i++)
		text_add_char(out, (unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i]);
	text_add(out, to < length ? "...\n  " : "\n  ");
	for (size_t i = from; i < at && i < length; i++)
		column += begins_character(text[i]);
	text_pad(out, out->length, column + (from ? 3 : 0));
	text_add_char(out, '^');
}

int filter_mistake(const char *text, size_t at, struct error *err, const char *format, ...)
{
	struct text excerpt = TEXT_INIT;
	char what[256];
	size_t column = 1;
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	for (size_t i = 0; i < at && text[i]; i++)
		column += begins_character(text[i]);
	add_excerpt(&excerpt, text, at);
	error_usage(err, "%s (column %zu)%s", what, column, text_string(&excerpt));
	text_fini(&excerpt);
	return -1;
}
