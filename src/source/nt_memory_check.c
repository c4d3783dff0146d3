/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout is that of SYSTEM_POOLTAG_INFORMATION, the same since NT 5.0 but for its pointers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/tag.h"
#include "source/nt_memory.h"

static uint32_t u32_at(const unsigned char *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof(number));
	return number;
}

int nt_pool_counters_parse(const void *answer, size_t length, size_t pointer,
			   struct nt_pool_counters *counters)
{
	/* Count; then of each tag: it, paged allocations, frees, bytes, and the same non-paged. */
	size_t first = pointer, size = pointer == 8 ? 40 : 28, non_paged = pointer == 8 ? 24 : 16;
	const unsigned char *bytes = answer;
	struct nt_pool_counters made = {0};
	size_t n;

	if (length < first)
		return 0;
	n = u32_at(bytes);
	if (n > (length - first) / size)
		n = (length - first) / size;
	made.counters = calloc(n + 1, sizeof(*made.counters));
	if (!made.counters)
		return -1;
	for (; made.n < n; made.n++) {
		const unsigned char *at = bytes + first + made.n * size;

		made.counters[made.n] = (struct nt_pool_counter){
			.tag = u32_at(at) & ~TAG_PROTECTED_POOL,
			.allocs = u32_at(at + 4) + u32_at(at + non_paged),
			.frees = u32_at(at + 8) + u32_at(at + non_paged + 4),
		};
	}
	*counters = made;
	return 0;
}

void nt_pool_counters_fini(struct nt_pool_counters *counters)
{
	free(counters->counters);
	*counters = (struct nt_pool_counters){0};
}

/* A tag may stand for several entries, and one that is new was 0 before. */
static struct nt_pool_counter counter_of(const struct nt_pool_counters *counters, uint32_t tag)
{
	struct nt_pool_counter sum = {.tag = tag};

	for (size_t i = 0; i < counters->n; i++) {
		if (counters->counters[i].tag != tag)
			continue;
		sum.allocs += counters->counters[i].allocs;
		sum.frees += counters->counters[i].frees;
	}
	return sum;
}

/*
 * Calls between the hooks' going in and out were followed, and those meanwhile perhaps: that is the
 * slack. Differences are right also when a counter has wrapped.
 */
static int add_check(struct memory *memory, const char *name, uint64_t followed,
		     const uint32_t counts[NT_POOL_MOMENTS])
{
	struct memory_check *check = memory_add_check(memory);

	if (!check)
		return -1;
	*check = (struct memory_check){
		.name = strdup(name),
		.unit = "calls",
		.followed = (int64_t)followed,
		.counted = (uint32_t)(counts[NT_POOL_UNHOOKING] - counts[NT_POOL_HOOKED]),
		.slack = (int64_t)(uint32_t)(counts[NT_POOL_HOOKED] - counts[NT_POOL_BEFORE]) +
			 (uint32_t)(counts[NT_POOL_AFTER] - counts[NT_POOL_UNHOOKING]),
	};
	return check->name ? 0 : -1;
}

/* What was asked for under this tag, protected or not. */
static uint64_t followed_allocs(const struct nt_pool_state *state, uint32_t tag)
{
	uint64_t allocs = 0;

	for (size_t i = 1; i < state->n_tags; i++)
		if ((state->tags[i].tag & ~TAG_PROTECTED_POOL) == tag)
			allocs += state->tags[i].allocs + state->tags[i].no_room;
	return allocs;
}

static int check_tag(const struct nt_pool_state *state, const struct nt_pool_counters *counters,
		     uint32_t tag, const char *wanted, struct memory *memory)
{
	uint32_t counts[NT_POOL_MOMENTS];
	uint64_t followed = followed_allocs(state, tag);
	char text[5] = "", name[32];

	for (int i = 0; i < 4; i++)
		text[i] = (char)(tag >> 8 * i);
	if (!tag_matches(wanted, text))
		return 0;
	for (int i = 0; i < NT_POOL_MOMENTS; i++)
		counts[i] = counter_of(&counters[i], tag).allocs;
	if (!followed && counts[NT_POOL_AFTER] == counts[NT_POOL_BEFORE])
		return 0;
	for (int i = 0; i < 4; i++)
		text[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '.';
	snprintf(name, sizeof(name), "%.4s allocations", text);
	return add_check(memory, name, followed, counts);
}

static int check_frees(const struct nt_pool_state *state, const struct nt_pool_counters *counters,
		       struct memory *memory)
{
	uint32_t counts[NT_POOL_MOMENTS] = {0};

	for (int i = 0; i < NT_POOL_MOMENTS; i++)
		for (size_t j = 0; j < counters[i].n; j++)
			counts[i] += counters[i].counters[j].frees;
	return add_check(memory, "frees of all tags",
			 state->n_tags ? state->tags[0].frees + state->tags[0].unknown : 0, counts);
}

static bool is_first(const struct nt_pool_counters *counters, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (counters->counters[j].tag == counters->counters[i].tag)
			return false;
	return true;
}

/* Tags that were followed and that the kernel does not have: it should. */
static int check_unknown(const struct nt_pool_state *state, const struct nt_pool_counters *counters,
			 const char *wanted, struct memory *memory)
{
	const struct nt_pool_counters *after = &counters[NT_POOL_AFTER];

	for (size_t i = 1; i < state->n_tags; i++) {
		uint32_t tag = state->tags[i].tag & ~TAG_PROTECTED_POOL;
		bool known = false;

		for (size_t j = 0; j < after->n && !known; j++)
			known = after->counters[j].tag == tag;
		for (size_t j = 1; j < i && !known; j++)
			known = (state->tags[j].tag & ~TAG_PROTECTED_POOL) == tag;
		if (!known && check_tag(state, counters, tag, wanted, memory))
			return -1;
	}
	return 0;
}

int nt_memory_check(const struct nt_pool_state *state,
		    const struct nt_pool_counters counters[NT_POOL_MOMENTS], const char *wanted,
		    struct memory *memory)
{
	const struct nt_pool_counters *after = &counters[NT_POOL_AFTER];

	for (int i = 0; i < NT_POOL_MOMENTS; i++)
		if (!counters[i].n)
			return 0;
	for (size_t i = 0; i < after->n; i++)
		if (is_first(after, i) &&
		    check_tag(state, counters, after->counters[i].tag, wanted, memory))
			return -1;
	if (check_unknown(state, counters, wanted, memory))
		return -1;
	return wanted[strspn(wanted, " ")] ? 0 : check_frees(state, counters, memory);
}
