/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "budget.h"

#include "counter.h"

#define SECOND 1000000000u
#define SUSPENDED 1u

enum budget_verdict budget_take(struct budget *budget, uint64_t time, uint32_t limit)
{
	uint64_t second = time / SECOND & 0xffffffff;

	if (!limit)
		return BUDGET_GO;
	for (;;) {
		uint64_t state = counter_read(&budget->state);
		uint64_t calls = state >> 1 & 0x7fffffff;
		bool suspended = state & SUSPENDED;
		enum budget_verdict verdict;
		uint64_t next;

		if (state >> 32 != second) {
			next = second << 32 | 1 << 1;
			verdict = suspended ? BUDGET_RESUME : BUDGET_GO;
		} else if (calls < limit) {
			next = second << 32 | (calls + 1) << 1;
			verdict = BUDGET_GO;
		} else {
			next = state | SUSPENDED;
			verdict = suspended ? BUDGET_NO : BUDGET_SUSPEND;
		}
		if (!counter_swap(&budget->state, state, next))
			continue;
		if (verdict >= BUDGET_SUSPEND)
			counter_add(&budget->suspended, 1);
		return verdict;
	}
}
