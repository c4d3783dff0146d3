/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/tracker_parts.h"

#include <stdlib.h>
#include <string.h>

#include "model/record.h"

struct tracker *tracker_create(void)
{
	struct tracker *tracker = calloc(1, sizeof(*tracker));

	if (tracker)
		memory_init(&tracker->memory);
	return tracker;
}

void tracker_destroy(struct tracker *tracker)
{
	if (!tracker)
		return;
	for (size_t i = 0; i < tracker->n_tags; i++)
		free(tracker->tags[i].name);
	free(tracker->tags);
	free(tracker->hooks);
	tracker_table_fini(&tracker->table);
	memory_fini(&tracker->memory);
	free(tracker);
}

static uint64_t key_of(uint64_t tag, uint64_t address)
{
	return KMN_MEMORY_KEY(KMN_FAMILY_SLAB + memory_family_of_tag(tag), address);
}

_Static_assert(KMN_FAMILY_SLAB + (int)MEMORY_PAGES == KMN_FAMILY_PAGES &&
		       KMN_FAMILY_SLAB + (int)MEMORY_VMALLOC == KMN_FAMILY_VMALLOC &&
		       KMN_FAMILY_SLAB + (int)MEMORY_PERCPU == KMN_FAMILY_PERCPU &&
		       KMN_FAMILY_SLAB + (int)MEMORY_POOL == KMN_FAMILY_POOL,
	       "the families have the same order");

