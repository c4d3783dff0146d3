/* SPDX-License-Identifier: GPL-2.0-only */
/* What an allocation was asked for as: the slab cache of an object, and a number for it. */
#ifndef KMN_LINUX_MEMORY_TAGS_H
#define KMN_LINUX_MEMORY_TAGS_H

#include "load.h"
#include "memory_table.h"

struct kmem_cache {
	unsigned int size;
	unsigned int object_size;
	const char *name;
} __attribute__((preserve_access_index));

struct slab {
	struct kmem_cache *slab_cache;
} __attribute__((preserve_access_index));

struct page {
	unsigned long compound_head;
	struct list_head lru;
} __attribute__((preserve_access_index));

/* Where the kernel keeps memory and the pages' descriptions (arch/x86/mm/kaslr.c). */
const volatile __u64 page_offset_base = 0;
const volatile __u64 vmemmap_base = 0;

#define CACHE_PROBES 16

static __always_inline __u64 pfn_of_page(__u64 page)
{
	return (page - vmemmap_base) / bpf_core_type_size(struct page);
}

static __always_inline __u64 page_of_address(__u64 address)
{
	return vmemmap_base +
	       ((address - page_offset_base) >> 12) * bpf_core_type_size(struct page);
}

/* Of a struct page: up to the slab cache, if it is a slab's. */
#define PAGE_WORDS 4

/*
 * The cache that an object is of, or 0. The second word of a slab's tail page is the head's address
 * plus one. What has to be copied is copied at once: a call costs more than what it copies.
 */
static __always_inline __u64 cache_of_object(__u64 address)
{
	const __u32 cache_at = bpf_core_field_offset(struct slab, slab_cache);
	__u64 page = page_of_address(address), words[PAGE_WORDS];

	if (direct_loads) {
		words[1] = load_direct(page + 8);
		return load_direct((words[1] & 1 ? words[1] - 1 : page) + cache_at);
	}
	if (cache_at > sizeof(words) - 8)
		return 0;
	if (bpf_probe_read_kernel(words, sizeof(words), (void *)page))
		return 0;
	if (words[1] & 1 && bpf_probe_read_kernel(words, sizeof(words), (void *)(words[1] - 1)))
		return 0;
	return *(volatile __u64 *)((__u8 *)words + cache_at);
}

static __always_inline struct kmn_memory_cache *memory_tag(__u32 tag)
{
	return bpf_map_lookup_elem(&memory_tags, &tag);
}

/*
 * A first look at a cache: take its name while it is there. Whoever comes while another is at this
 * takes it for itself: both write the same.
 */
static __always_inline void cache_describe(struct kmn_memory_cache *entry, __u64 cache)
{
	const struct kmem_cache *from = (const void *)cache;
	long length;

	entry->size = BPF_CORE_READ(from, size);
	entry->object = BPF_CORE_READ(from, object_size);
	length = bpf_probe_read_kernel_str(entry->name, sizeof(entry->name),
					   BPF_CORE_READ(from, name));
	*(volatile __u32 *)&entry->length = length > 1 ? length - 1 : 0;
}

static __always_inline __u32 cache_hash(__u64 cache)
{
	return (__u32)(cache >> 6) * 0x9e3779b1u >> 22;
}

__noinline __u64 cache_tag_find(__u64 cache)
{
	__u32 index = cache_hash(cache);

	if (!cache)
		return KMN_TAG_UNKNOWN;
	for (int i = 0; i < CACHE_PROBES; i++) {
		__u32 tag = KMN_TAG_CACHES + ((index + i) & (KMN_MAX_CACHES - 1));
		struct kmn_memory_cache *entry = memory_tag(tag);

		if (!entry)
			break;
		if (!entry->cache)
			__sync_val_compare_and_swap(&entry->cache, 0, cache);
		if (entry->cache == cache) {
			if (!entry->length)
				cache_describe(entry, cache);
			return tag;
		}
	}
	return KMN_TAG_UNKNOWN;
}

/*
 * The tag of a cache: the same number until the cache is destroyed, and never another's. Most have
 * the first that they could have.
 */
static __always_inline __u64 memory_cache_tag(__u64 cache)
{
	__u32 tag = KMN_TAG_CACHES + cache_hash(cache);
	struct kmn_memory_cache *entry = memory_tag(tag);

	if (entry && cache && entry->cache == cache && entry->length)
		return tag;
	return cache_tag_find(cache);
}

/* Bytes of an object of the tag's cache, as it is asked for. */
static __always_inline __u64 memory_tag_bytes(__u64 tag)
{
	struct kmn_memory_cache *entry = memory_tag(tag);

	return entry ? entry->object : 0;
}

/* The cache's memory may be another cache's soon: its number keeps its name. */
__noinline __u64 memory_cache_gone(__u64 cache)
{
	__u64 tag = memory_cache_tag(cache);
	struct kmn_memory_cache *entry = memory_tag(tag);

	if (entry && tag >= KMN_TAG_CACHES)
		entry->cache = KMN_CACHE_GONE;
	return 0;
}

/* include/linux/gfp_types.h: __GFP_MOVABLE, of user memory and the page cache, since 2.6.23. */
#define GFP_MOVABLE 0x08u

static __always_inline __u32 pages_tag(__u32 order, __u32 gfp)
{
	if (order > KMN_MAX_ORDER)
		order = KMN_MAX_ORDER;
	return (gfp & GFP_MOVABLE ? KMN_TAG_MOVABLE : KMN_TAG_PAGES) + order;
}

#endif
