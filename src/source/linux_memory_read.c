/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tables of the memory follower hold: blocks, counts, tags, and the kernel's own counts.
 */
#include "source/linux_memory.h"

#include <stdlib.h>
#include <string.h>

/* The tables' numbers of tags to those of the model; index + 1, 0: the tag is not there yet. */
struct numbering {
	uint32_t index[KMN_MAX_TAGS];
};

static const struct kmn_memory_cache *tag_at(const struct follower *follower, uint32_t tag)
{
	return (const struct kmn_memory_cache *)follower->tags.at + tag;
}

static bool is_fresh(const struct follower *follower, uint32_t tag, const char *name)
{
	return tag >= KMN_TAG_CACHES && follower->before.n_caches &&
	       !memory_counters_cache(&follower->before, name);
}

static int number_tag(const struct follower *follower, struct memory *memory,
		      struct numbering *numbering, uint32_t tag, uint32_t *index)
{
	const struct kmn_memory_cache *entry;
	struct memory_tag *new;
	size_t length;

	if (tag >= KMN_MAX_TAGS)
		tag = KMN_TAG_UNKNOWN;
	if (numbering->index[tag]) {
		*index = numbering->index[tag] - 1;
		return 0;
	}
	entry = tag_at(follower, tag);
	length = entry->length < sizeof(entry->name) ? entry->length : sizeof(entry->name) - 1;
	new = memory_add_tag(memory);
	if (!new)
		return -1;
	new->name = length ? strndup(entry->name, length) : strdup("(cache without a name)");
	new->family = memory_family_of_tag(tag);
	new->inner = KMN_TAG_IS_INNER(tag);
	new->object = tag >= KMN_TAG_CACHES ? entry->size : 0;
	if (!new->name)
		return -1;
	new->fresh = is_fresh(follower, tag, new->name);
	*index = (uint32_t)memory->n_tags - 1;
	numbering->index[tag] = *index + 1;
	return 0;
}

static int read_counts(const struct engine *engine, struct memory *memory,
		       struct numbering *numbering)
{
	const struct follower *follower = engine->follower;
	const struct kmn_memory_count *counts = follower->counts.at;

	for (uint32_t tag = 0; tag < KMN_MAX_TAGS; tag++) {
		struct memory_tag sum = {0}, *to;
		uint32_t index;

		for (unsigned cpu = 0; cpu < engine->n_cpus; cpu++) {
			const struct kmn_memory_count *each = &counts[cpu * KMN_MAX_TAGS + tag];

			sum.allocs += each->allocs;
			sum.alloc_bytes += each->alloc_bytes;
			sum.frees += each->frees;
			sum.free_bytes += each->free_bytes;
			sum.unknown += each->unknown;
			sum.failed += each->failed;
			sum.replaced += each->replaced;
		}
		if (!sum.allocs && !sum.frees && !sum.unknown && !sum.failed)
			continue;
		if (number_tag(follower, memory, numbering, tag, &index))
			return -1;
		to = &memory->tags[index];
		to->allocs = sum.allocs;
		to->alloc_bytes = sum.alloc_bytes;
		to->frees = sum.frees;
		to->free_bytes = sum.free_bytes;
		to->unknown = sum.unknown;
		to->failed = sum.failed;
		to->replaced = sum.replaced;
	}
	return 0;
}

static void read_totals(const struct engine *engine, struct memory *memory, uint64_t *replaced,
			uint64_t *too_long)
{
	const struct kmn_memory_total *totals = engine->follower->totals.at;

	for (unsigned cpu = 0; cpu < engine->n_cpus; cpu++) {
		memory->no_room += totals[cpu].no_room;
		memory->replaced += totals[cpu].replaced;
		memory->freed_twice += totals[cpu].freed_twice;
		*too_long += totals[cpu].bulk_too_long;
		if (totals[cpu].last_replaced > *replaced)
			*replaced = totals[cpu].last_replaced;
		for (int i = 0; i < 64; i++)
			memory->lifetime[i] += totals[cpu].lifetime[i];
	}
}

