/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule by which the tag of an allocation is chosen: a tag begins with what was asked for, and
 * a blank stands for any character. "T" matches "Tcpt" and "Thre", " cp" matches "Tcpt", nothing
 * or blanks match every tag. On NT a tag has up to four characters; the names of slab caches, for
 * which the rule holds just as well, are longer.
 */
#ifndef MODEL_TAG_H
#define MODEL_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ExAllocatePoolWithTag() takes it for "to be freed with this tag only" (PROTECTED_POOL). */
#define TAG_PROTECTED_POOL 0x80000000u

bool tag_matches(const char *wanted, const char *tag);
/*
 * A pool tag of NT as it reads in memory, without blanks at its end; what can't be printed is a
 * dot. text has room for five characters; returns its length.
 */
size_t tag_of_pool(uint32_t tag, char text[5]);

#endif
