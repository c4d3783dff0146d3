/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reports in different forms say alike: places, their source lines, whether all is there. */
#ifndef MEMORY_FACTS_H
#define MEMORY_FACTS_H

#include <stdbool.h>

#include "base/text.h"
#include "memory/report.h"

/* Where a block was asked for: strings live until the next look-up of a place. */
struct source_line {
	const char *function; /* as the source has it; NULL: not known */
	const char *file;     /* NULL: not known */
	unsigned line;
};

/* The selected blocks by place: alike in owner, tag and grade. */
int facts_places(const struct memory_report *report, struct groups *places, struct error *err);
/* Nobody can free them any more. Doubtful ones never are leaked: they may have been freed. */
bool facts_leaked(const struct memory_report *report, const struct group *place);
/* What these blocks are called: "leaked", "outstanding", "deferred", "doubtful". */
const char *facts_word(const struct memory_report *report, const struct group *place);

/* Blocks and bytes of each grade, of places. */
struct facts_sums {
	uint64_t blocks[MEMORY_N_GRADES], bytes[MEMORY_N_GRADES];
};
void facts_sum(const struct groups *places, struct facts_sums *sums);

/*
 * "leaky_probe+0x1c [leaky]". The same wherever the kernel and its modules lie, if anything is
 * known of the address.
 */
void facts_print_site(const struct memory_report *report, const struct owner *owner,
		      struct text *out);
/*
 * The line that asks for it: of the owner's frame the innermost function that is no helper itself,
 * as kzalloc() is, which is inlined into whom it allocates for.
 */
void facts_source(const struct memory_report *report, const struct owner *owner,
		  struct source_line *source);
/*
 * A file as it is named from the folder we run in, if it lies there or is relative as it stands: in
 * the checkout that built it, what reads the report finds it so.
 */
const char *facts_path(const char *file);
/* The stack, a frame a line with its source line; the owner's is marked. */
void facts_print_stack(const struct memory_report *report, const struct owner *owner,
		       struct text *out);
/* "3 blocks" */
void facts_print_count(struct text *out, uint64_t n, const char *one, const char *many);

/* Was everything seen? If not, why, a sentence a line. */
bool facts_whole(const struct memory_report *report, struct text *why);
/* Objects freed in caches that came while they were watched, that had never been allocated. */
uint64_t facts_unseen(const struct memory_tag *tag);
/* The numbers of the report in a few lines. */
void facts_print_summary(const struct memory_report *report, const struct groups *places,
			 struct text *out);

#endif