/* An address as the kernel has it: the top bits that the key has no room for are set. */
static uint64_t address_of(uint64_t key)
{
	uint64_t low = key & ((1ull << KMN_MEMORY_KEY_BITS) - 1);

	switch (key >> KMN_MEMORY_KEY_BITS) {
	case KMN_FAMILY_SLAB:
	case KMN_FAMILY_VMALLOC:
		return low | ~((1ull << KMN_MEMORY_KEY_BITS) - 1);
	default:
		return low;
	}
}

static enum memory_grade grade_of(uint8_t flags)
{
	if (flags & KMN_BLOCK_INNER)
		return MEMORY_INNER;
	return flags & KMN_BLOCK_DEFERRED ? MEMORY_DEFERRED : MEMORY_OUTSTANDING;
}

/*
 * The kernel goes on changing the table: a block whose key is not the same before and after it was
 * copied is left out, for it was freed meanwhile.
 */
static int read_block(const struct follower *follower, size_t index, size_t way,
		      struct memory *memory, struct numbering *numbering)
{
	const struct kmn_memory_bucket *bucket =
		(const struct kmn_memory_bucket *)follower->buckets.at + index;
	const uint64_t *key_at = &bucket->key[way];
	uint64_t key = __atomic_load_n(key_at, __ATOMIC_ACQUIRE);
	struct kmn_memory_block copy;
	struct memory_block *block;
	uint32_t tag;

	if (!key)
		return 0;
	copy = bucket->block[way];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!copy.time || __atomic_load_n(key_at, __ATOMIC_ACQUIRE) != key)
		return 0;
	if (number_tag(follower, memory, numbering, copy.tag, &tag))
		return -1;
	block = memory_add_block(memory);
	if (!block)
		return -1;
	*block = (struct memory_block){
		.address = address_of(key),
		.bytes = copy.bytes,
		.time = copy.time,
		.stack = copy.stack,
		.site = copy.site,
		.tag = tag,
		.pid = copy.pid,
		.gfp = copy.gfp,
		.cpu = copy.cpu,
		.context = copy.context,
		.grade = grade_of(copy.flags),
		.part = copy.flags & KMN_BLOCK_PART,
	};
	memcpy(block->comm, copy.comm, sizeof(copy.comm));
	return 0;
}

static int read_doubts(const struct engine *engine, struct memory *memory)
{
	const struct follower *follower = engine->follower;
	uint64_t replaced = 0, too_long = 0;

	read_totals(engine, memory, &replaced, &too_long);
	for (size_t i = 0; i < follower->n_doubts; i++) {
		if (memory_put_doubt(memory, &follower->doubts[i]))
			return -1;
	}
	/* A block in the place of another that was never freed: a free was missed. */
	for (size_t i = 0; i < memory->n_tags; i++) {
		const struct memory_tag *tag = &memory->tags[i];

		if (tag->replaced &&
		    memory_put_doubt(memory, &(struct memory_doubt){.from = memory->start,
								    .to = replaced,
								    .family = tag->family,
								    .missed = tag->replaced}))
			return -1;
	}
	if (!too_long)
		return 0;
	return memory_put_doubt(memory, &(struct memory_doubt){.from = memory->start,
							       .to = memory->end,
							       .family = MEMORY_SLAB,
							       .missed = too_long});
}

static int64_t net_of_tag(const struct engine *engine, uint32_t tag)
{
	const struct kmn_memory_count *counts = engine->follower->counts.at;
	int64_t net = 0;

	for (unsigned cpu = 0; cpu < engine->n_cpus; cpu++) {
		const volatile struct kmn_memory_count *each = &counts[cpu * KMN_MAX_TAGS + tag];

		net += (int64_t)(each->allocs - each->frees - each->unknown);
	}
	return net;
}

static int64_t net_bytes_of_tag(const struct engine *engine, uint32_t tag)
{
	const struct kmn_memory_count *counts = engine->follower->counts.at;
	int64_t net = 0;

	for (unsigned cpu = 0; cpu < engine->n_cpus; cpu++) {
		const volatile struct kmn_memory_count *each = &counts[cpu * KMN_MAX_TAGS + tag];

		net += (int64_t)(each->alloc_bytes - each->free_bytes - each->unknown_bytes);
	}
	return net;
}

