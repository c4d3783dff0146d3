/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and strings as a capture holds them, little-endian on every machine: put_ appends to a
 * growing buffer, get_ takes from a cursor. A cursor that would run out of its bytes is marked bad
 * and gives zeros from then on, so that a decoder checks once, at the end.
 */
#ifndef CAPTURE_BYTES_H
#define CAPTURE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The length that stands for "no string", as opposed to an empty one. */
#define NO_STRING 0xffffffffu

static inline void store_u16(unsigned char *to, uint16_t value)
{
	to[0] = (unsigned char)value;
	to[1] = (unsigned char)(value >> 8);
}

static inline void store_u32(unsigned char *to, uint32_t value)
{
	store_u16(to, (uint16_t)value);
	store_u16(to + 2, (uint16_t)(value >> 16));
}

static inline void store_u64(unsigned char *to, uint64_t value)
{
	store_u32(to, (uint32_t)value);
	store_u32(to + 4, (uint32_t)(value >> 32));
}

static inline uint16_t load_u16(const unsigned char *from)
{
	return (uint16_t)(from[0] | from[1] << 8);
}

static inline uint32_t load_u32(const unsigned char *from)
{
	return load_u16(from) | (uint32_t)load_u16(from + 2) << 16;
}

static inline uint64_t load_u64(const unsigned char *from)
{
	return load_u32(from) | (uint64_t)load_u32(from + 4) << 32;
}

static inline void put_u8(struct text *out, uint8_t value)
{
	text_add_bytes(out, &value, 1);
}

static inline void put_u16(struct text *out, uint16_t value)
{
	unsigned char bytes[2];

	store_u16(bytes, value);
	text_add_bytes(out, bytes, sizeof(bytes));
}

static inline void put_u32(struct text *out, uint32_t value)
{
	unsigned char bytes[4];

	store_u32(bytes, value);
	text_add_bytes(out, bytes, sizeof(bytes));
}

static inline void put_u64(struct text *out, uint64_t value)
{
	unsigned char bytes[8];

	store_u64(bytes, value);
	text_add_bytes(out, bytes, sizeof(bytes));
}

/* string may be NULL. */
static inline void put_string(struct text *out, const char *string)
{
	put_u32(out, string ? (uint32_t)strlen(string) : NO_STRING);
	if (string)
		text_add(out, string);
}

/* An entry of a block's payload begins with its length, which is known when it ends. */
static inline size_t entry_begin(struct text *out)
{
	size_t at = out->length;

	put_u32(out, 0);
	return at;
}

static inline void entry_end(struct text *out, size_t at)
{
	if (!text_failed(out))
		store_u32((unsigned char *)out->data + at, (uint32_t)(out->length - at - 4));
}

/* Seven bits a byte, the lowest first; the last byte has its highest bit clear. */
static inline void put_varint(struct text *out, uint64_t value)
{
	unsigned char bytes[10];
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (unsigned char)(value | 0x80);
	bytes[n++] = (unsigned char)value;
	text_add_bytes(out, bytes, n);
}

struct cursor {
	const unsigned char *at;
	size_t left;
	bool bad;
};

static inline const unsigned char *get_bytes(struct cursor *cursor, size_t n)
{
	const unsigned char *bytes = cursor->at;

	if (n > cursor->left) {
		cursor->bad = true;
		cursor->left = 0;
		return NULL;
	}
	cursor->at += n;
	cursor->left -= n;
	return bytes;
}

static inline uint8_t get_u8(struct cursor *cursor)
{
	const unsigned char *bytes = get_bytes(cursor, 1);

	return bytes ? bytes[0] : 0;
}

static inline uint16_t get_u16(struct cursor *cursor)
{
	const unsigned char *bytes = get_bytes(cursor, 2);

	return bytes ? load_u16(bytes) : 0;
}

static inline uint32_t get_u32(struct cursor *cursor)
{
	const unsigned char *bytes = get_bytes(cursor, 4);

	return bytes ? load_u32(bytes) : 0;
}

static inline uint64_t get_u64(struct cursor *cursor)
{
	const unsigned char *bytes = get_bytes(cursor, 8);

	return bytes ? load_u64(bytes) : 0;
}

static inline uint64_t get_varint(struct cursor *cursor)
{
	uint64_t value = 0;

	for (unsigned shift = 0; cursor->left && shift < 64; shift += 7) {
		unsigned char byte = *cursor->at++;

		cursor->left--;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	cursor->bad = true;
	cursor->left = 0;
	return 0;
}

/* A difference, modulo 2^64, as a number that is small when its amount is. */
static inline uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ (uint64_t)((int64_t)difference >> 63);
}

static inline uint64_t unzigzag(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

/* A string in memory of its own, or NULL for none; also NULL, and bad, when it can't be had. */
static inline char *get_string(struct cursor *cursor)
{
	uint32_t length = get_u32(cursor);
	const unsigned char *bytes;
	char *string;

	if (cursor->bad || length == NO_STRING)
		return NULL;
	bytes = get_bytes(cursor, length);
	string = bytes ? malloc((size_t)length + 1) : NULL;
	if (!string) {
		cursor->bad = true;
		return NULL;
	}
	memcpy(string, bytes, length);
	string[length] = '\0';
	return string;
}

/* For names that are never NULL: no string is an empty one. */
static inline char *get_name(struct cursor *cursor)
{
	char *name = get_string(cursor);

	if (!name && !cursor->bad) {
		name = calloc(1, 1);
		cursor->bad = !name;
	}
	return name;
}

#endif
