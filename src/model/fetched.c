/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/fetched.h"

#include <string.h>

/* More than the longest path of a record: a name of one letter takes two bytes. */
#define MAX_COMPONENTS (KMN_MAX_RECORD / 2)

static uint64_t extend(uint64_t number, size_t bytes)
{
	unsigned shift = bytes && bytes < 8 ? 64 - 8 * (unsigned)bytes : 0;

	return (uint64_t)((int64_t)(number << shift) >> shift);
}

uint64_t fetched_number(enum fetch_form form, const unsigned char *data, size_t length)
{
	uint64_t number = 0;

	if (form == FETCH_BE16)
		return length < 2 ? 0 : (uint64_t)data[0] << 8 | data[1];
	if (length > 8)
		length = 8;
	for (size_t i = 0; i < length; i++)
		number |= (uint64_t)data[i] << (8 * i);
	return form == FETCH_SIGNED ? extend(number, length) : number;
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
