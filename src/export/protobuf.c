/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/protobuf.h"

#include <string.h>

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_LENGTH = 2,
};

/* Room for a message's length, which is known only at its end: a varint may have leading zeros. */
#define LENGTH_BYTES 4

void proto_varint(struct text *out, uint64_t number)
{
	char bytes[10];
	size_t n = 0;

	do {
		bytes[n] = (char)(number & 0x7f);
		number >>= 7;
		if (number)
			bytes[n] |= (char)0x80;
		n++;
	} while (number);
	text_add_bytes(out, bytes, n);
}

static void add_tag(struct text *out, uint32_t field, enum wire_type type)
{
	proto_varint(out, (uint64_t)field << 3 | type);
}

void proto_number(struct text *out, uint32_t field, uint64_t number)
{
	add_tag(out, field, WIRE_VARINT);
	proto_varint(out, number);
}

void proto_bytes(struct text *out, uint32_t field, const void *bytes, size_t length)
{
	add_tag(out, field, WIRE_LENGTH);
	proto_varint(out, length);
	text_add_bytes(out, bytes, length);
}

void proto_string(struct text *out, uint32_t field, const char *string)
{
	proto_bytes(out, field, string, strlen(string));
}

size_t proto_begin(struct text *out, uint32_t field)
{
	add_tag(out, field, WIRE_LENGTH);
	text_add_bytes(out, "\0\0\0", LENGTH_BYTES);
	return out->length;
}

void proto_end(struct text *out, size_t begin)
{
	size_t length = out->length - begin;

	if (text_failed(out))
		return;
	if (length >> (7 * LENGTH_BYTES)) {
		out->failed = true;
		return;
	}
	for (unsigned i = 0; i < LENGTH_BYTES; i++) {
		unsigned char more = i + 1 < LENGTH_BYTES ? 0x80 : 0;

		out->data[begin - LENGTH_BYTES + i] = (char)((length >> (7 * i) & 0x7f) | more);
	}
}
