/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/waiting.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define FIRST_BUCKETS 1024u

void waiting_init(struct waiting *waiting)
{
	*waiting = (struct waiting){.free = NONE, .oldest = NONE, .newest = NONE};
}

void waiting_fini(struct waiting *waiting)
{
	for (uint32_t i = waiting->oldest; i != NONE; i = waiting->calls[i].newer)
		free(waiting->calls[i].entry);
	free(waiting->calls);
	free(waiting->buckets);
	waiting_init(waiting);
}

static uint32_t *bucket_of(const struct waiting *waiting, uint32_t cpu, uint64_t sequence)
{
	/* Sequences count up: multiplying by an odd constant keeps neighbours apart. */
	uint64_t mixed = (sequence ^ (uint64_t)cpu << 48) * 0x9e3779b97f4a7c15u;

	return &waiting->buckets[(mixed >> 32) & (waiting->n_buckets - 1)];
}

static bool grow(struct waiting *waiting)
{
	uint32_t n = waiting->n_buckets ? waiting->n_buckets * 2 : FIRST_BUCKETS;
	struct waiting_call *calls = realloc(waiting->calls, n * sizeof(*calls));
	uint32_t *buckets;

	if (!calls)
		return false;
	waiting->calls = calls;
	buckets = malloc(n * sizeof(*buckets));
	if (!buckets)
		return false;
	memset(buckets, 0xff, n * sizeof(*buckets));
	free(waiting->buckets);
	waiting->buckets = buckets;
	waiting->n_buckets = waiting->capacity = n;
	for (uint32_t i = waiting->oldest; i != NONE; i = calls[i].newer) {
		uint32_t *bucket = bucket_of(waiting, calls[i].cpu, calls[i].sequence);

		calls[i].chain = *bucket;
		*bucket = i;
	}
	return true;
}

static uint32_t take_free(struct waiting *waiting)
{
	uint32_t number = waiting->free;

	if (number == NONE)
		return waiting->n_calls++;
	waiting->free = waiting->calls[number].chain;
	return number;
}

bool waiting_add(struct waiting *waiting, const struct kmn_header *entry, enum waiting_state state,
		 bool copy, struct waiting_call *evicted, bool *has_evicted)
{
	struct kmn_header *copied = NULL;
	struct waiting_call *call;
	uint32_t *bucket, number;

	*has_evicted = waiting->count >= WAITING_MAX && waiting_take_oldest(waiting, evicted);
	if (waiting->free == NONE && waiting->n_calls == waiting->capacity && !grow(waiting))
		return false;
	if (copy) {
		copied = malloc(entry->length);
		if (!copied)
			return false;
		memcpy(copied, entry, entry->length);
	}
	number = take_free(waiting);
	bucket = bucket_of(waiting, entry->cpu, entry->sequence);
	call = &waiting->calls[number];
	*call = (struct waiting_call){
		.sequence = entry->sequence,
		.cpu = entry->cpu,
		.state = state,
		.entry = copied,
		.chain = *bucket,
		.newer = NONE,
		.older = waiting->newest,
	};
	*bucket = number;
	if (waiting->newest != NONE)
		waiting->calls[waiting->newest].newer = number;
	else
		waiting->oldest = number;
	waiting->newest = number;
	waiting->count++;
	return true;
}

bool waiting_take(struct waiting *waiting, uint32_t cpu, uint64_t sequence,
		  struct waiting_call *taken)
{
	struct waiting_call *call;
	uint32_t *link, number;

	if (!waiting->count)
		return false;
	for (link = bucket_of(waiting, cpu, sequence); *link != NONE; link = &call->chain) {
		call = &waiting->calls[*link];
		if (call->cpu == cpu && call->sequence == sequence)
			break;
	}
	number = *link;
	if (number == NONE)
		return false;
	call = &waiting->calls[number];
	*taken = *call;
	*link = call->chain;
	*(call->older != NONE ? &waiting->calls[call->older].newer : &waiting->oldest) =
		call->newer;
	*(call->newer != NONE ? &waiting->calls[call->newer].older : &waiting->newest) =
		call->older;
	call->chain = waiting->free;
	waiting->free = number;
	waiting->count--;
	return true;
}

bool waiting_take_oldest(struct waiting *waiting, struct waiting_call *call)
{
	const struct waiting_call *oldest;

	if (waiting->oldest == NONE)
		return false;
	oldest = &waiting->calls[waiting->oldest];
	return waiting_take(waiting, oldest->cpu, oldest->sequence, call);
}
