/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A temporary file without a name, in $TMPDIR, else in /var/tmp or /tmp. */
#ifndef BASE_TEMPORARY_H
#define BASE_TEMPORARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct temporary;

struct temporary *temporary_create(struct error *err);
void temporary_close(struct temporary *file); /* takes NULL; what is in it is gone */
/* All of it, at this place; a full disk is an error that says where it is. */
int temporary_write(struct temporary *file, uint64_t offset, const void *bytes, size_t length,
		    struct error *err);
int temporary_read(struct temporary *file, uint64_t offset, void *bytes, size_t length,
		   struct error *err);

#endif
