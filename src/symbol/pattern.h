/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person writes to name functions:
 *
 *	vfs_open		a name, in whatever module
 *	tcp_*			a glob
 *	ext4:ext4_file_*	in one module; "vmlinux" or "kernel" is the kernel itself
 *	/^tcp_(send|recv)/	a POSIX extended regular expression, "ext4:/_page$/" in one module
 */
#ifndef SYMBOL_PATTERN_H
#define SYMBOL_PATTERN_H

#include <regex.h>
#include <stdbool.h>

#include "base/error.h"

/* A pattern taken apart. Strings point into text. */
struct pattern {
	enum { PATTERN_NAME, PATTERN_GLOB, PATTERN_REGEX } kind;
	char *text;	    /* owned */
	const char *module; /* NULL: any */
	const char *name;
	regex_t regex; /* with PATTERN_REGEX */
};

/* A pattern that can't be understood is a usage error. */
int pattern_parse(const char *text, struct pattern *pattern, struct error *err);
void pattern_fini(struct pattern *pattern);
bool pattern_matches(const struct pattern *pattern, const char *name);
/* module NULL: the kernel itself. */
bool pattern_matches_module(const struct pattern *pattern, const char *module);

#endif
