/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exports: sinks that write calls in the formats of other programs. What a format has no place for
 * - losses, modules that come and go - is counted, to be told at the end with the verdict.
 */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "session/sink.h"

/* X(identifier, name, summary) */
#define EXPORT_FORMATS(X)                                                                          \
	X(json, "json", "one object a line, for each record, as show --json prints them")          \
	X(csv, "csv", "a table with a row for each call (RFC 4180)")                               \
	X(folded, "folded", "stacks and how often each came, for flame graphs")                    \
	X(chrome, "chrome", "Chrome's trace events, for chrome://tracing and Speedscope")          \
	X(perfetto, "perfetto", "a Perfetto trace, for ui.perfetto.dev")                           \
	X(pprof, "pprof", "a profile for pprof")                                                   \
	X(sqlite, "sqlite", "an SQLite database")                                                  \
	X(trace_dat, "trace.dat", "a file of trace-cmd, for trace-cmd report and KernelShark")

enum export_weight {
	EXPORT_BY_CALLS,
	EXPORT_BY_DURATION,
};

struct export_options {
	const char *path; /* NULL or "-": standard output */
	bool force;	  /* overwrite what is there */
	enum export_weight by;
};

struct export_format;

/* NULL with err: there is no such format; the hint names those there are. */
const struct export_format *export_format_find(const char *name, struct error *err);
const char *export_format_name(const struct export_format *format);
bool export_format_weighs(const struct export_format *format); /* has a use for options.by */
/* Strings in options stay the caller's and have to outlive the sink. */
struct sink *export_create(const struct export_format *format, const struct export_options *options,
			   struct error *err);
/* After the end: what the format had no place for, a sentence a line, and the verdict. */
int export_tell(const struct sink *sink, const struct ledger *ledger, FILE *out, struct error *err);

#endif
