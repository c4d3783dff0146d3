/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_fini(struct text *text)
{
	free(text->data);
	*text = (struct text)TEXT_INIT;
}

void text_clear(struct text *text)
{
	text->length = 0;
	text->failed = false;
	if (text->data)
		text->data[0] = '\0';
}

static bool reserve(struct text *text, size_t more)
{
	size_t capacity = text->capacity ? text->capacity : 64;
	char *data;

	if (text->failed)
		return false;
	if (more >= (size_t)-1 / 2 - text->length) {
		text->failed = true;
		return false;
	}
	while (capacity < text->length + more + 1)
		capacity *= 2;
	if (capacity == text->capacity)
		return true;
	data = realloc(text->data, capacity);
	if (!data) {
		text->failed = true;
		return false;
	}
	text->data = data;
	text->capacity = capacity;
	return true;
}

void text_add_bytes(struct text *text, const void *bytes, size_t length)
{
	if (!reserve(text, length))
		return;
	if (length)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_add_char(struct text *text, char c)
{
	text_add_bytes(text, &c, 1);
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0) {
		text->failed = true;
		return;
	}
	if (!reserve(text, (size_t)n))
		return;
	va_start(ap, format);
	vsnprintf(text->data + text->length, (size_t)n + 1, format, ap);
	va_end(ap);
	text->length += (size_t)n;
}

void text_pad(struct text *text, size_t from, size_t width)
{
	while (!text->failed && text->length - from < width)
		text_add_char(text, ' ');
}

bool text_failed(const struct text *text)
{
	return text->failed;
}

const char *text_string(const struct text *text)
{
	return text->data ? text->data : "";
}

char *text_take(struct text *text)
{
	char *data;

	if (!text->data)
		text_add(text, "");
	data = text->failed ? NULL : text->data;
	if (!data)
		free(text->data);
	*text = (struct text)TEXT_INIT;
	return data;
}
