/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel that a guest boots: an ELF image that QEMU starts through its PVH entry, and the tree
 * of modules that belongs to it.
 */
#ifndef LAB_KERNEL_H
#define LAB_KERNEL_H

#include <stdbool.h>

#include "base/error.h"

struct lab_kernel {
	char *release; /* what uname -r says in the guest */
	char *image;   /* path of what QEMU boots */
	char *modules; /* path of its lib/modules/RELEASE, NULL: there are none */
	char *id;      /* names the image's content */
};

/*
 * name is a series ("6.1"), a release, a directory with boot/ and lib/modules/, a bzImage or a
 * vmlinux.
 */
int lab_kernel_init(struct lab_kernel *kernel, const char *name, bool verbose, struct error *err);
void lab_kernel_fini(struct lab_kernel *kernel);

#endif
