/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monotonic clock, which records carry too. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some moment before the program began. */
uint64_t monotonic_ns(void);

#endif
