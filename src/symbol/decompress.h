/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gzip, xz and zstd data in memory, told by their first bytes.
 */
#ifndef SYMBOL_DECOMPRESS_H
#define SYMBOL_DECOMPRESS_H

#include <stddef.h>

#include "base/error.h"

/*
 * *out is the caller's to free(); data that is in none of these formats is copied as it is. path
 * names the data in messages.
 */
int decompress(const char *path, const void *data, size_t size, void **out, size_t *out_size,
	       struct error *err);

#endif
