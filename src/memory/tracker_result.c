/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/tracker_parts.h"

#include <stdlib.h>
#include <string.h>

#include "model/spec.h"

bool tracker_fits(const struct catalog *catalog)
{
	struct spec spec;
	bool fits;

	if (!catalog->spec)
		return false;
	spec_init(&spec);
	fits = !spec_parse(&spec, catalog->spec, NULL) && spec.memory && spec.memory_log;
	spec_fini(&spec);
	return fits;
}

/* What only the kernel's own account says of a tag. */
static void complete_tag(struct memory_tag *tag, const struct memory *kernel)
{
	for (size_t i = 0; kernel && i < kernel->n_tags; i++) {
		if (strcmp(kernel->tags[i].name, tag->name) != 0)
			continue;
		tag->object = kernel->tags[i].object;
		tag->fresh = kernel->tags[i].fresh;
		return;
	}
}

/* Of some tags all has come to be another's. */
static bool is_used(const struct tracker *tracker, const struct tracked_tag *tag)
{
	if (tag->allocs || tag->frees || tag->unknown || tag->failed)
		return true;
	for (size_t i = 0; i < tracker->memory.n_findings; i++) {
		if (tracker->memory.findings[i].tag == tag->number)
			return true;
	}
	return false;
}

/* index: for each of the tracker's tags its index in the memory. */
static int copy_tags(const struct tracker *tracker, const struct memory *kernel,
		     struct memory *memory, uint32_t *index)
{
	for (size_t i = 0; i < tracker->n_tags; i++) {
		const struct tracked_tag *from = &tracker->tags[i];
		struct memory_tag *to;

		index[i] = (uint32_t)memory->n_tags;
		if (!is_used(tracker, from))
			continue;
		to = memory_add_tag(memory);
		if (!to)
			return -1;
		*to = (struct memory_tag){
			.name = strdup(from->name ? from->name : "(cache without a name)"),
			.family = memory_family_of_tag(from->number),
			.inner = KMN_TAG_IS_INNER(from->number),
			.allocs = from->allocs,
			.alloc_bytes = from->alloc_bytes,
			.frees = from->frees,
			.free_bytes = from->free_bytes,
			.unknown = from->unknown,
			.failed = from->failed,
			.replaced = from->replaced,
		};
		if (!to->name)
			return -1;
		complete_tag(to, kernel);
	}
	return 0;
}

static uint32_t index_of(const struct tracker *tracker, uint64_t number)
{
	size_t low = 0, high = tracker->n_tags;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (tracker->tags[middle].number <= number)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)low;
}

/*
 * The top bits that the key has no room for are set in the kernel's addresses; on NT they are as
 * the highest of those that it has room for, since addresses may have 32 bits.
 */
static uint64_t address_of(uint64_t key)
{
	uint64_t low = key & ((1ull << KMN_MEMORY_KEY_BITS) - 1);

	switch (key >> KMN_MEMORY_KEY_BITS) {
	case KMN_FAMILY_SLAB:
	case KMN_FAMILY_VMALLOC:
		return low | ~((1ull << KMN_MEMORY_KEY_BITS) - 1);
	case KMN_FAMILY_POOL:
		return (low ^ 1ull << (KMN_MEMORY_KEY_BITS - 1)) -
		       (1ull << (KMN_MEMORY_KEY_BITS - 1));
	default:
		return low;
	}
}

static int copy_blocks(const struct tracker *tracker, const uint32_t *index, struct memory *memory)
{
	for (size_t i = 0; i < tracker->table.n_slots; i++) {
		const struct tracked *from = &tracker->table.slots[i];
		struct memory_block *to;

		if (!from->key)
			continue;
		to = memory_add_block(memory);
		if (!to)
			return -1;
		*to = (struct memory_block){
			.address = address_of(from->key),
			.bytes = from->bytes,
			.time = from->time,
			.stack = from->stack,
			.site = from->site,
			.tag = index[index_of(tracker, from->tag)],
			.pid = from->pid,
			.gfp = from->gfp,
			.cpu = from->cpu,
			.context = from->context,
			.grade = from->inner	  ? MEMORY_INNER
				 : from->deferred ? MEMORY_DEFERRED
						  : MEMORY_OUTSTANDING,
			.part = from->part,
		};
		memcpy(to->comm, from->comm, KMN_COMM);
		memory->stacks |= from->stack != 0;
	}
	return 0;
}

static int copy_findings(const struct tracker *tracker, const uint32_t *index,
			 struct memory *memory)
{
	for (size_t i = 0; i < tracker->memory.n_findings; i++) {
		struct memory_finding *finding = memory_add_finding(memory);

		if (!finding)
			return -1;
		*finding = tracker->memory.findings[i];
		finding->tag = index[index_of(tracker, finding->tag)];
	}
	return 0;
}

