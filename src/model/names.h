/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux's names of error numbers and address families. They are listed here rather than taken from
 * the system's headers, since a capture can be read on another system than it was made on.
 */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* "ENOENT" for 2, also the numbers that never leave the kernel (ERESTARTSYS); NULL: unknown. */
const char *names_error(uint64_t number);
/* "AF_INET" for 2; NULL: unknown. */
const char *names_family(uint64_t number);

#endif
