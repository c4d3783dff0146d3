/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When how many frees were missed: what is outstanding and was there at that time is doubtful. The
 * kernel counts the calls that no copy of a program took.
 */
#include "source/linux_memory.h"

#include <stdlib.h>

#include "base/clock.h"

static void add_doubt(struct follower *follower, const struct memory_doubt *doubt)
{
	struct memory_doubt *grown =
		realloc(follower->doubts, (follower->n_doubts + 1) * sizeof(*follower->doubts));

	/* Without room for one more the last one is made longer: in doubt, more is doubtful. */
	if (!grown) {
		if (follower->n_doubts)
			follower->doubts[follower->n_doubts - 1].to = doubt->to;
		return;
	}
	follower->doubts = grown;
	follower->doubts[follower->n_doubts++] = *doubt;
}

void memory_watch(struct engine *engine)
{
	struct follower *follower = engine->follower;
	uint64_t now = monotonic_ns();

	if (!follower || !engine->recording)
		return;
	for (int i = 0; i < KMN_MEMORY_N_EVENTS; i++) {
		const struct hook *hook = engine->hooks[i];
		const struct program *first = &hook->programs[POINT_ENTRY][0];
		uint64_t missed;

		if (memory_event_frees((enum kmn_memory_event)i) < 0)
			continue;
		missed = ledger_missed_now(engine, hook) - first->misses_before;
		if ((int64_t)missed <= (int64_t)follower->missed[i])
			continue;
		add_doubt(follower, &(struct memory_doubt){
					    .from = follower->watched ? follower->watched
								      : engine->catalog.start,
					    .to = now,
					    .family = (enum memory_family)memory_event_frees(
						    (enum kmn_memory_event)i),
					    .missed = missed - follower->missed[i],
				    });
		follower->missed[i] = missed;
	}
	follower->watched = now;
}

/* What the marks say was missed of the frees of a family, and what the doubts account for. */
static void settle_family(struct engine *engine, enum memory_family family)
{
	struct follower *follower = engine->follower;
	uint64_t missed = 0, seen = 0;
	size_t left = 0;

	for (int i = 0; i < KMN_MEMORY_N_EVENTS; i++) {
		const struct program *first = &engine->hooks[i]->programs[POINT_ENTRY][0];
		int64_t each = (int64_t)(first->misses_after - first->misses_before);

		if (memory_event_frees((enum kmn_memory_event)i) == (int)family && each > 0)
			missed += (uint64_t)each;
	}
	for (size_t i = 0; i < follower->n_doubts; i++) {
		/* A skipped call on its way to another copy looks missed for a moment. */
		if (follower->doubts[i].family == family && !missed)
			continue;
		if (follower->doubts[i].family == family)
			seen += follower->doubts[i].missed;
		follower->doubts[left++] = follower->doubts[i];
	}
	follower->n_doubts = left;
	if (missed > seen)
		add_doubt(follower, &(struct memory_doubt){.from = engine->catalog.start,
							   .to = monotonic_ns(),
							   .family = family,
							   .missed = missed - seen});
}

void memory_settle(struct engine *engine)
{
	for (int family = 0; family < MEMORY_LINUX_FAMILIES; family++)
		settle_family(engine, (enum memory_family)family);
}
