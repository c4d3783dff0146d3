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
/* With spec->memory: what is not freed, and the tags; the caller frees them. After stop(). */
int nt_source_blocks(struct source *source, struct trace_block **blocks, size_t *n,
		     struct error *err);
int nt_source_tags(struct source *source, struct trace_tag **tags, size_t *n, struct error *err);

#endif
