/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hooks of NT that are in force, and what brings them to what is wished for: only the
 * difference is changed, and all of it or nothing. No OS: the driver is behind two functions.
 *
 *	nt_wishes_add(&wishes, &hook, pattern, module, NULL, err);	for each function of each
 *pattern nt_hooks_change(&hooks, &wishes, &driver, err);
 */
#ifndef SOURCE_NT_HOOKS_H
#define SOURCE_NT_HOOKS_H

#include <nt/ioctl.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* A function that is to be hooked. Of one that is named twice, the first has the flags of both. */
struct nt_wish {
	struct trace_hook hook;
	size_t pattern;	    /* which one named it, from 0 */
	const void *module; /* the caller's; it outlives the hooks */
	/*
	 * NULL, or: the function's driver need not be loaded, and the address is counted from the
	 * base of this image, which is the caller's and outlives the hooks.
	 */
	const void *image;
	size_t first; /* the wish for this function; itself, if there is none before */
	bool met;
};

struct nt_wishes {
	struct nt_wish *wishes;
	size_t n, room;
	size_t n_patterns; /* of these each must have a hook when all is done */
};

struct nt_hook {
	struct nt_wish wish;
	uint32_t number; /* in records */
	bool in, wanted, was_in;
};

struct nt_hooks {
	struct nt_hook *hooks;
	size_t n, room;
};

struct nt_hooks_driver {
	void *context;
	/* 0; 1 when it refuses to hook this function, with the reason in err; -1 on failure. */
	int (*put)(void *context, const struct nt_wish *wish, uint32_t *number, struct error *err);
	int (*take)(void *context, const struct nt_hook *hook, struct error *err);
};

/* With the pattern beyond n_patterns, it is no mistake when the function can't be hooked. */
int nt_wishes_add(struct nt_wishes *wishes, const struct trace_hook *hook, size_t pattern,
		  const void *module, const void *image, struct error *err);
void nt_wishes_fini(struct nt_wishes *wishes);
/*
 * What is in and wished for with the same flags is not touched; with others it is taken out and
 * put in anew. New hooks come before those that go are taken out, the last of them first. On
 * failure what was in is in again.
 */
int nt_hooks_change(struct nt_hooks *hooks, struct nt_wishes *wishes,
		    const struct nt_hooks_driver *driver, struct error *err);
/* This module has gone, and its hooks with it: there is nothing to take out. */
void nt_hooks_gone(struct nt_hooks *hooks, const void *module);
void nt_hooks_fini(struct nt_hooks *hooks);

#endif
