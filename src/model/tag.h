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

bool tag_matches(const char *wanted, const char *tag);

#endif
