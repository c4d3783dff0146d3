/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ranges.h"

size_t ranges_size(size_t room)
{
	return 2 * room * sizeof(struct range);
}

void ranges_init(struct ranges *ranges, void *memory, size_t room)
{
	struct range *table = memory;

	*ranges = (struct ranges){.room = room, .table = {table, table + room}};
}

static void insert(struct range *table, size_t n, const struct range *range)
{
	for (; n && table[n - 1].begin > range->begin; n--)
		table[n] = table[n - 1];
	table[n] = *range;
}

void ranges_set(struct ranges *ranges, const struct range *from, size_t n)
{
	uint32_t version = ranges->version + 1;
	struct range *table = ranges->table[version & 1];

	if (n > ranges->room)
		n = ranges->room;
	for (size_t i = 0; i < n; i++)
		insert(table, i, &from[i]);
	__atomic_store_n(&ranges->n[version & 1], n, __ATOMIC_RELAXED);
	/* Who reads the other table from here on sees that it has been replaced. */
	__atomic_store_n(&ranges->version, version, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static uint64_t bit_at(const struct range *table, size_t n, uint64_t address)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && table[low].begin <= address ? 1ull << (table[low].bit & 63) : 0;
}

uint64_t ranges_mask(const struct ranges *ranges, const uint64_t *addresses, size_t n)
{
	uint32_t version = __atomic_load_n(&ranges->version, __ATOMIC_ACQUIRE), now;
	uint64_t mask;

	for (;; version = now) {
		const struct range *table = ranges->table[version & 1];
		size_t n_ranges = __atomic_load_n(&ranges->n[version & 1], __ATOMIC_RELAXED);

		mask = 0;
		for (size_t i = 0; i < n; i++)
			mask |= bit_at(table, n_ranges, addresses[i]);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		now = __atomic_load_n(&ranges->version, __ATOMIC_RELAXED);
		if (now == version)
			return mask;
	}
}
