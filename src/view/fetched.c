/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/fetched.h"

#include <string.h>

#include "view/escape.h"
#include "view/names.h"
#include "view/number.h"
#include "view/value.h"

/* More than the longest path of a record: a name of one letter takes two bytes. */
#define MAX_COMPONENTS (KMN_MAX_RECORD / 2)

uint64_t fetched_number(enum fetch_form form, const unsigned char *data, size_t length)
{
	uint64_t number = 0;

	if (form == FETCH_BE16)
		return length < 2 ? 0 : (uint64_t)data[0] << 8 | data[1];
	if (length > 8)
		length = 8;
	for (size_t i = 0; i < length; i++)
		number |= (uint64_t)data[i] << (8 * i);
	return form == FETCH_SIGNED ? (uint64_t)value_signed(number, (uint32_t)length) : number;
}

void fetched_path(const unsigned char *data, size_t length, bool truncated, struct text *out)
{
	uint16_t begins[MAX_COMPONENTS];
	size_t n = 0, at = 0;
	bool rooted = false;

	while (at < length && n < MAX_COMPONENTS) {
		const unsigned char *nul = memchr(data + at, '\0', length - at);
		size_t end = nul ? (size_t)(nul - data) : length;

		if (end - at == 1 && data[at] == '/') {
			rooted = true;
			break;
		}
		begins[n++] = (uint16_t)at;
		at = end + 1;
	}
	if (truncated && !rooted)
		text_add(out, ".../");
	if (rooted && !n)
		text_add_char(out, '/');
	while (n--) {
		size_t begin = begins[n], end = begin;

		while (end < length && data[end])
			end++;
		if (rooted)
			text_add_char(out, '/');
		text_add_bytes(out, data + begin, end - begin);
		if (!rooted && n)
			text_add_char(out, '/');
	}
}

static void path_print(struct text *out, const unsigned char *data, size_t length, bool truncated)
{
	struct text path = TEXT_INIT;

	fetched_path(data, length, truncated, &path);
	if (text_failed(&path))
		out->failed = true;
	escape_print(out, text_string(&path), path.length, 0);
	text_fini(&path);
}

static bool is_address(const char *label)
{
	return label && (!strcmp(label, "start") || !strcmp(label, "end"));
}

void fetched_print(struct text *out, const struct api_fetch *fetch, const struct kmn_fetched *what,
		   const unsigned char *data)
{
	bool truncated = what->status == KMN_FETCH_TRUNCATED;
	uint64_t number;

	if (what->status == KMN_FETCH_FAULT) {
		text_add(out, "<fault>");
		return;
	}
	if (what->status == KMN_FETCH_NULL) {
		text_add(out, "NULL");
		return;
	}
	switch (fetch->form) {
	case FETCH_STRING:
		escape_print(out, data, what->length, 0);
		if (truncated)
			text_add(out, "...");
		return;
	case FETCH_PATH:
		path_print(out, data, what->length, truncated);
		return;
	case FETCH_UNSIGNED:
	case FETCH_SIGNED:
	case FETCH_BE16:
	case FETCH_FAMILY:
		break;
	}
	number = fetched_number(fetch->form, data, what->length);
	if (fetch->form == FETCH_FAMILY && names_family(number))
		text_add(out, names_family(number));
	else if (fetch->form == FETCH_SIGNED)
		number_print_signed(out, (int64_t)number);
	else if (is_address(fetch->label))
		number_print_hex(out, number, 0);
	else
		number_print(out, number);
}
