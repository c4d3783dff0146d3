/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole files into memory, also those of /proc and /sys that don't tell their size.
 */
#ifndef SYMBOL_FILE_READ_H
#define SYMBOL_FILE_READ_H

#include <stddef.h>

#include "base/error.h"

/* *data is the caller's to free(); a NUL follows the size bytes. */
int file_read(const char *path, char **data, size_t *size, struct error *err);

#endif
