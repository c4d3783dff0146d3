/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asked for a block: the first frame of its stack that is no allocator and no helper that only
 * hands an allocation on (kstrdup(), __alloc_skb(), devm_kmalloc()...). Without a stack, the
 * allocation's caller as the kernel named it.
 */
#ifndef MEMORY_OWNER_H
#define MEMORY_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#include "model/catalog.h"
#include "model/memory.h"

struct owner {
	const struct stack *stack; /* NULL: none, or its frames never came */
	size_t first;	  /* frame that the stack is shown from: what only traces is left out */
	size_t at;	  /* the owner's frame in it */
	uint64_t address; /* 0: nobody is known */
	bool nowhere;	  /* in no module and not in the kernel: a module that has gone */
	enum memory_family family;
	const char *kernel; /* what the kernel is called */
	struct frame frame;
};

/* Strings live as long as the catalog. */
void owner_find(const struct catalog *catalog, enum memory_family family,
		const struct memory_block *block, struct owner *owner);
/* The kernel's name ("vmlinux") for the kernel itself, "?" when nobody is known or nothing is there
 * any more. */
const char *owner_module(const struct owner *owner);

/* Is the function one that others allocate memory of this family through? */
bool owner_is_helper(const char *function, enum memory_family family);

#endif
