/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing byte buffer that is also a C string. A failed allocation is remembered and makes
 * every later call a no-op, so a caller checks text_failed() once, at the end.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct text {
	char *data; /* NUL-terminated when not NULL */
	size_t length;
	size_t capacity;
	bool failed;
};

#define TEXT_INIT                                                                                  \
	{                                                                                          \
		0                                                                                  \
	}

void text_fini(struct text *text);
void text_clear(struct text *text); /* keeps the memory */
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t length);
void text_add_char(struct text *text, char c);
void text_addf(struct text *text, const char *format, ...) BASE_PRINTF(2, 3);
/* Add spaces until length - from is at least width. */
void text_pad(struct text *text, size_t from, size_t width);
bool text_failed(const struct text *text);
/* Never NULL. */
const char *text_string(const struct text *text);
/* Hand the string over to the caller (free() it); the text is empty again. NULL on failure. */
char *text_take(struct text *text);

#endif