static int add_doubts(struct memory *memory, uint8_t families, uint64_t from, uint64_t to,
		      uint64_t missed)
{
	for (int family = 0; family < MEMORY_N_FAMILIES; family++) {
		const struct memory_doubt doubt = {from, to, (enum memory_family)family, missed};

		if (families & 1 << family && memory_put_doubt(memory, &doubt))
			return -1;
	}
	return 0;
}

/* The families that are freed through the hook, as bits; all if it frees and has no record. */
static uint8_t families_of(const struct tracker *tracker, const struct catalog *catalog,
			   uint32_t hook)
{
	const struct api *api;

	for (size_t i = 0; i < tracker->n_hooks; i++) {
		if (tracker->hooks[i].id == hook)
			return tracker->hooks[i].families;
	}
	if (hook == KMN_NO_HOOK)
		return tracker_families(tracker);
	/* What frees has a fate where what allocates has its flags. */
	api = api_table_find(&catalog->apis, hook);
	if (!api || api->n_params <= KMN_ARG_FATE || !api->params[KMN_ARG_FATE].name)
		return 0;
	return strcmp(api->params[KMN_ARG_FATE].name, "fate") ? 0 : tracker_families(tracker);
}

/* Calls that have no record, and no record of a loss either: those at the end have none. */
static bool lost_untold(const struct tracker *tracker, const struct ledger *ledger)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < ledger->n_rows; i++)
		lost += ledger->rows[i].lost;
	return lost > tracker->lost;
}

/* Frees of which there is no record: the kernel kept them from us, or the buffer was full. */
static int doubt_ledger(const struct tracker *tracker, const struct catalog *catalog,
			const struct ledger *ledger, struct memory *memory)
{
	const struct memory *kernel = catalog->memory;
	bool untold = lost_untold(tracker, ledger);

	for (size_t i = 0; i < ledger->n_rows; i++) {
		const struct ledger_row *row = &ledger->rows[i];
		uint8_t families = families_of(tracker, catalog, row->hook);

		if (row->lost && untold &&
		    add_doubts(memory, families, row->first_lost ? row->first_lost : memory->start,
			       row->last_lost ? row->last_lost : memory->end, row->lost))
			return -1;
		/* The kernel's account has closer times for these. */
		if (row->missed && !kernel &&
		    add_doubts(memory, families, memory->start, memory->end, row->missed))
			return -1;
	}
	for (size_t i = 0; kernel && i < kernel->n_doubts; i++) {
		if (memory_put_doubt(memory, &kernel->doubts[i]))
			return -1;
	}
	/* What a damaged capture had is not known. */
	return ledger->damaged ? add_doubts(memory, tracker_families(tracker), memory->start,
					    memory->end, ledger->damaged)
			       : 0;
}

static int copy_doubts(const struct tracker *tracker, const struct catalog *catalog,
		       const struct ledger *ledger, struct memory *memory)
{
	for (size_t i = 0; i < tracker->memory.n_doubts; i++) {
		if (memory_put_doubt(memory, &tracker->memory.doubts[i]))
			return -1;
	}
	/* The kernel's account has them too, where it has them. */
	for (size_t i = 0; i < memory->n_tags; i++) {
		const struct memory_tag *tag = &memory->tags[i];

		if (tag->replaced && !(catalog->memory && catalog->memory->replaced) &&
		    memory_put_doubt(memory, &(struct memory_doubt){
						     .from = memory->start,
						     .to = tracker->replaced_last,
						     .family = tag->family,
						     .missed = tag->replaced,
					     }))
			return -1;
	}
	return ledger ? doubt_ledger(tracker, catalog, ledger, memory) : 0;
}

static int copy_checks(const struct memory *kernel, struct memory *memory)
{
	for (size_t i = 0; kernel && i < kernel->n_checks; i++) {
		struct memory_check *check = memory_add_check(memory);

		if (!check)
			return -1;
		*check = kernel->checks[i];
		check->name = strdup(check->name);
		if (!check->name)
			return -1;
	}
	return 0;
}

int tracker_result(const struct tracker *tracker, const struct catalog *catalog,
		   const struct ledger *ledger, struct memory *memory, struct error *err)
{
	const struct memory *kernel = catalog->memory;
	uint32_t *index;
	int code;

	memory->start = catalog->start;
	memory->end = kernel ? kernel->end : tracker->last;
	memory->freed_twice = tracker->memory.freed_twice;
	memory->replaced = tracker->memory.replaced;
	memcpy(memory->lifetime, tracker->memory.lifetime, sizeof(memory->lifetime));
	index = malloc((tracker->n_tags + 1) * sizeof(*index));
	code = !index || copy_tags(tracker, kernel, memory, index) ||
	       copy_blocks(tracker, index, memory) || copy_findings(tracker, index, memory) ||
	       copy_doubts(tracker, catalog, ledger, memory) || copy_checks(kernel, memory);
	free(index);
	if (code)
		return error_no_memory(err);
	if (kernel)
		memory->stacks = kernel->stacks;
	memory_sort(memory);
	memory_join_parts(memory);
	memory_grade(memory);
	return 0;
}
