// SPDX-License-Identifier: GPL-2.0-only
/*
 * The exported function that kmn_left and kmn_right call: three modules, so that a filter on the
 * modules of a stack has something to tell apart.
 */
#include "kmn_sample.h"
#include "kmn_callee.h"

static struct kmn_count counts[] = {KMN_COUNT(kmn_callee_work)};

/* Returns 2 * number. */
KMN_TRACED int kmn_callee_work(int number)
{
	KMN_CALLED(counts[0]);
	return 2 * number;
}
EXPORT_SYMBOL_GPL(kmn_callee_work);

/* Calls from the callee's own module: neither left's nor right's. */
static int run(u64 number, struct file *file)
{
	for (u64 nth = 0; nth < number; nth++) {
		kmn_callee_work((int)nth);
		cond_resched();
	}
	return 0;
}

KMN_SAMPLE(run, counts);
MODULE_DESCRIPTION("Kapimon sample: a function that two other modules call");
