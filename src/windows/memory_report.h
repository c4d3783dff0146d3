/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of pool memory, for a person: the report of every system. */
#ifndef WINDOWS_MEMORY_REPORT_H
#define WINDOWS_MEMORY_REPORT_H

#include <stdbool.h>

#include "model/catalog.h"

/* Of the catalog's memory, on stdout. */
int memory_report_print(const struct catalog *catalog, bool stacks, struct error *err);
/* Of a capture's, made on any system; its ledger follows. Returns a status, or -1. */
int memory_report_file(const char *path, bool stacks, struct error *err);

#endif
