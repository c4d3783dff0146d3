/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a report of memory is made from, and the forms that it is written in: as text for people,
 * and for other programs (memory/write.h).
 */
#ifndef MEMORY_REPORT_H
#define MEMORY_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "memory/group.h"
#include "memory/growth.h"
#include "memory/select.h"
#include "model/ledger.h"
#include "model/place.h"

struct memory_report {
	const struct catalog *catalog;
	const struct memory *memory;
	const struct ledger *ledger; /* NULL: the recording goes on */
	const struct memory_selection *selection;
	struct group_by by;
	struct place_finder *places; /* of source lines; NULL: none */
	size_t rows;		     /* of a table, at most; 0: all */
	size_t stacks;		     /* of the largest so many the stack is printed */
	/*
	 * The module that was watched from before its first instruction until after its unload:
	 * what it has left is leaked. NULL: what is outstanding may still be in use.
	 */
	const char *unloaded;
	const struct growth *growth; /* since a mark; NULL: all is shown */
};

/* "outstanding", or "leaked" where nobody can free it any more. */
const char *report_word(const struct memory_report *report);

struct memory_text_options {
	bool color;
	bool histogram; /* lifetimes and sizes */
	bool counters;	/* each of the kernel's own, not those alone that differ */
};

/* The report as text; the ledger's table is not in it. */
int memory_report_text(const struct memory_report *report,
		       const struct memory_text_options *options, struct text *out,
		       struct error *err);

/* Does the kernel's account differ from ours, where it can't be explained? */
size_t report_unexplained(const struct memory_report *report);

#endif
