/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records that benchmarks of captures and of live reading work on: pairs of entry and return of
 * eight functions on two processors, three arguments of which two are pointers, 290 stacks of 20
 * frames each, some of them frequent. They are the same in each run.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "model/catalog.h"
#include "record.h"

#define LOAD_EVENTS 1000000u
#define LOAD_PROCESSORS 2
#define LOAD_RECORD_MAX 128 /* bytes of one record at most */

void load_add_stacks(struct catalog *catalog);
/*
 * In order of time. Returns the bytes of all records; there is room for LOAD_EVENTS of each.
 * stacks: the first record with each of these brings its frames, as the kernel sends them; NULL:
 * none does. n_stacks: how many there are, or NULL.
 */
size_t load_make(unsigned char *bytes, const struct kmn_header **records,
		 const struct stack_table *stacks, size_t *n_stacks);

#endif
