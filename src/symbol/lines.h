/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Source lines of addresses, from the debug information of the kernel and its modules.
 *
 * A capture may have lines of its own: they are taken first, and no files are looked for then. With
 * a path it is the other way round: the files come first, the capture fills what they don't have.
 */
#ifndef SYMBOL_LINES_H
#define SYMBOL_LINES_H

#include "base/error.h"
#include "model/place.h"
#include "symbol/builds.h"

struct lines;

/* The builds must outlive them. */
struct lines *lines_create(struct builds *builds, struct error *err);
void lines_destroy(struct lines *lines); /* takes NULL */
/* It is part of the lines. */
struct place_finder *lines_finder(struct lines *lines);

#endif
