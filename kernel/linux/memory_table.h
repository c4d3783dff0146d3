/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of blocks that are allocated now. Open addressing in two buckets of seven keys each: a
 * key is looked for in fourteen places and nowhere else, so that taking it out leaves no trace. No
 * lock: a place is claimed by one compare-and-swap, and between a block's allocation and its free
 * nobody else has its address.
 */
#ifndef KMN_LINUX_MEMORY_TABLE_H
#define KMN_LINUX_MEMORY_TABLE_H

#include "maps.h"
#include "memory_shared.h"

/* All set at load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kmn_memory_bucket);
} memory_buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kmn_memory_block);
} memory_blocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kmn_memory_count);
} memory_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kmn_memory_total);
} memory_totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, KMN_MAX_TAGS);
	__type(key, __u32);
	__type(value, struct kmn_memory_cache);
} memory_tags SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kmn_memory_freed);
} memory_freed SEC(".maps");

/* Settled before loading. */
const volatile __u32 memory_mask = 0;	    /* buckets - 1 */
const volatile __u32 memory_freed_mask = 0; /* entries - 1 */

/* What memory_claim() adds to the place when the key was there already. */
#define MEMORY_REPLACED (1ull << 32)

static __always_inline __u64 memory_hash(__u64 key)
{
	return KMN_MEMORY_HASH(key);
}

static __always_inline __u32 memory_first_bucket(__u64 hash)
{
	return hash & memory_mask;
}

static __always_inline __u32 memory_second_bucket(__u64 hash)
{
	return hash >> 29 & memory_mask;
}

static __always_inline struct kmn_memory_bucket *memory_bucket(__u32 index)
{
	return bpf_map_lookup_elem(&memory_buckets, &index);
}

/*
 * The block's place plus one; 0: it is not there. Only what found no room in its first bucket is in
 * its second. These are global functions: the verifier looks at each once, not on every way that
 * leads here.
 */
__noinline __u64 memory_find(__u64 key)
{
	__u64 hash = memory_hash(key);
	__u32 index = memory_first_bucket(hash);
	struct kmn_memory_bucket *bucket = memory_bucket(index);

	if (!bucket)
		return 0;
#pragma unroll
	for (__u32 way = 0; way < KMN_MEMORY_KEYS; way++) {
		if (bucket->key[way] == key)
			return index * KMN_MEMORY_WAYS + way + 1;
	}
	if (!bucket->elsewhere)
		return 0;
	index = memory_second_bucket(hash);
	bucket = memory_bucket(index);
	if (!bucket)
		return 0;
#pragma unroll
	for (__u32 way = 0; way < KMN_MEMORY_KEYS; way++) {
		if (bucket->key[way] == key)
			return index * KMN_MEMORY_WAYS + way + 1;
	}
	return 0;
}

/* Claim a free place of a bucket for the key; the place plus one, or 0. */
static __always_inline __u64 memory_claim_in(__u32 index, __u64 key)
{
	struct kmn_memory_bucket *bucket = memory_bucket(index);

	if (!bucket)
		return 0;
#pragma unroll
	for (__u32 way = 0; way < KMN_MEMORY_KEYS; way++) {
		if (!bucket->key[way] && !__sync_val_compare_and_swap(&bucket->key[way], 0, key))
			return index * KMN_MEMORY_WAYS + way + 1;
	}
	return 0;
}

/* A place for the key, plus one, perhaps with MEMORY_REPLACED; 0: there is no room. */
__noinline __u64 memory_claim(__u64 key)
{
	__u64 hash = memory_hash(key), place = memory_find(key);
	struct kmn_memory_bucket *bucket;

	if (place)
		return place | MEMORY_REPLACED;
	place = memory_claim_in(memory_first_bucket(hash), key);
	if (place)
		return place;
	bucket = memory_bucket(memory_first_bucket(hash));
	place = memory_claim_in(memory_second_bucket(hash), key);
	/* Nobody looks for the key yet: it is the caller's that it is for. */
	if (place && bucket)
		__sync_fetch_and_add(&bucket->elsewhere, 1);
	return place;
}

static __always_inline struct kmn_memory_block *memory_block(__u64 place)
{
	__u32 index = place - 1;

	return bpf_map_lookup_elem(&memory_blocks, &index);
}

/* Nobody reads a block whose time is 0. */
static __always_inline void memory_remove(__u64 place, struct kmn_memory_block *block)
{
	__u32 index = (place - 1) / KMN_MEMORY_WAYS, first;
	__u64 way = (place - 1) % KMN_MEMORY_WAYS;
	struct kmn_memory_bucket *bucket = memory_bucket(index);
	__u64 key;

	*(volatile __u64 *)&block->time = 0;
	BOUND(way, KMN_MEMORY_WAYS - 1);
	if (!bucket || way >= KMN_MEMORY_KEYS)
		return;
	key = bucket->key[way];
	*(volatile __u64 *)&bucket->key[way] = 0;
	first = memory_first_bucket(memory_hash(key));
	if (first == index)
		return;
	bucket = memory_bucket(first);
	if (bucket)
		__sync_fetch_and_add(&bucket->elsewhere, -1);
}

static __always_inline struct kmn_memory_count *memory_count(__u32 cpu, __u32 tag)
{
	__u32 index = cpu * KMN_MAX_TAGS + tag;

	return bpf_map_lookup_elem(&memory_counts, &index);
}

static __always_inline struct kmn_memory_total *memory_total(__u32 cpu)
{
	return bpf_map_lookup_elem(&memory_totals, &cpu);
}

static __always_inline struct kmn_memory_freed *memory_freed_at(__u64 key)
{
	__u32 index = memory_hash(key) & memory_freed_mask;

	return bpf_map_lookup_elem(&memory_freed, &index);
}

#endif