static int64_t follow_objects(void *context, const char *cache)
{
	const struct engine *engine = context;
	int64_t objects = 0;

	for (uint32_t tag = KMN_TAG_CACHES; tag < KMN_MAX_TAGS; tag++) {
		const struct kmn_memory_cache *entry = tag_at(engine->follower, tag);

		if (entry->length && !strcmp(entry->name, cache))
			objects += net_of_tag(engine, tag);
	}
	return objects;
}

static int64_t follow_bytes(const struct engine *engine, enum memory_family family)
{
	int64_t bytes = 0;

	for (uint32_t tag = 0; tag < KMN_TAG_CACHES; tag++) {
		if (memory_family_of_tag(tag) == family)
			bytes += net_bytes_of_tag(engine, tag);
	}
	return bytes;
}

static int64_t follow_pages(void *context)
{
	return follow_bytes(context, MEMORY_PAGES) / 4096;
}

static int64_t follow_vmalloc(void *context)
{
	return follow_bytes(context, MEMORY_VMALLOC);
}

int memory_count(struct engine *engine, struct memory_counters *counters, struct error *err)
{
	const struct memory_followed followed = {.objects = follow_objects,
						 .pages = follow_pages,
						 .vmalloc = follow_vmalloc,
						 .context = engine};

	return memory_counters_read(counters, &followed, err);
}

static int add_check(struct memory *memory, const char *name, const char *unit,
		     const struct memory_counter *before, const struct memory_counter *after)
{
	struct memory_check *check = memory_add_check(memory);

	if (!check)
		return -1;
	*check = (struct memory_check){
		.name = strdup(name),
		.unit = unit,
		.followed = after->followed - before->followed,
		.counted = after->counted - before->counted,
		.slack = after->slack > before->slack ? after->slack : before->slack,
	};
	return check->name ? 0 : -1;
}

static int read_checks(const struct follower *follower, struct memory *memory)
{
	static const struct memory_counter none = {0};

	for (size_t i = 0; i < follower->after.n_caches; i++) {
		const struct memory_cache_counter *after = &follower->after.caches[i], *before;

		before = memory_counters_cache(&follower->before, after->name);
		if (add_check(memory, after->name, "objects", before ? &before->counter : &none,
			      &after->counter))
			return -1;
	}
	if (follower->before.pages_known && follower->after.pages_known &&
	    add_check(memory, "pages", "pages", &follower->before.pages, &follower->after.pages))
		return -1;
	if (follower->before.vmalloc_known && follower->after.vmalloc_known)
		return add_check(memory, "vmalloc", "bytes", &follower->before.vmalloc,
				 &follower->after.vmalloc);
	return 0;
}

static int read_findings(const struct follower *follower, struct memory *memory,
			 struct numbering *numbering)
{
	for (size_t i = 0; i < follower->n_findings; i++) {
		struct memory_finding *finding = memory_add_finding(memory);

		if (!finding)
			return -1;
		*finding = follower->findings[i];
		if (number_tag(follower, memory, numbering, finding->tag, &finding->tag))
			return -1;
	}
	return 0;
}

static int read_all(struct engine *engine, struct memory *memory, struct numbering *numbering)
{
	const struct follower *follower = engine->follower;

	memory->start = engine->catalog.start;
	memory->end = follower->end ? follower->end : monotonic_ns();
	memory->stacks = engine->spec.stacks;
	memory->capacity = follower->blocks;
	if (read_counts(engine, memory, numbering))
		return -1;
	for (size_t index = 0; index < follower->blocks / KMN_MEMORY_WAYS; index++) {
		for (size_t way = 0; way < KMN_MEMORY_KEYS; way++) {
			if (read_block(follower, index, way, memory, numbering))
				return -1;
		}
	}
	if (read_doubts(engine, memory) || read_findings(follower, memory, numbering))
		return -1;
	return follower->end ? read_checks(follower, memory) : 0;
}

int memory_read(struct engine *engine, struct memory *memory, struct error *err)
{
	struct numbering *numbering = calloc(1, sizeof(*numbering));
	int code = numbering ? read_all(engine, memory, numbering) : -1;

	free(numbering);
	if (code)
		return error_no_memory(err);
	memory_sort(memory);
	memory_join_parts(memory);
	memory_grade(memory);
	return 0;
}
