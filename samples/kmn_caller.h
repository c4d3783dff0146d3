/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The body of kmn_left and kmn_right, which differ in their name and in the file type they convert.
 * Writing N to "run" calls kmn_callee_work() N times and the kernel's own fs_ftype_to_dtype(),
 * which only some file systems call, N times.
 */
#ifndef KMN_CALLER_H
#define KMN_CALLER_H

#include <linux/fs.h>
#include <linux/fs_types.h>

#include "kmn_callee.h"
#include "kmn_sample.h"

static struct kmn_count counts[] = {KMN_COUNT(kmn_callee_work), KMN_COUNT(fs_ftype_to_dtype)};

static int run(u64 number, struct file *file)
{
	for (u64 nth = 0; nth < number; nth++) {
		kmn_callee_work((int)nth);
		KMN_CALLED(counts[0]);
		if (fs_ftype_to_dtype(KMN_FILE_TYPE) != KMN_ENTRY_TYPE)
			return -EIO;
		KMN_CALLED(counts[1]);
		cond_resched();
	}
	return 0;
}

KMN_SAMPLE(run, counts);

#endif
