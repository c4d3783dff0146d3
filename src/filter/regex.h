/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POSIX extended regular expressions, but only such as take little time and memory: a filter may
 * come from anybody, and regcomp() unfolds x{n,m}, so that a few nested ones take gigabytes.
 */
#ifndef FILTER_REGEX_H
#define FILTER_REGEX_H

#include <regex.h>

#define FILTER_MAX_REGEX 256	/* characters */
#define FILTER_MAX_REPEATS 1000 /* the product of all counts in braces, and 2 for (x)+, x++ */

/* NULL: done, regfree() it; otherwise what is wrong, valid until the next call in this thread. */
const char *filter_regex_compile(regex_t *regex, const char *text);

#endif
