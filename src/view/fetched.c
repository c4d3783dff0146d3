/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/fetched.h"

#include <string.h>

#include "model/names.h"
#include "view/escape.h"
#include "view/number.h"

static void path_print(struct text *out, const unsigned char *data, size_t length, bool truncated)
{
	struct text path = TEXT_INIT;

	fetched_path(data, length, truncated, &path);
	if (text_failed(&path))
		out->failed = true;
	escape_print(out, text_string(&path), path.length, 0);
	text_fini(&path);
}

const char *fetched_key(const struct api_fetch *fetch)
{
	if (fetch->label && *fetch->label)
		return fetch->label;
	return fetch->form == FETCH_PATH ? "path" : fetch->form == FETCH_FAMILY ? "family" : "name";
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
