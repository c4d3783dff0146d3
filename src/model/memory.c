/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const family_names[] = {
#define FAMILY_NAME(name, text) text,
	MEMORY_FAMILIES(FAMILY_NAME)
#undef FAMILY_NAME
};

static const char *const grade_names[] = {
#define GRADE_NAME(name, text) text,
	MEMORY_GRADES(GRADE_NAME)
#undef GRADE_NAME
};

const char *memory_family_name(enum memory_family family)
{
	return family < MEMORY_N_FAMILIES ? family_names[family] : "?";
}

const char *memory_grade_name(enum memory_grade grade)
{
	return grade < MEMORY_N_GRADES ? grade_names[grade] : "?";
}

void memory_init(struct memory *memory)
{
	*memory = (struct memory){0};
}

void memory_fini(struct memory *memory)
{
	for (size_t i = 0; i < memory->n_tags; i++)
		free(memory->tags[i].name);
	for (size_t i = 0; i < memory->n_checks; i++)
		free(memory->checks[i].name);
	free(memory->tags);
	free(memory->blocks);
	free(memory->doubts);
	free(memory->findings);
	free(memory->checks);
	*memory = (struct memory){0};
}

/* Arrays double in size when their count is a power of two. */
static void *add(void *array_of, size_t *n, size_t size)
{
	void **array = array_of;
	char *grown = *array;

	if (!(*n & (*n - 1))) {
		grown = realloc(*array, (*n ? *n * 2 : 1) * size);
		if (!grown)
			return NULL;
		*array = grown;
	}
	return memset(grown + (*n)++ * size, 0, size);
}

struct memory_block *memory_add_block(struct memory *memory)
{
	return add(&memory->blocks, &memory->n_blocks, sizeof(*memory->blocks));
}

struct memory_doubt *memory_add_doubt(struct memory *memory)
{
	return add(&memory->doubts, &memory->n_doubts, sizeof(*memory->doubts));
}

int memory_put_doubt(struct memory *memory, const struct memory_doubt *doubt)
{
	struct memory_doubt *copy = memory_add_doubt(memory);

	if (!copy)
		return -1;
	*copy = *doubt;
	return 0;
}

enum memory_family memory_family_of_tag(uint64_t number)
{
	if (KMN_TAG_IS_POOL(number))
		return MEMORY_POOL;
	if (number == KMN_TAG_VMALLOC || number == KMN_TAG_VMAP)
		return MEMORY_VMALLOC;
	if (number == KMN_TAG_PERCPU)
		return MEMORY_PERCPU;
	if (number >= KMN_TAG_PAGES && number < KMN_TAG_CACHES)
		return MEMORY_PAGES;
	return MEMORY_SLAB;
}

struct memory_finding *memory_add_finding(struct memory *memory)
{
	return add(&memory->findings, &memory->n_findings, sizeof(*memory->findings));
}

struct memory_check *memory_add_check(struct memory *memory)
{
	return add(&memory->checks, &memory->n_checks, sizeof(*memory->checks));
}

struct memory_tag *memory_add_tag(struct memory *memory)
{
	return add(&memory->tags, &memory->n_tags, sizeof(*memory->tags));
}

static int by_time(const void *left, const void *right)
{
	const struct memory_block *a = left, *b = right;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

void memory_sort(struct memory *memory)
{
	if (memory->n_blocks)
		qsort(memory->blocks, memory->n_blocks, sizeof(*memory->blocks), by_time);
}

static bool is_same_allocation(const struct memory_block *a, const struct memory_block *b)
{
	return a->part && b->part && a->time == b->time && a->tag == b->tag && a->cpu == b->cpu &&
	       a->pid == b->pid && a->stack == b->stack;
}

void memory_join_parts(struct memory *memory)
{
	size_t n = 0;

	for (size_t i = 0; i < memory->n_blocks; i++) {
		struct memory_block *block = &memory->blocks[i];

		if (n && is_same_allocation(&memory->blocks[n - 1], block))
			memory->blocks[n - 1].bytes += block->bytes;
		else
			memory->blocks[n++] = *block;
	}
	memory->n_blocks = n;
}

void memory_grade(struct memory *memory)
{
	uint64_t last[MEMORY_N_FAMILIES] = {0};

	for (size_t i = 0; i < memory->n_doubts; i++) {
		const struct memory_doubt *doubt = &memory->doubts[i];

		if (doubt->to > last[doubt->family])
			last[doubt->family] = doubt->to;
	}
	/* A block is still there: it was alive in every interval that ended after it came. */
	for (size_t i = 0; i < memory->n_blocks; i++) {
		struct memory_block *block = &memory->blocks[i];
		enum memory_family family = memory->tags[block->tag].family;

		if (block->time <= last[family] && block->grade == MEMORY_OUTSTANDING)
			block->grade = MEMORY_DOUBTFUL;
	}
}

uint64_t memory_block_age(const struct memory *memory, const struct memory_block *block)
{
	return memory->end > block->time ? memory->end - block->time : 0;
}

bool memory_check_unexplained(const struct memory_check *check)
{
	uint64_t off = (uint64_t)llabs(check->followed - check->counted);
	uint64_t of = (uint64_t)llabs(check->counted);

	return off > (uint64_t)check->slack && off * 100 > of;
}
