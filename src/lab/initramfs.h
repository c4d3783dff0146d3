/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's initramfs: kapimon (which is the guest's init too) with its libraries, busybox, the
 * modules that the lab needs to reach the host, those that the user wants loaded, and the plan. It
 * is built anew for each run, in memory: nothing is left over when the process is killed.
 */
#ifndef LAB_INITRAMFS_H
#define LAB_INITRAMFS_H

#include <stdbool.h>

#include "base/error.h"
#include "lab/kernel.h"
#include "lab/lab.h"

struct initramfs {
	int fd;		/* a file in memory */
	bool sees_host; /* the kernel has 9p: the host's root and the shares are to be offered */
};

/* The 9p mount tag of options->shares[i]. */
#define INITRAMFS_SHARE_TAG "share%zu"

int initramfs_init(struct initramfs *initramfs, const struct lab_options *options,
		   const struct lab_kernel *kernel, struct error *err);
void initramfs_fini(struct initramfs *initramfs);

#endif
