/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter language: which calls are wanted, the same for a running recording and for a capture.
 *
 *	api ~ "vfs_*" and errno == ENOENT
 *	duration > 1ms and stack has ext4 and not comm in (cron, "kworker/0:1")
 *	flags & O_CREAT or caller == do_sys_open
 *
 * kapimon-filter(7) is the reference. A filter is parsed from text, then bound to a catalog, by
 * which its names of arguments, modules and enumerators get their meaning, then asked for each
 * call. It judges a call as a whole: its entry and its return are kept or dropped together, see
 * filter/calls.h for that. What a call doesn't have (the result of one that has not returned, an
 * argument that its function doesn't take) makes a comparison false, whatever the operator.
 */
#ifndef FILTER_FILTER_H
#define FILTER_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/catalog.h"
#include "model/record.h"

/* No expression is longer, nests deeper or makes more comparisons than this. */
#define FILTER_MAX_LENGTH 16384
#define FILTER_MAX_DEPTH 64
#define FILTER_MAX_TESTS 1024

struct filter;

struct filter *filter_create(void);	    /* lets everything through; NULL: out of memory */
void filter_destroy(struct filter *filter); /* takes NULL */

/*
 * Read an expression; a mistake is shown with its place. All that are added must hold. A failure
 * leaves the filter as it was.
 */
int filter_add(struct filter *filter, const char *text, struct error *err);
bool filter_is_empty(const struct filter *filter);

/* What an answer depends on, beside the function, its module and the process. */
enum filter_use {
	FILTER_USES_CALL = 1 << 0,   /* what only the entry tells: arguments, time, thread... */
	FILTER_USES_RESULT = 1 << 1, /* what only the return tells */
	FILTER_USES_KIND = 1 << 2,   /* entry and return may be judged apart */
	FILTER_USES_STACK = 1 << 3,
};

unsigned filter_uses(const struct filter *filter);

/*
 * Give the names their meaning. The catalog may grow from then on; it must outlive the filter's
 * use. With `strict` the name of an argument or of a constant that nothing in the catalog has is a
 * mistake; otherwise it may still come.
 */
int filter_bind(struct filter *filter, const struct catalog *catalog, bool strict,
		struct error *err);
const struct catalog *filter_catalog(const struct filter *filter); /* NULL: not bound */
/*
 * The time (as in a record) before which nothing fits, when the filter, which has been bound, says
 * so: "time >= 1.5s and ...".
 */
bool filter_earliest(const struct filter *filter, uint64_t *time);
/* Addresses may mean something else now: a module came or went. */
void filter_forget(struct filter *filter);

struct filter_call {
	const struct kmn_header *record; /* the one that is judged: of its kind */
	const struct kmn_header *entry;	 /* also a record that is no call; NULL: not seen */
	const struct kmn_header *ret;	 /* NULL: there is none (yet) */
	bool open;			 /* the return may still come */
};

enum filter_answer {
	FILTER_NO,
	FILTER_YES,
	FILTER_LATER, /* it takes the return; never for a call that is not open */
};

/*
 * Judge a call; records have passed record_parse(). A record that is no call (a loss, a module
 * that came) is let through unless the filter rules it out by what such a record has: its kind, its
 * time, its processor, its function.
 */
enum filter_answer filter_judge(struct filter *filter, const struct filter_call *call);

#endif
