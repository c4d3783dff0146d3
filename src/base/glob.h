/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Globs, the same on every system: "*" is any text, "?" any character, "[a-z]" one of these, "[!a]"
 * none of these, and "\" takes the next one as it is. A "[" that nothing closes is itself.
 */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include <stdbool.h>
#include <stddef.h>

bool glob_matches(const char *glob, const char *text);
/* The text may have NULs in it. */
bool glob_matches_bytes(const char *glob, const char *text, size_t length);

#endif
