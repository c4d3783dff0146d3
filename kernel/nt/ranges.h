/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which modules are in a stack: address ranges, sorted, each with its bit. No OS, any IRQL. */
#ifndef NT_RANGES_H
#define NT_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t begin, end;
	uint32_t bit;
};

struct ranges {
	size_t n;
	struct range range[]; /* by begin, none within another */
};

void ranges_sort(struct ranges *ranges);
/* NULL: no range has the address. */
const struct range *ranges_find(const struct ranges *ranges, uint64_t address);
uint64_t ranges_mask(const struct ranges *ranges, const uint64_t *addresses, size_t n);

#endif
