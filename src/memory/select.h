/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which blocks a report is about. */
#ifndef MEMORY_SELECT_H
#define MEMORY_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/owner.h"
#include "model/spec.h"

struct memory_selection {
	struct spec_names tags;	   /* memory_tag_matches() one of them; none: all */
	struct spec_names modules; /* whose blocks; none: anybody's */
	bool through;		   /* a frame of the modules anywhere in the stack will do */
	uint64_t min_age;	   /* ns, at the end */
	uint64_t min_bytes;
	bool user; /* user memory and page cache too, which are not asked for by name otherwise */
};

/*
 * The classic's rule: a blank, or nothing, stands for any character, and what is shorter matches
 * all that begins so: "T" matches "Tcpt" and "Thre", "kmalloc-" all kmalloc caches, "d ntry"
 * dentry. Here of any length, and '?' and '*' work too.
 */
bool memory_tag_matches(const char *pattern, const char *tag);

bool memory_selects(const struct memory_selection *selection, const struct catalog *catalog,
		    const struct memory *memory, const struct memory_block *block,
		    const struct owner *owner);
/* Are these pages of user memory or of the page cache? */
bool memory_tag_is_user(const struct memory_tag *tag);

#endif
