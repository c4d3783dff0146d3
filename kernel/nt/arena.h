/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of a region of code memory, in units of 16 bytes. No OS; one caller at a time. */
#ifndef NT_ARENA_H
#define NT_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARENA_UNIT 16

struct arena {
	uint8_t *base; /* aligned to ARENA_UNIT */
	size_t units;
	uint32_t *used; /* a bit for each unit */
};

static inline size_t arena_words(size_t size)
{
	return (size / ARENA_UNIT + 31) / 32;
}

/* used: arena_words(size) words of the caller's. */
void arena_init(struct arena *arena, void *base, size_t size, uint32_t *used);
void *arena_take(struct arena *arena, size_t size); /* NULL: no room */
bool arena_owns(const struct arena *arena, const void *memory);
/* False: the memory is not this arena's. */
bool arena_give(struct arena *arena, void *memory, size_t size);

#endif
