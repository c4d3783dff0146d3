// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another module with a kmn_dup() of its own (see kmn_dups_a_main.c). Writing N to "run" calls it
 * 3 N times.
 */
#include "kmn_sample.h"

static struct kmn_count counts[] = {KMN_COUNT(kmn_dup)};

static KMN_TRACED int kmn_dup(int number)
{
	KMN_CALLED(counts[0]);
	return number;
}

static int run(u64 number, struct file *file)
{
	for (u64 nth = 0; nth < 3 * number; nth++) {
		kmn_dup(3);
		cond_resched();
	}
	return 0;
}

KMN_SAMPLE(run, counts);
MODULE_DESCRIPTION("Kapimon sample: a function whose name another module has too");
