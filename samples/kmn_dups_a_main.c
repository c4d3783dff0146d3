// SPDX-License-Identifier: GPL-2.0-only
/*
 * One name, several functions: kmn_dup() exists twice in this module, in two files, and once more
 * in kmn_dups_b. Writing N to "run" calls this file's N times and the other file's 2 N times.
 */
#include "kmn_dups_a.h"

static struct kmn_count counts[] = {KMN_COUNT(kmn_dup_main), KMN_COUNT(kmn_dup_other)};

static KMN_TRACED int kmn_dup(int number)
{
	KMN_CALLED(counts[0]);
	return number;
}

static int run(u64 number, struct file *file)
{
	for (u64 nth = 0; nth < number; nth++) {
		kmn_dup(1);
		kmn_dups_a_call_other(&counts[1]);
		kmn_dups_a_call_other(&counts[1]);
		cond_resched();
	}
	return 0;
}

KMN_SAMPLE(run, counts);
MODULE_DESCRIPTION("Kapimon sample: two functions of one name");
