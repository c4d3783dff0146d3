/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running NT kernel's own counts of pool memory. */
#ifndef SOURCE_NT_POOL_COUNTERS_H
#define SOURCE_NT_POOL_COUNTERS_H

#include "source/nt_memory.h"

/*
 * Fill counters, which are empty. They stay so where the system does not tell: Wine, and NT before
 * 5.2 unless pool tagging was turned on (gflags /r +ptg).
 */
int nt_pool_counters_read(struct nt_pool_counters *counters, struct error *err);

#endif
