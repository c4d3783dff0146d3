/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that was followed: what was allocated and not freed, under which tags, and what is known
 * of how complete that is. A source fills one of these; reports and captures read it. Times are
 * nanoseconds of the kernel's monotonic clock.
 */
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <memory_record.h>
#include <record.h>

#include "base/error.h"

/* Address spaces of their own; X(name, text). */
#define MEMORY_FAMILIES(X)                                                                         \
	X(SLAB, "slab")                                                                            \
	X(PAGES, "pages")                                                                          \
	X(VMALLOC, "vmalloc")                                                                      \
	X(PERCPU, "percpu")                                                                        \
	X(POOL, "pool") /* NT's, paged and non-paged */

enum memory_family {
#define MEMORY_FAMILY_ENUM(name, text) MEMORY_##name,
	MEMORY_FAMILIES(MEMORY_FAMILY_ENUM)
#undef MEMORY_FAMILY_ENUM
		MEMORY_N_FAMILIES
};

/* The first ones are Linux's. */
#define MEMORY_LINUX_FAMILIES MEMORY_POOL

const char *memory_family_name(enum memory_family family);

/* What memory is asked for as: a slab cache, "vmalloc", "pages-order-2", "percpu". */
struct memory_tag {
	char *name;
	enum memory_family family;
	bool inner;	 /* pages that blocks of other families are made of: not counted twice */
	bool fresh;	 /* a cache that was not there before the start */
	uint32_t object; /* bytes that an object takes up in its cache; 0: as many as asked for */
	uint64_t allocs, alloc_bytes;
	uint64_t frees, free_bytes; /* of blocks allocated since the start */
	uint64_t unknown;	    /* frees of what was not: allocated before the start */
	uint64_t failed;	    /* allocations that got nothing */
	uint64_t replaced; /* blocks whose address was allocated again: a free was missed */
};

/* X(name, text) */
#define MEMORY_GRADES(X)                                                                           \
	X(OUTSTANDING, "outstanding")                                                              \
	X(DEFERRED, "deferred") /* handed to kfree_rcu(): a grace period will free it */           \
	X(DOUBTFUL, "doubtful") /* its free may have been missed */                                \
	X(INNER, "inner")	/* a part of another block, which is there by itself */

enum memory_grade {
#define MEMORY_GRADE_ENUM(name, text) MEMORY_##name,
	MEMORY_GRADES(MEMORY_GRADE_ENUM)
#undef MEMORY_GRADE_ENUM
		MEMORY_N_GRADES
};

const char *memory_grade_name(enum memory_grade grade);

struct memory_block {
	uint64_t address; /* of pages: the page frame number */
	uint64_t bytes;	  /* that were asked for */
	uint64_t time;
	uint64_t stack; /* its hash; 0: none was taken */
	uint64_t site;	/* the caller's address; 0: not known */
	uint32_t tag;	/* index */
	uint32_t pid;
	uint32_t gfp;
	uint16_t cpu;
	uint8_t context; /* enum kmn_context */
	uint8_t grade;	 /* enum memory_grade */
	bool part;	 /* of pages that were asked for together and freed in part */
	char comm[KMN_COMM + 1];
};

/* Between these times frees of a family may have been missed. */
struct memory_doubt {
	uint64_t from, to;
	enum memory_family family;
	uint64_t missed; /* calls */
};

/* A free that should not be. */
struct memory_finding {
	uint64_t address, time;
	uint64_t stack, site;
	uint32_t tag;
	uint32_t pid;
	char comm[KMN_COMM + 1];
};

/* What the kernel itself counts, against what was followed; objects, pages, bytes or calls. */
struct memory_check {
	char *name;	  /* a cache; "free pages"; "vmalloc" */
	const char *unit; /* "objects", "pages", "bytes", "calls" */
	int64_t followed; /* net growth by the calls that were followed */
	int64_t counted;  /* by the kernel's own counters */
	int64_t slack;	  /* how far these may be off */
};

struct memory {
	uint64_t start, end;
	bool stacks; /* they were taken */
	struct memory_tag *tags;
	size_t n_tags;
	struct memory_block *blocks; /* by time */
	size_t n_blocks;
	struct memory_doubt *doubts;
	size_t n_doubts;
	struct memory_finding *findings; /* memory freed twice */
	size_t n_findings;
	struct memory_check *checks;
	size_t n_checks;
	uint64_t freed_twice;
	uint64_t capacity;     /* blocks that the table holds */
	uint64_t no_room;      /* allocations beyond it: not among the blocks */
	uint64_t replaced;     /* blocks whose free was missed, as a later block showed */
	uint64_t lifetime[64]; /* frees by the logarithm of the block's age in ns */
};

void memory_init(struct memory *memory);
void memory_fini(struct memory *memory);
/* Room for one more at the end, zeroed; NULL: out of memory. */
struct memory_block *memory_add_block(struct memory *memory);
struct memory_doubt *memory_add_doubt(struct memory *memory);
struct memory_finding *memory_add_finding(struct memory *memory);
struct memory_check *memory_add_check(struct memory *memory);
struct memory_tag *memory_add_tag(struct memory *memory);
/* A copy of it is added; -1: out of memory. */
int memory_put_doubt(struct memory *memory, const struct memory_doubt *doubt);
/* The family of what was asked for under a number of enum kmn_memory_tag_number. */
enum memory_family memory_family_of_tag(uint64_t number);
/* By time, then by address. */
void memory_sort(struct memory *memory);
/* What is left of one allocation of pages becomes one block again; they are sorted. */
void memory_join_parts(struct memory *memory);
/*
 * Grade as doubtful what was alive while frees of its family may have been missed. What is deferred
 * stays so: that it was given up is known.
 */
void memory_grade(struct memory *memory);
/* Its age at the end, ns; 0 for a block that came while the end was being taken. */
uint64_t memory_block_age(const struct memory *memory, const struct memory_block *block);
/* Is the difference more than a hundredth, and more than the kernel's counters may be off? */
bool memory_check_unexplained(const struct memory_check *check);

#endif
