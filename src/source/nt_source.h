/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running NT kernel as a source of records, through TRACE.SYS. */
#ifndef SOURCE_NT_SOURCE_H
#define SOURCE_NT_SOURCE_H

#include <nt/ioctl.h>

#include "source/nt_names.h"
#include "source/source.h"

/* symbols: they outlive the source; NULL: exports alone have names. all: as in struct nt_names. */
struct source *nt_source_open(struct nt_symbols *symbols, bool all, struct error *err);
/* The modules, and whose symbol files were not found. */
const struct nt_names *nt_source_names(const struct source *source);
/* Pool allocations with this tag only, and their frees; blanks stand for any character. */
void nt_source_set_tag(struct source *source, const char *tag);
/* What the last UNHOOK has left. Valid once next() has returned 0. */
const struct trace_unhooked *nt_source_unhooked(const struct source *source);
/*
 * What became of hooks on load. Valid once next() has returned 0. *left_out: functions that were
 * asked for on load and that their files say can't be hooked.
 */
const struct trace_awaited *nt_source_awaited(const struct source *source, size_t *n,
					      size_t *left_out);
/* Did the kernel tell its own counts of pool memory? After stop(). */
bool nt_source_counts_pool(const struct source *source);

#endif
