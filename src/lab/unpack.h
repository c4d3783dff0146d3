/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decompresses what kernels and modules come in, xz, zstd or gzip, told apart by their first bytes.
 * And gets the ELF image out of a bzImage: booted directly (PVH entry), it starts in half the time,
 * because the guest need not decompress it under emulation.
 */
#ifndef LAB_UNPACK_H
#define LAB_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

bool unpack_is_packed(const void *data, size_t length);
/* Add the decompressed bytes to out. What follows the end of the packed stream is ignored. */
int unpack(const void *data, size_t length, struct text *out, struct error *err);

bool unpack_is_elf(const void *data, size_t length);
bool unpack_is_bzimage(const void *data, size_t length);
/* The vmlinux inside a bzImage (the boot protocol's payload, Documentation/arch/x86/boot.rst). */
int unpack_bzimage(const void *data, size_t length, struct text *vmlinux, struct error *err);
/* False if it is packed in a way that is known but can't be unpacked here: it has to boot as it is.
 */
bool unpack_bzimage_can(const void *data, size_t length);
/* What uname -r will say for a bzImage or a vmlinux, as a string to free(). */
int unpack_release(const void *data, size_t length, char **release, struct error *err);

#endif
