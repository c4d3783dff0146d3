/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that come from a kernel, made safe to print. What a process calls itself or a file must
 * not be able to steer the reader's terminal or to break a line: control characters, bytes that
 * are not UTF-8 and characters that reorder a line are written as escapes.
 */
#ifndef VIEW_ESCAPE_H
#define VIEW_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* As within a C string; the character quote, if it isn't 0, is escaped too. */
void escape_print(struct text *out, const void *bytes, size_t length, char quote);
/* A JSON string with its quotes; what is not UTF-8 becomes U+FFFD. */
void escape_json(struct text *out, const void *bytes, size_t length);
/*
 * Characters for XML 1.0: its content, or a value between double quotes. What is not UTF-8, and
 * what XML has no way to write (section 2.2, "Char"), becomes U+FFFD.
 */
void escape_xml(struct text *out, const void *bytes, size_t length, bool quoted);

/*
 * Length of the UTF-8 character at bytes, of which `available` can be read, and its number in
 * *character; 0 when there is no valid one (overlong forms and surrogates are none).
 */
size_t escape_utf8(const unsigned char *bytes, size_t available, unsigned *character);

#endif
