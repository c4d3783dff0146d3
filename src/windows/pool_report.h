/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of pool memory, for a person. */
#ifndef WINDOWS_POOL_REPORT_H
#define WINDOWS_POOL_REPORT_H

#include <stdio.h>

#include "source/source.h"

/* source: of nt_source_open(), stopped. */
int pool_report_print(struct source *source, FILE *out, struct error *err);

#endif
