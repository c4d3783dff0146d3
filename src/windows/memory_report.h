/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of pool memory, for a person: the report of every system. */
#ifndef WINDOWS_MEMORY_REPORT_H
#define WINDOWS_MEMORY_REPORT_H

#include <stdbool.h>

#include "model/catalog.h"
#include "model/memory.h"

/* Of this memory, which was followed where the catalog is from, on stdout. */
int memory_report_print(const struct catalog *catalog, const struct memory *memory, bool stacks,
			struct error *err);
/*
 * Of a capture's, made on any system, behind its ledger. log: of the allocations and frees that are
 * recorded in it, paired once more. Returns a status, or -1.
 */
int memory_report_file(const char *path, bool log, bool stacks, struct error *err);

#endif
