/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks that are taken out one by one while others stay. PASSIVE_LEVEL.
 *
 * Taking one out gives the function its own bytes back, at once. Its code stays until no call is
 * inside, by the hook's own counts, and all threads have left the instructions around its handlers.
 * The latter is a wait, in which no records are read: it is done for many hooks together. The tally
 * of a hook stays to the next start, and so does its number.
 */
#include "trace.h"

/* As many may be out with their memory kept before there is a wait for them. */
#define HELD_MAX 64

static bool is_out(const struct traced *traced)
{
	return traced->hook.state == HOOK_PREPARED;
}

static uint32_t count_held(bool quiet)
{
	uint32_t held = 0;

	for (uint32_t i = 0; i < trace.n_traced; i++)
		held += is_out(trace.traced[i]) && (!quiet || hook_quiet(&trace.traced[i]->hook));
	return held;
}

bool removed_sweep(void)
{
	bool found = false;

	if (!count_held(true))
		return false;
	/* Who was about to call a handler does it now, so whether one is quiet is asked after. */
	system_let_others_run();
	for (uint32_t i = 0; i < trace.n_traced; i++)
		found |= is_out(trace.traced[i]) &&
			 hook_release(&trace.traced[i]->hook) == HOOK_NONE;
	return found;
}

void removed_limit(void)
{
	if (count_held(true) >= HELD_MAX)
		removed_sweep();
}

enum control_result removed_take(void *context, const struct trace_remove *remove,
				 struct trace_removed *removed)
{
	struct traced *traced;

	if (remove->hook >= trace.n_traced)
		return CONTROL_CONTENT;
	traced = trace.traced[remove->hook];
	/* Who asks need not know yet that its module has gone. */
	if (traced->hook.state != HOOK_ARMED && !traced->awaits && !traced->gone)
		return CONTROL_CONTENT;
	traced->awaits = traced->gone = false;
	modules_look();
	if (traced->hook.state == HOOK_ARMED && !hooks_disarm(traced))
		removed->armed = 1;
	removed->left = !hook_quiet(&traced->hook);
	removed->held = count_held(false);
	return CONTROL_DONE;
}
