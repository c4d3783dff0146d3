/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source lines of addresses, from the debug information of the kernel and its modules. Files are
 * looked for when the first address in a module is asked for, and must be of the build that the
 * catalog says. What was not found is remembered, to be told once.
 *
 * A capture may have lines of its own: they are taken first, and no files are looked for then. With
 * a path it is the other way round: the files come first, the capture fills what they don't have.
 */
#ifndef SYMBOL_LINES_H
#define SYMBOL_LINES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "model/place.h"

/* The environment's path of debug files. */
#define LINES_PATH_VARIABLE "KAPIMON_SYMBOL_PATH"

struct lines;

/*
 * path: where to look first, see debug_files.h; NULL: the environment's. modules: those of all
 * modules, not of the kernel alone.
 */
struct lines *lines_create(const char *path, bool modules, struct error *err);
void lines_destroy(struct lines *lines);
/* It is part of the lines. */
struct place_finder *lines_finder(struct lines *lines);
/* What is missing and what would have it, a sentence a line; nothing if nothing is. */
void lines_tell_missing(const struct lines *lines, struct text *out);

#endif
