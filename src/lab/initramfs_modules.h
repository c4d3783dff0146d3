/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules of an initramfs: those that reach the host, and those that the user names with all
 * they need. They are stored unpacked, so that the guest only has to hand them to the kernel.
 */
#ifndef LAB_INITRAMFS_MODULES_H
#define LAB_INITRAMFS_MODULES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "lab/cpio.h"
#include "lab/kernel.h"
#include "lab/lab.h"

/*
 * Put the modules and PLAN_LOAD_MODULES into the archive, and what is to be loaded before into the
 * plan. sees_host: whether the kernel has 9p.
 */
int initramfs_add_modules(struct cpio *cpio, struct text *plan, const struct lab_options *options,
			  const struct lab_kernel *kernel, bool *sees_host, struct error *err);

#endif
