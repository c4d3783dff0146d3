/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine code written byte by byte, for an address of its own. The caller's buffer is large
 * enough. */
#ifndef NT_HOOK_EMIT_H
#define NT_HOOK_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emit {
	uint8_t *bytes;
	size_t n;
	uint64_t address; /* where bytes[0] will run */
};

static inline void emit_byte(struct emit *emit, unsigned byte)
{
	emit->bytes[emit->n++] = (uint8_t)byte;
}

/* size bytes of value, lowest first. */
static inline void emit_value(struct emit *emit, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		emit_byte(emit, (uint8_t)(value >> 8 * i));
}

static inline void emit_bytes(struct emit *emit, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		emit_byte(emit, bytes[i]);
}

/* Instructions as they are written in a manual: EMIT(emit, 0x48, 0x89, 0xe5). */
#define EMIT(emit, ...)                                                                            \
	emit_bytes(emit, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static inline uint64_t emit_here(const struct emit *emit)
{
	return emit->address + emit->n;
}

/* The rel32 that leads from the end of an instruction to target; 64-bit code must be near enough.
 */
static inline bool emit_reaches(uint64_t end, uint64_t target)
{
	int64_t distance = (int64_t)(target - end);

	return distance == (int32_t)distance;
}

#endif
