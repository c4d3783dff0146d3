/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's init mounts and links, and the network's loopback. */
#ifndef LAB_GUEST_MOUNT_H
#define LAB_GUEST_MOUNT_H

#include <stdbool.h>

#include "base/error.h"

/* proc, sys, dev: enough to find the ports. */
void guest_mount_basics(void);
/* The kernel's other file systems, and room for temporary files. What this kernel lacks is left
 * out. */
void guest_mount_kernel(void);
/*
 * The host's root, read-only, at PLAN_HOST, and its programs and libraries at their own places.
 * module_tree is the host's path of this kernel's lib/modules/RELEASE, or NULL.
 */
int guest_mount_host(const char *module_tree, struct error *err);
/* "TAG:PATH": the host's directory PATH at the same place. */
int guest_mount_share(const char *value, bool writable, struct error *err);
/* For a guest without the host's programs: busybox's, in /bin. */
void guest_install_busybox(void);
void guest_loopback_up(void);

#endif
