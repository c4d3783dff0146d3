/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The body of kmn_left and kmn_right, which differ in their name and in the digit they convert.
 * Writing N to "run" calls kmn_callee_work() N times and the kernel's own hex_to_bin(), which
 * hardly anybody else calls, N times.
 */
#ifndef KMN_CALLER_H
#define KMN_CALLER_H

#include <linux/kernel.h>

#include "kmn_callee.h"
#include "kmn_sample.h"

static struct kmn_count counts[] = {KMN_COUNT(kmn_callee_work), KMN_COUNT(hex_to_bin)};

static int run(u64 number, struct file *file)
{
	for (u64 nth = 0; nth < number; nth++) {
		kmn_callee_work((int)nth);
		KMN_CALLED(counts[0]);
		if (hex_to_bin(KMN_DIGIT) != KMN_DIGIT - '0')
			return -EIO;
		KMN_CALLED(counts[1]);
		cond_resched();
	}
	return 0;
}

KMN_SAMPLE(run, counts);

#endif
