/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What names and lines were missing, told once: of which build, why, and what would have them. */
#ifndef SYMBOL_MISSING_H
#define SYMBOL_MISSING_H

#include <stdbool.h>

#include "base/text.h"
#include "symbol/builds.h"

/* A sentence a line; nothing if nothing is missing. */
void missing_tell(struct builds *builds, struct text *out);
/* Was there an address without a name? */
bool missing_has_names(struct builds *builds);
/* "vmlinux (build id 0123...)", as it is told. */
void missing_print_build(const struct build *build, struct text *out);

#endif