static size_t find_tag(const struct tracker *tracker, uint64_t number)
{
	size_t low = 0, high = tracker->n_tags;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (tracker->tags[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int tracker_tag(struct tracker *tracker, uint64_t number, size_t *index)
{
	size_t at = tracker->last_tag;

	if (at >= tracker->n_tags || tracker->tags[at].number != number)
		at = find_tag(tracker, number);
	if (at == tracker->n_tags || tracker->tags[at].number != number) {
		if (tracker->n_tags == tracker->max_tags) {
			size_t max = tracker->max_tags ? tracker->max_tags * 2 : 64;
			struct tracked_tag *grown =
				realloc(tracker->tags, max * sizeof(*tracker->tags));

			if (!grown)
				return -1;
			tracker->tags = grown;
			tracker->max_tags = max;
		}
		memmove(&tracker->tags[at + 1], &tracker->tags[at],
			(tracker->n_tags - at) * sizeof(*tracker->tags));
		tracker->tags[at] = (struct tracked_tag){.number = number};
		tracker->n_tags++;
	}
	tracker->last_tag = *index = at;
	return 0;
}

/* The counts of a block's tag, which is there since the block is. */
static struct tracked_tag *counts_of(struct tracker *tracker, const struct tracked *block)
{
	return &tracker->tags[find_tag(tracker, block->tag)];
}

static uint8_t log2_of(uint64_t number)
{
	uint8_t n = 0;

	while (number >>= 1)
		n++;
	return n;
}

/* Pages come in powers of two. */
static uint8_t order_of(uint64_t bytes)
{
	uint8_t order = log2_of(bytes / KMN_PAGE_BYTES);

	return order > KMN_MAX_ORDER ? KMN_MAX_ORDER : order;
}

static uint64_t *freed_at(struct tracker *tracker, uint64_t key)
{
	return &tracker->freed[KMN_MEMORY_HASH(key) & (KMN_MEMORY_FREED - 1)];
}

/* See kernel/memory_record.h. */
static bool is_repeated(const struct tracked *old, const struct tracked *block)
{
	return old->tag == block->tag && old->bytes == block->bytes && old->pid == block->pid;
}

static int allocate(struct tracker *tracker, const struct record_view *view, size_t tag)
{
	const struct kmn_header *header = view->header;
	uint64_t number = tracker->tags[tag].number;
	struct tracked block = {
		.key = key_of(number, view->args[KMN_ARG_ADDRESS]),
		.time = header->time,
		.stack = view->stack ? view->stack->hash : 0,
		.site = view->args[KMN_ARG_SITE],
		.bytes = view->args[KMN_ARG_BYTES],
		.pid = header->pid,
		.gfp = (uint32_t)view->args[KMN_ARG_GFP],
		.tag = number,
		.cpu = header->cpu,
		.context = header->context,
	};
	struct tracked *old = tracker_table_find(&tracker->table, block.key);

	if (old && number == KMN_TAG_LARGE && is_repeated(old, &block)) {
		old->site = block.site;
		return 0;
	}
	if (memory_family_of_tag(number) == MEMORY_PAGES)
		block.order = order_of(block.bytes);
	/* Routines of the pool call each other: the stack tells who called the outermost. */
	if (memory_family_of_tag(number) == MEMORY_POOL && block.stack)
		block.site = 0;
	memcpy(block.comm, header->comm, sizeof(block.comm));
	tracker->tags[tag].allocs++;
	tracker->tags[tag].alloc_bytes += block.bytes;
	if (old) {
		struct tracked_tag *counts = counts_of(tracker, old);

		counts->frees++;
		counts->free_bytes += old->bytes;
		counts->replaced++;
		tracker->memory.replaced++;
		tracker->replaced_last = header->time;
	}
	return tracker_table_put(&tracker->table, &block) ? 0 : -1;
}

/* A block of the families that are called by an address. */
static struct tracked *find_object(struct tracker *tracker, uint64_t address)
{
	struct tracked *block =
		tracker_table_find(&tracker->table, KMN_MEMORY_KEY(KMN_FAMILY_SLAB, address));

	return block ? block
		     : tracker_table_find(&tracker->table,
					  KMN_MEMORY_KEY(KMN_FAMILY_VMALLOC, address));
}

/* What is there already is a part of another block. */
static void belong(struct tracker *tracker, const struct record_view *view, size_t tag)
{
	uint64_t address = view->args[KMN_ARG_ADDRESS];
	struct tracked_tag *to = &tracker->tags[tag], *from;
	struct tracked *block;

	if (KMN_IS_KERNEL_ADDRESS(address)) {
		block = find_object(tracker, address);
		if (block)
			block->inner = true;
		return;
	}
	block = tracker_table_find(&tracker->table, key_of(to->number, address));
	if (!block || block->tag == to->number)
		return;
	from = counts_of(tracker, block);
	from->allocs--;
	from->alloc_bytes -= block->bytes;
	to->allocs++;
	to->alloc_bytes += block->bytes;
	block->tag = to->number;
}

static int add_alloc(struct tracker *tracker, const struct record_view *view, size_t tag)
{
	if (!view->args[KMN_ARG_ADDRESS])
		tracker->tags[tag].failed++;
	else if (KMN_TAG_IS_INNER(tracker->tags[tag].number))
		belong(tracker, view, tag);
	else
		return allocate(tracker, view, tag);
	return 0;
}

static void count_free(struct tracker *tracker, const struct tracked *block, uint64_t time,
		       uint64_t bytes)
{
	struct tracked_tag *counts = counts_of(tracker, block);

	counts->frees++;
	counts->free_bytes += bytes;
	tracker->memory.lifetime[log2_of(time - block->time)]++;
}

static int add_finding(struct tracker *tracker, const struct record_view *view)
{
	struct memory_finding *finding = memory_add_finding(&tracker->memory);

	if (!finding)
		return -1;
	*finding = (struct memory_finding){
		.address = view->args[KMN_ARG_ADDRESS],
		.time = view->header->time,
		.stack = view->stack ? view->stack->hash : 0,
		.site = view->args[KMN_ARG_SITE],
		/* The number, until the result is asked for. */
		.tag = (uint32_t)view->args[KMN_ARG_TAG],
		.pid = view->header->pid,
	};
	memcpy(finding->comm, view->header->comm, KMN_COMM);
	tracker->memory.freed_twice++;
	return 0;
}

/* A free of anything but pages. */
static int release(struct tracker *tracker, const struct record_view *view, size_t tag)
{
	uint64_t key = key_of(tracker->tags[tag].number, view->args[KMN_ARG_ADDRESS]);
	const struct tracked *block = tracker_table_find(&tracker->table, key);
	uint64_t *freed = freed_at(tracker, key);

	if (block) {
		count_free(tracker, block, view->header->time, block->bytes);
		*freed = key;
		tracker_table_remove(&tracker->table, key);
		return 0;
	}
	/* On NT not every routine that allocates is followed. */
	if (*freed == key && memory_family_of_tag(tracker->tags[tag].number) != MEMORY_POOL)
		return add_finding(tracker, view);
	tracker->tags[tag].unknown++;
	return 0;
}

/* The block that holds a page; *first: its first page. */
static struct tracked *find_pages(struct tracker *tracker, uint64_t pfn, uint64_t *first)
{
	for (unsigned order = 0; order <= KMN_MAX_ORDER; order++) {
		uint64_t at = pfn & ~((1ull << order) - 1);
		struct tracked *block;

		if (order && at == *first)
			continue;
		*first = at;
		block = tracker_table_find(&tracker->table, KMN_MEMORY_KEY(KMN_FAMILY_PAGES, at));
		if (block)
			return pfn - at < 1ull << block->order ? block : NULL;
	}
	return NULL;
}

/* One of the halves that stay, with all that is known of the whole. */
static int put_part(struct tracker *tracker, const struct tracked *whole, uint64_t pfn,
		    uint8_t order)
{
	struct tracked part = *whole;

	part.key = KMN_MEMORY_KEY(KMN_FAMILY_PAGES, pfn);
	part.bytes = KMN_PAGE_BYTES << order;
	part.order = order;
	part.part = true;
	counts_of(tracker, whole)->allocs++;
	return tracker_table_put(&tracker->table, &part) ? 0 : -1;
}

/* Halve the block until what is freed stands alone. */
static int split(struct tracker *tracker, const struct tracked *whole, uint64_t first, uint64_t pfn,
		 uint8_t freed_order)
{
	for (uint8_t order = whole->order; order > freed_order;) {
		uint64_t half;
		int code;

		half = first + (1ull << --order);
		if (pfn >= half) {
			code = put_part(tracker, whole, first, order);
			first = half;
		} else {
			code = put_part(tracker, whole, half, order);
		}
		if (code)
			return -1;
	}
	return 0;
}

static int release_pages(struct tracker *tracker, const struct record_view *view, size_t tag)
{
	uint64_t pfn = view->args[KMN_ARG_ADDRESS], first = pfn;
	uint64_t bytes = view->args[KMN_ARG_BYTES];
	const struct tracked *block = find_pages(tracker, pfn, &first);
	struct tracked whole;

	if (!block) {
		tracker->tags[tag].unknown++;
		return 0;
	}
	whole = *block;
	count_free(tracker, &whole, view->header->time, bytes);
	tracker_table_remove(&tracker->table, whole.key);
	return split(tracker, &whole, first, pfn, order_of(bytes));
}

/* Which families are freed through the hook: what it has missed is missed there. */
static int note_hook(struct tracker *tracker, uint32_t id, enum memory_family family)
{
	struct tracked_hook *grown;

	for (size_t i = 0; i < tracker->n_hooks; i++) {
		if (tracker->hooks[i].id == id) {
			tracker->hooks[i].families |= (uint8_t)(1 << family);
			return 0;
		}
	}
	grown = realloc(tracker->hooks, (tracker->n_hooks + 1) * sizeof(*grown));
	if (!grown)
		return -1;
	tracker->hooks = grown;
	grown[tracker->n_hooks++] = (struct tracked_hook){id, (uint8_t)(1 << family)};
	return 0;
}

static int add_free(struct tracker *tracker, const struct record_view *view, size_t tag)
{
	uint64_t number = tracker->tags[tag].number;

	if (view->args[KMN_ARG_FATE] == KMN_FATE_DEFERRED) {
		struct tracked *block = find_object(tracker, view->args[KMN_ARG_ADDRESS]);

		if (block)
			block->deferred = true;
		return 0;
	}
	if (note_hook(tracker, view->header->hook, memory_family_of_tag(number)))
		return -1;
	if (memory_family_of_tag(number) == MEMORY_PAGES)
		return release_pages(tracker, view, tag);
	return release(tracker, view, tag);
}

uint8_t tracker_families(const struct tracker *tracker)
{
	return tracker->pool ? 1 << MEMORY_POOL : (1 << MEMORY_LINUX_FAMILIES) - 1;
}

/* Whatever was alive before a gap may have been freed in it, and what was freed allocated again. */
static int add_loss(struct tracker *tracker, const struct record_view *view)
{
	for (int family = 0; family < MEMORY_N_FAMILIES; family++) {
		const struct memory_doubt doubt = {.from = view->args[1],
						   .to = view->header->time,
						   .family = (enum memory_family)family,
						   .missed = view->args[0]};

		if (tracker_families(tracker) & 1 << family &&
		    memory_put_doubt(&tracker->memory, &doubt))
			return -1;
	}
	tracker->lost += view->args[0];
	memset(tracker->freed, 0, sizeof(tracker->freed));
	return 0;
}

/* A cache's name may come a moment after its number. */
static int name_tag(struct tracked_tag *tag, const struct record_view *view)
{
	struct kmn_fetched what;
	const unsigned char *data;

	if (tag->name || !record_fetched(view, 0, &what, &data) || !what.length)
		return 0;
	tag->name = calloc(1, (size_t)what.length + 1);
	if (!tag->name)
		return -1;
	memcpy(tag->name, data, what.length);
	return 0;
}

static int add(struct tracker *tracker, const struct record_view *view)
{
	size_t tag;

	if (view->header->kind == KMN_LOSS)
		return add_loss(tracker, view);
	if (tracker_tag(tracker, view->args[KMN_ARG_TAG], &tag) ||
	    name_tag(&tracker->tags[tag], view))
		return -1;
	return view->header->kind == KMN_ALLOC ? add_alloc(tracker, view, tag)
					       : add_free(tracker, view, tag);
}

int tracker_add(struct tracker *tracker, const struct kmn_header *record, struct error *err)
{
	bool memory = record->kind == KMN_ALLOC || record->kind == KMN_FREE;
	struct record_view view;

	tracker->last = record->time;
	if (!memory && record->kind != KMN_LOSS)
		return 0;
	if (record_parse(record, record->length, &view, err) < 0)
		return -1;
	/* Of something else: not to be paired. */
	if (memory &&
	    (record->n_args < KMN_MEMORY_ARGS ||
	     (view.args[KMN_ARG_TAG] >= KMN_MAX_TAGS && !KMN_TAG_IS_POOL(view.args[KMN_ARG_TAG]))))
		return 0;
	tracker->pool |= memory && KMN_TAG_IS_POOL(view.args[KMN_ARG_TAG]);
	return add(tracker, &view) ? error_no_memory(err) : 0;
}
