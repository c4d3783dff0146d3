/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stack walker of the BPF programs, seen from user space: walker_prepare() before the object is
 * loaded, walker_start() when the programs that follow modules are attached, and then what it did.
 */
#ifndef SOURCE_LINUX_WALKER_H
#define SOURCE_LINUX_WALKER_H

#include <bpf/btf.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "linux/shared.h"

struct engine;

/* btf: the kernel's types; NULL: none are known. */
void walker_prepare(struct engine *engine, const struct btf *btf);
/* Where the kernel has no ORC tables, or doesn't tell where, the kernel goes on taking stacks. */
void walker_start(struct engine *engine);

/* Compare every stack with the kernel's, from now on. */
void walker_verify(struct engine *engine, bool verify);
/* Called now and then while recording: BPF programs come and go without a word. */
void walker_follow(struct engine *engine);

/* Of all processors together. */
int walker_counts(struct engine *engine, struct kmn_walk_counts *sum, struct error *err);
void walker_counts_print(const struct engine *engine, const struct kmn_walk_counts *counts,
			 struct text *out);
/* The first difference from the kernel's own unwinder, as sentences; nothing if there was none. */
void walker_difference_print(const struct engine *engine, struct text *out);

#endif
