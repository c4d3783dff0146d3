// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a benchmark times: calls of an empty function with six arguments, or pairs of kmalloc() and
 * kfree(), in a row and with nothing between them, `depth` frames of kmn_bench_step() below the
 * file operation. Writing N to "run" makes N of them; elapsed_ns says how long it took.
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "kmn_sample.h"

#define MAX_DEPTH 64 /* a frame takes some 32 bytes of a 16 KiB stack */

static unsigned int depth = 1;
module_param(depth, uint, 0600);
MODULE_PARM_DESC(depth, "frames of kmn_bench_step() above what is timed");

static bool pairs;
module_param(pairs, bool, 0600);
MODULE_PARM_DESC(pairs, "kmalloc() and kfree() instead of calls of kmn_bench_target()");

static unsigned int bytes = 96;
module_param(bytes, uint, 0600);
MODULE_PARM_DESC(bytes, "what kmalloc() is asked for");

static u64 elapsed_ns;
module_param_named(elapsed_ns, elapsed_ns, ullong, 0400);
MODULE_PARM_DESC(elapsed_ns, "how long the last run took (read only)");

static struct kmn_count counts[] = {KMN_COUNT(kmn_bench_target), KMN_COUNT(kmn_bench_pair)};

/* Empty: its caller counts. */
static KMN_TRACED void kmn_bench_target(u64 nth, void *pointer, int number, u32 bits, long offset,
					unsigned long size)
{
	barrier();
}

static void kmn_bench_calls(u64 number)
{
	u64 start = ktime_get_ns();

	for (u64 nth = 0; nth < number; nth++)
		kmn_bench_target(nth, counts, -1, 0xf0, 4096, 512);
	elapsed_ns = ktime_get_ns() - start;
	atomic64_add(number, &counts[0].calls);
}

/* The size is read each time: a constant one would make kmalloc() another, shorter function. */
static KMN_TRACED void kmn_bench_pairs(u64 number)
{
	u64 start = ktime_get_ns();

	for (u64 nth = 0; nth < number; nth++) {
		void *memory = kmalloc(READ_ONCE(bytes), GFP_KERNEL);

		barrier();
		kfree(memory);
	}
	elapsed_ns = ktime_get_ns() - start;
	atomic64_add(number, &counts[1].calls);
}

static KMN_TRACED int kmn_bench_step(unsigned int levels, u64 number)
{
	int steps = 0;

	if (levels > 1)
		steps = kmn_bench_step(levels - 1, number);
	else if (READ_ONCE(pairs))
		kmn_bench_pairs(number);
	else
		kmn_bench_calls(number);
	/* Keeps the call above from becoming a loop or a jump, which would leave no frame. */
	barrier();
	return steps + 1;
}

static int run(u64 number, struct file *file)
{
	unsigned int levels = READ_ONCE(depth);

	if (levels < 1 || levels > MAX_DEPTH)
		return -ERANGE;
	return kmn_bench_step(levels, number) == (int)levels ? 0 : -EIO;
}

KMN_SAMPLE(run, counts);
MODULE_DESCRIPTION("Kapimon sample: calls and allocations to be timed");
