/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outstanding blocks, those alike together: by tag, owner, stack, process, size or age. */
#ifndef MEMORY_GROUP_H
#define MEMORY_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "memory/owner.h"
#include "memory/select.h"
#include "model/catalog.h"

/* X(NAME, name, title, what it is) */
#define GROUP_KEYS(X)                                                                              \
	X(TAG, "tag", "TAG", "slab cache, vmalloc, percpu or pages; pool tag")                     \
	X(MODULE, "module", "MODULE", "the module that asked for it")                              \
	X(SITE, "site", "SITE", "the place in the code that asked for it")                         \
	X(STACK, "stack", "STACK", "the whole stack")                                              \
	X(PROCESS, "process", "PROCESS", "the process")                                            \
	X(SIZE, "size", "SIZE", "size, in powers of two")                                          \
	X(AGE, "age", "AGE", "age, in powers of two")                                              \
	X(FAMILY, "family", "FAMILY", "slab, pages, vmalloc, percpu or pool")                      \
	X(CONTEXT, "context", "CONTEXT", "task, softirq, hardirq or nmi")                          \
	X(GRADE, "grade", "GRADE", "outstanding, deferred or doubtful")

enum group_key {
#define GROUP_KEY_ENUM(name, text, title, help) GROUP_##name,
	GROUP_KEYS(GROUP_KEY_ENUM)
#undef GROUP_KEY_ENUM
		GROUP_N_KEYS
};

#define GROUP_PARTS 4

struct group_by {
	enum group_key keys[GROUP_PARTS];
	size_t n;
};

/* "tag,module" */
int group_by_parse(const char *text, struct group_by *by, struct error *err);
const char *group_key_name(enum group_key key);
const char *group_key_title(enum group_key key);

struct group {
	uint64_t blocks, bytes;
	uint64_t grades[MEMORY_N_GRADES]; /* blocks of each */
	uint64_t oldest, newest;	  /* time of allocation */
	const struct memory_block *first; /* the oldest, to show what they are like */
	struct owner owner;		  /* its owner */
};

struct groups {
	struct group_by by;
	struct group *groups; /* most bytes first */
	size_t n;
	uint64_t blocks, bytes; /* of all */
	uint64_t grades[MEMORY_N_GRADES];
	uint64_t left_out; /* blocks that were not selected, but for what other families are made of
			    */
};

/* Those of the memory's blocks that are selected. */
int groups_make(const struct catalog *catalog, const struct memory *memory,
		const struct memory_selection *selection, const struct group_by *by,
		struct groups *groups, struct error *err);
void groups_fini(struct groups *groups);
/* How one key of a group reads: "kmalloc-64", "drv_probe+0x1c [drv]". */
void group_print_key(const struct catalog *catalog, const struct memory *memory,
		     const struct group *group, enum group_key key, struct text *out);

#endif
