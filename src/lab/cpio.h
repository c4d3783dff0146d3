/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a cpio archive of the "newc" format, which the kernel unpacks as its initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Paths are absolute or relative, the
 * leading '/' is dropped; directories on the way to an entry are added by themselves. Everything
 * belongs to root and is dated 0, so that the same content gives the same bytes.
 */
#ifndef LAB_CPIO_H
#define LAB_CPIO_H

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct cpio {
	int fd;
	uint32_t inode;
	struct text known; /* paths that are in the archive already, each NUL-terminated */
};

void cpio_init(struct cpio *cpio, int fd);
void cpio_fini(struct cpio *cpio);

/* mode: the permission bits. An entry that is already there is left as it is. */
int cpio_directory(struct cpio *cpio, const char *path, unsigned int mode, struct error *err);
int cpio_file(struct cpio *cpio, const char *path, unsigned int mode, const void *data,
	      size_t length, struct error *err);
int cpio_symlink(struct cpio *cpio, const char *path, const char *target, struct error *err);
int cpio_device(struct cpio *cpio, const char *path, unsigned int mode, unsigned int major,
		unsigned int minor, struct error *err);
/* The trailer; nothing may follow. */
int cpio_finish(struct cpio *cpio, struct error *err);

#endif
