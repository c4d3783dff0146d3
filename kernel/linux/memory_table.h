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

static struct kmn_memory_freed memory_freed[KMN_MEMORY_FREED] SEC(".data.freed");

/* Settled before loading: buckets - 1. */
const volatile __u32 memory_mask = 0;

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

/* Where a block is or shall be. */
struct memory_spot {
	struct kmn_memory_bucket *bucket;
	struct kmn_memory_bucket *first; /* where it is looked for first */
	__u64 way;
	__u32 index; /* the bucket's */
};

#define NO_WAY KMN_MEMORY_KEYS

static __always_inline __u64 way_of_key(const struct kmn_memory_bucket *bucket, __u64 key)
{
#pragma unroll
	for (__u32 way = 0; way < KMN_MEMORY_KEYS; way++) {
		if (bucket->key[way] == key)
			return way;
	}
	return NO_WAY;
}

/* Claim a free way of a bucket for the key. */
static __always_inline __u64 way_for_key(struct kmn_memory_bucket *bucket, __u64 key)
{
#pragma unroll
	for (__u32 way = 0; way < KMN_MEMORY_KEYS; way++) {
		if (!bucket->key[way] && !__sync_val_compare_and_swap(&bucket->key[way], 0, key))
			return way;
	}
	return NO_WAY;
}

static __always_inline bool spot_enter(struct memory_spot *spot, __u32 index)
{
	spot->bucket = memory_bucket(index);
	spot->index = index;
	return spot->bucket;
}

/* Only what found no room in its first bucket is in its second. */
static __always_inline bool spot_find(struct memory_spot *spot, __u64 key, __u64 hash)
{
	spot->first = 0;
	if (!spot_enter(spot, memory_first_bucket(hash)))
		return false;
	spot->first = spot->bucket;
	spot->way = way_of_key(spot->bucket, key);
	if (spot->way < NO_WAY)
		return true;
	if (!spot->bucket->elsewhere || !spot_enter(spot, memory_second_bucket(hash)))
		return false;
	spot->way = way_of_key(spot->bucket, key);
	return spot->way < NO_WAY;
}

/* After spot_find() found nothing; nobody looks for the key yet. */
static __always_inline bool spot_claim(struct memory_spot *spot, __u64 key, __u64 hash)
{
	if (!spot->first)
		return false;
	spot->bucket = spot->first;
	spot->index = memory_first_bucket(hash);
	spot->way = way_for_key(spot->bucket, key);
	if (spot->way < NO_WAY)
		return true;
	if (!spot_enter(spot, memory_second_bucket(hash)))
		return false;
	spot->way = way_for_key(spot->bucket, key);
	if (spot->way >= NO_WAY)
		return false;
	__sync_fetch_and_add(&spot->first->elsewhere, 1);
	return true;
}

static __always_inline struct kmn_memory_block *spot_block(struct memory_spot *spot)
{
	BOUND(spot->way, KMN_MEMORY_WAYS - 1);
	return spot->way < NO_WAY ? &spot->bucket->block[spot->way] : 0;
}

/* Nobody reads a block whose time is 0. */
static __always_inline void spot_free(struct memory_spot *spot, struct kmn_memory_block *block,
				      __u64 hash)
{
	*(volatile __u64 *)&block->time = 0;
	*(volatile __u64 *)&spot->bucket->key[spot->way] = 0;
	if (spot->index != memory_first_bucket(hash) && spot->first)
		__sync_fetch_and_add(&spot->first->elsewhere, -1);
}

static __always_inline __u64 spot_place(const struct memory_spot *spot)
{
	return spot->index * KMN_MEMORY_WAYS + spot->way + 1;
}

/*
 * A block's place as a number, not 0; 0: it is not there. These are global functions: the verifier
 * looks at each once, not on every way that leads here.
 */
__noinline __u64 memory_find(__u64 key)
{
	struct memory_spot spot;

	return spot_find(&spot, key, memory_hash(key)) ? spot_place(&spot) : 0;
}

/* A place for the key, which may be there already; 0: there is no room. */
__noinline __u64 memory_claim(__u64 key)
{
	__u64 hash = memory_hash(key);
	struct memory_spot spot;

	return spot_find(&spot, key, hash) || spot_claim(&spot, key, hash) ? spot_place(&spot) : 0;
}

static __always_inline struct kmn_memory_block *memory_block(__u64 place)
{
	struct memory_spot spot;

	if (!place || !spot_enter(&spot, (place - 1) / KMN_MEMORY_WAYS))
		return 0;
	spot.way = (place - 1) % KMN_MEMORY_WAYS;
	return spot_block(&spot);
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

static __always_inline struct kmn_memory_freed *memory_freed_at(__u64 hash)
{
	BOUND(hash, KMN_MEMORY_FREED - 1);
	return &memory_freed[hash];
}

#endif
