/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live Linux kernel as a source of records. */
#ifndef SOURCE_LINUX_SOURCE_H
#define SOURCE_LINUX_SOURCE_H

#include <stdbool.h>

#include "base/text.h"
#include "model/memory.h"
#include "source/source.h"

/* Opening touches nothing yet: the first apply() puts the hooks in. NULL with err on failure. */
struct source *linux_source_open(struct error *err);

/* Where the file of a module is that will be loaded; of one without a good file nothing is known.
 */
void linux_source_module_file(struct source *source, const char *path);

/* Memory as it stands now; only with a spec that follows it. The caller frees what is in it. */
int linux_source_memory(struct source *source, struct memory *memory, struct error *err);

/* Where the time of the start went: one phase a line. The caller frees text. */
void linux_source_times(const struct source *source, struct text *text);
/* Ask for what watching costs, before the first apply(); see linux_cost.h. */
void linux_source_count_cost(struct source *source);
/* What it cost, once the source has ended: one sentence a line. The caller frees text. */
void linux_source_cost(const struct source *source, const struct ledger *ledger, struct text *text);
/*
 * If the walker was found to be wrong, that and how; with counts, before it, what became of the
 * stacks: one sentence a line. The caller frees text.
 */
void linux_source_stacks(struct source *source, bool counts, struct text *text);
/*
 * What the user should know about what apply() did since this was last asked for: one sentence a
 * line, "" if all is well. Valid until the next apply().
 */
const char *linux_source_remarks(struct source *source);

#endif
