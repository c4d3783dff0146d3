/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stacks by hash: learned from records that carry their frames, looked up for those that only name
 * them.
 */
#ifndef MODEL_STACK_H
#define MODEL_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct stack {
	uint64_t hash;
	uint64_t modules;
	uint16_t flags; /* KMN_STACK_TRUNCATED, KMN_STACK_CALLER_SP */
	uint16_t n_frames;
	const uint64_t *frames; /* innermost first: the hooked function, its caller, ... */
};

struct stack_table;

struct stack_table *stack_table_create(void);
void stack_table_destroy(struct stack_table *table);
/* The frames are copied. A hash that is there already is left as it is (*added false). */
int stack_table_add(struct stack_table *table, const struct stack *stack, bool *added,
		    struct error *err);
/* Valid until the table is destroyed; NULL if unknown. */
const struct stack *stack_table_find(const struct stack_table *table, uint64_t hash);
size_t stack_table_count(const struct stack_table *table);
/* In order of addition, 0 to count - 1; NULL beyond. */
const struct stack *stack_table_at(const struct stack_table *table, size_t index);

#endif
