/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports for other programs. Each is one function that writes the whole report; a new one is a
 * line here and a file write_NAME.c.
 */
#ifndef MEMORY_WRITE_H
#define MEMORY_WRITE_H

#include <stdio.h>

#include "memory/report.h"

/* X(name, what it is) */
#define MEMORY_WRITERS(X)                                                                          \
	X(json, "one object with everything, blocks and stacks included")                          \
	X(folded, "folded stacks by bytes, for flame graphs")                                      \
	X(pprof, "a heap profile for pprof")                                                       \
	X(junit, "test results in JUnit's XML: a test case for each place that leaks")             \
	X(sarif, "findings in SARIF 2.1.0, for code scanning")

#define MEMORY_WRITER_DECLARE(name, help)                                                          \
	int memory_write_##name(const struct memory_report *report, FILE *file, struct error *err);
MEMORY_WRITERS(MEMORY_WRITER_DECLARE)
#undef MEMORY_WRITER_DECLARE

typedef int memory_write(const struct memory_report *report, FILE *file, struct error *err);

/* NULL with err: there is no such form. */
memory_write *memory_writer_find(const char *name, struct error *err);

#endif
