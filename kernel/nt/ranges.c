/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ranges.h"

void ranges_sort(struct ranges *ranges)
{
	for (size_t i = 1; i < ranges->n; i++) {
		struct range moved = ranges->range[i];
		size_t at = i;

		for (; at && ranges->range[at - 1].begin > moved.begin; at--)
			ranges->range[at] = ranges->range[at - 1];
		ranges->range[at] = moved;
	}
}

const struct range *ranges_find(const struct ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->range[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ranges->n && ranges->range[low].begin <= address ? &ranges->range[low] : NULL;
}

uint64_t ranges_mask(const struct ranges *ranges, const uint64_t *addresses, size_t n)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < n; i++) {
		const struct range *range = ranges_find(ranges, addresses[i]);

		if (range)
			mask |= 1ull << range->bit;
	}
	return mask;
}
