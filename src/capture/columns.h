/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as columns, the payload of a block of events: the records are taken apart, each field
 * goes to a column of its own, and what can be guessed from the records before is not stored but
 * only how far the guess was wrong. docs/kmn.md describes it. The packer and the unpacker make the
 * same guesses from what is kept here, and begin anew with each block.
 */
#ifndef CAPTURE_COLUMNS_H
#define CAPTURE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/record.h"

/* X(name): in their order in the payload */
#define COLUMNS(X)                                                                                 \
	X(SHAPE)                                                                                   \
	X(SHAPES)                                                                                  \
	X(WHOLE)                                                                                   \
	X(CPU)                                                                                     \
	X(CPUS)                                                                                    \
	X(TIME)                                                                                    \
	X(SEQUENCE)                                                                                \
	X(TASK)                                                                                    \
	X(TASKS)                                                                                   \
	X(PARTNER)                                                                                 \
	X(HOOK)                                                                                    \
	X(HOOKS)                                                                                   \
	X(STACK)                                                                                   \
	X(PARTNER_STACK)                                                                           \
	X(STACKS)                                                                                  \
	X(VALUE)                                                                                   \
	X(DURATION)                                                                                \
	X(ENTRY_CPU)                                                                               \
	X(ENTRY_SEQUENCE)                                                                          \
	X(FETCH)                                                                                   \
	X(FETCH_LENGTH)                                                                            \
	X(FETCH_DATA)                                                                              \
	X(ARGUMENT) /* and one more for each further argument */

enum column {
#define COLUMN_ENUM(name) COLUMN_##name,
	COLUMNS(COLUMN_ENUM)
#undef COLUMN_ENUM
		N_COLUMNS = COLUMN_ARGUMENT + KMN_MAX_ARGS,
};

/* Before the columns: the header, the number of columns, and the length of each. */
#define COLUMNS_HEADER_BYTES 32
/* Of the records of one block, put together again: what a reader has to have room for. */
#define COLUMNS_MAX_RECORDS_BYTES (16u << 20)

/* How a word (an argument, a returned value) is stored: the low two bits of its first byte. */
enum word_mode {
	WORD_PLAIN = 0,
	WORD_DELTA = 1,	   /* zigzag, from the last large one in the same place */
	WORD_RECENT = 2,   /* its number among the recent large ones */
	WORD_INVERTED = 3, /* all bits flipped: small when it is a small negative number */
};

#define RECENT_WORDS 1024
#define NOTHING UINT32_MAX
/* So many open calls of a task are looked through for the entry of a return. */
#define MAX_PASSED 63

/* All that records of a kind with as many parts have in common. */
struct column_shape {
	struct kmn_header header; /* with the length up to the fetched data */
};

struct column_cpu {
	uint64_t sequence; /* expected next */
	uint32_t task;	   /* of its last record, or NOTHING */
	uint16_t cpu;
};

struct column_task {
	uint32_t pid, tid;
	char comm[KMN_COMM];
	uint32_t open; /* its entry recorded last and not returned, or NOTHING */
};

struct column_hook {
	uint32_t id;
	uint32_t stack; /* of its last record, or NOTHING */
	uint64_t
		large[KMN_MAX_ARGS + 1]; /* the last large word in each place; the last: returned */
};

/* An entry whose return may come. */
struct column_open {
	uint64_t time, sequence;
	uint32_t hook, stack;
	uint32_t below; /* the one before it of the same task, or of the free ones, or NOTHING */
	uint16_t cpu;
};

/* Each of these is numbered in the order in which it first appears in the block. */
struct column_tables {
	struct column_shape *shapes;
	struct column_cpu *cpus;
	struct column_task *tasks;
	struct column_hook *hooks;
	struct kmn_stack *stacks;
	struct column_open *opens;
	uint32_t n_shapes, n_cpus, n_tasks, n_hooks, n_stacks, n_opens;
	uint32_t max_shapes, max_cpus, max_tasks, max_hooks, max_stacks, max_opens;
	uint32_t free_open;
	uint64_t time; /* of the record before */
	uint64_t recent[RECENT_WORDS];
};

void column_tables_fini(struct column_tables *tables);
void column_tables_reset(struct column_tables *tables, uint64_t first_time);
/* Each adds one with nothing before it. -1: out of memory, or it makes no sense. */
int column_add_shape(struct column_tables *tables, const struct kmn_header *like,
		     struct error *err);
int column_add_cpu(struct column_tables *tables, uint16_t cpu, struct error *err);
int column_add_task(struct column_tables *tables, const struct column_task *task,
		    struct error *err);
int column_add_hook(struct column_tables *tables, uint32_t id, struct error *err);
int column_add_stack(struct column_tables *tables, const struct kmn_stack *stack,
		     struct error *err);
/* An entry is under way. */
int column_open(struct column_tables *tables, struct column_task *task,
		const struct column_open *open, struct error *err);
/* Its return came, so that those above it are over too. */
void column_close(struct column_tables *tables, struct column_task *task, uint32_t which);

/* Large words are mostly addresses: they come again, and near each other. */
static inline bool word_is_large(uint64_t word)
{
	return (word + 0x80000000u) >> 32 != 0;
}

static inline size_t word_slot(uint64_t word)
{
	return (size_t)(word * 0x9e3779b97f4a7c15ull >> 54);
}

_Static_assert(RECENT_WORDS == 1 << (64 - 54), "word_slot() has as many bits");

#endif
