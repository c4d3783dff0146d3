/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"

static bool is_used(const struct arena *arena, size_t unit)
{
	return arena->used[unit / 32] >> unit % 32 & 1;
}

void arena_init(struct arena *arena, void *base, size_t size, uint32_t *used)
{
	*arena = (struct arena){.base = base, .units = size / ARENA_UNIT, .used = used};
	for (size_t i = 0; i < arena_words(size); i++)
		used[i] = 0;
}

void *arena_take(struct arena *arena, size_t size)
{
	size_t need = (size + ARENA_UNIT - 1) / ARENA_UNIT, run = 0;

	for (size_t unit = 0; unit < arena->units; unit++) {
		run = is_used(arena, unit) ? 0 : run + 1;
		if (run < need)
			continue;
		unit -= need - 1;
		for (size_t i = unit; i < unit + need; i++)
			arena->used[i / 32] |= 1u << i % 32;
		return arena->base + unit * ARENA_UNIT;
	}
	return NULL;
}

bool arena_owns(const struct arena *arena, const void *memory)
{
	uintptr_t from = (uintptr_t)memory - (uintptr_t)arena->base;

	return arena->base && from < arena->units * ARENA_UNIT;
}

bool arena_give(struct arena *arena, void *memory, size_t size)
{
	size_t from = (uintptr_t)memory - (uintptr_t)arena->base;

	if (!arena_owns(arena, memory))
		return false;
	for (size_t i = from / ARENA_UNIT; i < (from + size + ARENA_UNIT - 1) / ARENA_UNIT; i++)
		arena->used[i / 32] &= ~(1u << i % 32);
	return true;
}
