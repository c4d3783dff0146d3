/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMN_DUPS_A_H
#define KMN_DUPS_A_H

#include "kmn_sample.h"

/* Calls the other file's kmn_dup() once, which counts it in *count. */
void kmn_dups_a_call_other(struct kmn_count *count);

#endif
