/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "kapimon mem" prints and writes when the memory is known, and its exit status. */
#ifndef COMMAND_MEM_REPORT_H
#define COMMAND_MEM_REPORT_H

#include "command/mem_options.h"
#include "memory/report.h"

/* A report for these options, of the catalog's memory; ledger may be NULL. */
void mem_report_init(const struct mem_options *options, const struct catalog *catalog,
		     const struct ledger *ledger, struct memory_report *report);
/* The mark that --since asks for: the state at the end of a capture. */
int mem_report_since(const struct mem_options *options, struct growth **growth, struct error *err);
/*
 * Print the report and write what is asked for besides. Returns STATUS_OK, STATUS_CONDITION when a
 * condition of --fail-on holds, STATUS_INCOMPLETE, or -1 with err.
 */
int mem_report_put(const struct mem_options *options, const struct memory_report *report,
		   struct error *err);

#endif
