// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls an empty function at a chosen stack depth: writing N to "run" goes down `depth` frames of
 * kmn_deep_step() and there calls kmn_deep_target() N times in a row, without anything between the
 * calls, so that the cost of a hooked call can be worked out from elapsed_ns.
 */
#include <linux/ktime.h>

#include "kmn_sample.h"

#define MAX_DEPTH 64 /* a frame takes some 32 bytes of a 16 KiB stack */

static unsigned int depth = 16;
module_param(depth, uint, 0600);
MODULE_PARM_DESC(depth, "frames of kmn_deep_step() above kmn_deep_target()");

static u64 elapsed_ns;
module_param_named(elapsed_ns, elapsed_ns, ullong, 0400);
MODULE_PARM_DESC(elapsed_ns, "how long the last run's calls took (read only)");

static struct kmn_count counts[] = {KMN_COUNT(kmn_deep_target), KMN_COUNT(kmn_deep_step)};

/* Empty: its caller counts. */
static KMN_TRACED void kmn_deep_target(void)
{
	barrier();
}

static KMN_TRACED int kmn_deep_step(unsigned int levels, u64 number)
{
	int steps = 0;

	if (levels > 1) {
		steps = kmn_deep_step(levels - 1, number);
	} else {
		u64 start = ktime_get_ns();

		for (u64 nth = 0; nth < number; nth++)
			kmn_deep_target();
		elapsed_ns = ktime_get_ns() - start;
		atomic64_add(number, &counts[0].calls);
	}
	KMN_CALLED(counts[1]);
	/* Keeps the call above from becoming a loop or a jump, which would leave no frame. */
	barrier();
	return steps + 1;
}

static int run(u64 number, struct file *file)
{
	unsigned int levels = READ_ONCE(depth);

	if (levels < 1 || levels > MAX_DEPTH)
		return -ERANGE;
	return kmn_deep_step(levels, number) == (int)levels ? 0 : -EIO;
}

KMN_SAMPLE(run, counts);
MODULE_DESCRIPTION("Kapimon sample: calls at a known stack depth");
