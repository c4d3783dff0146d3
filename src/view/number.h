/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as text, without printf: these are called several times for each printed call.
 */
#ifndef VIEW_NUMBER_H
#define VIEW_NUMBER_H

#include <stdint.h>

#include "base/text.h"

void number_print(struct text *out, uint64_t number);
void number_print_signed(struct text *out, int64_t number);
/* Right-aligned in at least width characters, filled with fill. */
void number_print_padded(struct text *out, uint64_t number, unsigned width, char fill);
/* "0x1f"; at least min_digits digits after the 0x. */
void number_print_hex(struct text *out, uint64_t number, unsigned min_digits);
/* "0644" */
void number_print_octal(struct text *out, uint64_t number);
/* "1,234,567" */
void number_print_grouped(struct text *out, uint64_t number);
/* Nanoseconds, three digits or more: "812ns", "12.3us", "4.56ms", "1.20s", "75.3s". */
void number_print_duration(struct text *out, uint64_t ns);

#endif
