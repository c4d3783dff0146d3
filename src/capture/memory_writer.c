/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/memory_writer.h"

#include <stdlib.h>
#include <string.h>

#include "capture/bytes.h"
#include "capture/format.h"
#include "capture/lookup.h"

/* A block of memory is full with so many bytes. */
#define FULL_BYTES ((size_t)1 << 20)

/* What the next block of a tag is probably near to. */
struct guess {
	uint64_t address, bytes;
	uint32_t gfp;
};

/* What is packed into one entry. */
struct pack {
	struct text columns[MEMORY_N_COLUMNS];
	struct guess guesses[MEMORY_GUESSES];
	struct lookup stacks, sites, tasks;
	uint32_t n_stacks, n_sites;
	const struct memory_block **tasks_of; /* a block of each task, by its number */
	uint32_t n_tasks;
	bool failed;
};

static void pack_destroy(struct pack *pack)
{
	if (!pack)
		return;
	for (int i = 0; i < MEMORY_N_COLUMNS; i++)
		text_fini(&pack->columns[i]);
	lookup_fini(&pack->stacks);
	lookup_fini(&pack->sites);
	lookup_fini(&pack->tasks);
	free(pack->tasks_of);
	free(pack);
}

static struct pack *pack_create(struct error *err)
{
	struct pack *pack = calloc(1, sizeof(*pack));

	if (pack)
		pack->tasks_of = malloc(MEMORY_BLOCKS_AT_ONCE * sizeof(*pack->tasks_of));
	if (!pack || !pack->tasks_of) {
		pack_destroy(pack);
		error_no_memory(err);
		return NULL;
	}
	return pack;
}

/* Every entry begins anew: damage costs only what is in it. */
static void pack_clear(struct pack *pack)
{
	for (int i = 0; i < MEMORY_N_COLUMNS; i++)
		text_clear(&pack->columns[i]);
	lookup_clear(&pack->stacks);
	lookup_clear(&pack->sites);
	lookup_clear(&pack->tasks);
	pack->n_stacks = pack->n_sites = pack->n_tasks = 0;
	memset(pack->guesses, 0, sizeof(pack->guesses));
}

/* A word by its number, and the word itself when it is the first time; 0 is none. */
static void put_numbered(struct pack *pack, struct lookup *lookup, uint32_t *n,
			 enum memory_column column, uint64_t word)
{
	uint32_t number = *n;

	if (!word) {
		put_varint(&pack->columns[column], 0);
		return;
	}
	if (!lookup_find(lookup, word, &number)) {
		pack->failed |= !lookup_add(lookup, word, (*n)++);
		/* Its table is the next column. */
		put_u64(&pack->columns[column + 1], word);
	}
	put_varint(&pack->columns[column], (uint64_t)number + 1);
}

static bool same_task(const struct memory_block *a, const struct memory_block *b)
{
	return a->pid == b->pid && !memcmp(a->comm, b->comm, KMN_COMM);
}

static void put_task(struct pack *pack, const struct memory_block *block)
{
	struct text *table = &pack->columns[MEMORY_COLUMN_TASKS];
	uint32_t number = pack->n_tasks;
	uint64_t words[KMN_COMM / 8], key;

	memcpy(words, block->comm, sizeof(words));
	key = block->pid ^ words[0] * 0x9e3779b97f4a7c15ull ^ words[1] * 0xc2b2ae3d27d4eb4full;
	/* Of two tasks with one key the later hides the earlier: that costs bytes, nothing else. */
	if (!lookup_find(&pack->tasks, key, &number) || !same_task(pack->tasks_of[number], block)) {
		number = pack->n_tasks++;
		pack->failed |= !lookup_add(&pack->tasks, key, number);
		pack->tasks_of[number] = block;
		put_u32(table, block->pid);
		text_add_bytes(table, block->comm, KMN_COMM);
	}
	put_varint(&pack->columns[MEMORY_COLUMN_TASK], number);
}

static void put_block(struct pack *pack, const struct memory_block *block, uint64_t before)
{
	struct text *columns = pack->columns;
	struct guess *guess = &pack->guesses[block->tag % MEMORY_GUESSES];

	put_varint(&columns[MEMORY_COLUMN_TIME], block->time - before);
	put_varint(&columns[MEMORY_COLUMN_TAG], block->tag);
	put_varint(&columns[MEMORY_COLUMN_ADDRESS], zigzag(block->address - guess->address));
	put_varint(&columns[MEMORY_COLUMN_BYTES], zigzag(block->bytes - guess->bytes));
	put_numbered(pack, &pack->stacks, &pack->n_stacks, MEMORY_COLUMN_STACK, block->stack);
	put_numbered(pack, &pack->sites, &pack->n_sites, MEMORY_COLUMN_SITE, block->site);
	put_task(pack, block);
	put_varint(&columns[MEMORY_COLUMN_GFP], zigzag((uint64_t)block->gfp - guess->gfp));
	put_varint(&columns[MEMORY_COLUMN_CPU], block->cpu);
	put_u8(&columns[MEMORY_COLUMN_STATE],
	       (uint8_t)((block->context & 3) | (block->part ? 4 : 0) | block->grade << 3));
	*guess = (struct guess){block->address, block->bytes, block->gfp};
}

static void encode_blocks(struct text *out, struct pack *pack, const struct memory *memory,
			  size_t from, size_t n)
{
	size_t entry = entry_begin(out);
	uint64_t before = 0;

	pack_clear(pack);
	for (size_t i = from; i < from + n; i++) {
		put_block(pack, &memory->blocks[i], before);
		before = memory->blocks[i].time;
	}
	put_u8(out, MEMORY_ENTRY_BLOCKS);
	put_u32(out, (uint32_t)n);
	put_u8(out, MEMORY_N_COLUMNS);
	for (int i = 0; i < MEMORY_N_COLUMNS; i++)
		put_varint(out, pack->columns[i].length);
	for (int i = 0; i < MEMORY_N_COLUMNS; i++) {
		text_add_bytes(out, pack->columns[i].data, pack->columns[i].length);
		pack->failed |= text_failed(&pack->columns[i]);
	}
	entry_end(out, entry);
}

static void encode_totals(struct text *out, const struct memory *memory, size_t n_blocks)
{
	size_t entry = entry_begin(out);

	put_u8(out, MEMORY_ENTRY_TOTALS);
	put_u64(out, memory->start);
	put_u64(out, memory->end);
	put_u8(out, memory->stacks ? MEMORY_HAS_STACKS : 0);
	put_u64(out, n_blocks);
	put_u64(out, memory->freed_twice);
	put_u64(out, memory->capacity);
	put_u64(out, memory->no_room + (memory->n_blocks - n_blocks));
	put_u64(out, memory->replaced);
	for (size_t i = 0; i < sizeof(memory->lifetime) / sizeof(memory->lifetime[0]); i++)
		put_u64(out, memory->lifetime[i]);
	entry_end(out, entry);
}

static void encode_tag(struct text *out, const struct memory_tag *tag)
{
	size_t entry = entry_begin(out);

	put_u8(out, MEMORY_ENTRY_TAG);
	put_string(out, tag->name);
	put_u8(out, (uint8_t)tag->family);
	put_u8(out, (uint8_t)((tag->inner ? MEMORY_TAG_INNER : 0) |
			      (tag->fresh ? MEMORY_TAG_FRESH : 0)));
	put_u32(out, tag->object);
	put_u64(out, tag->allocs);
	put_u64(out, tag->alloc_bytes);
	put_u64(out, tag->frees);
	put_u64(out, tag->free_bytes);
	put_u64(out, tag->unknown);
	put_u64(out, tag->failed);
	put_u64(out, tag->replaced);
	entry_end(out, entry);
}

static void encode_doubt(struct text *out, const struct memory_doubt *doubt)
{
	size_t entry = entry_begin(out);

	put_u8(out, MEMORY_ENTRY_DOUBT);
	put_u64(out, doubt->from);
	put_u64(out, doubt->to);
	put_u8(out, (uint8_t)doubt->family);
	put_u64(out, doubt->missed);
	entry_end(out, entry);
}

static void encode_finding(struct text *out, const struct memory_finding *finding)
{
	size_t entry = entry_begin(out);

	put_u8(out, MEMORY_ENTRY_FINDING);
	put_u64(out, finding->address);
	put_u64(out, finding->time);
	put_u64(out, finding->stack);
	put_u64(out, finding->site);
	put_u32(out, finding->tag);
	put_u32(out, finding->pid);
	text_add_bytes(out, finding->comm, KMN_COMM);
	entry_end(out, entry);
}

static void encode_check(struct text *out, const struct memory_check *check)
{
	size_t entry = entry_begin(out);

	put_u8(out, MEMORY_ENTRY_CHECK);
	put_string(out, check->name);
	put_string(out, check->unit);
	put_u64(out, (uint64_t)check->followed);
	put_u64(out, (uint64_t)check->counted);
	put_u64(out, (uint64_t)check->slack);
	entry_end(out, entry);
}

static int write_payload(struct block_writer *writer, struct text *payload, size_t full,
			 struct error *err)
{
	if (text_failed(payload))
		return error_no_memory(err);
	if (payload->length <= full)
		return 0;
	if (block_writer_write(writer, BLOCK_MEMORY, payload->data, payload->length, err))
		return -1;
	text_clear(payload);
	return 0;
}

/* All but the blocks; what refers to a tag stands behind it. */
static int write_tables(struct block_writer *writer, const struct memory *memory, size_t n_blocks,
			struct text *payload, struct error *err)
{
	encode_totals(payload, memory, n_blocks);
	for (size_t i = 0; i < memory->n_tags; i++) {
		encode_tag(payload, &memory->tags[i]);
		if (write_payload(writer, payload, FULL_BYTES, err))
			return -1;
	}
	for (size_t i = 0; i < memory->n_doubts; i++) {
		encode_doubt(payload, &memory->doubts[i]);
		if (write_payload(writer, payload, FULL_BYTES, err))
			return -1;
	}
	for (size_t i = 0; i < memory->n_findings; i++) {
		encode_finding(payload, &memory->findings[i]);
		if (write_payload(writer, payload, FULL_BYTES, err))
			return -1;
	}
	for (size_t i = 0; i < memory->n_checks; i++) {
		encode_check(payload, &memory->checks[i]);
		if (write_payload(writer, payload, FULL_BYTES, err))
			return -1;
	}
	return 0;
}

static int write_blocks(struct block_writer *writer, const struct memory *memory, size_t n_blocks,
			struct text *payload, struct error *err)
{
	struct pack *pack = pack_create(err);
	int code = pack ? 0 : -1;

	for (size_t i = 0; i < n_blocks && !code; i += MEMORY_BLOCKS_AT_ONCE) {
		size_t n = n_blocks - i;

		if (n > MEMORY_BLOCKS_AT_ONCE)
			n = MEMORY_BLOCKS_AT_ONCE;
		encode_blocks(payload, pack, memory, i, n);
		code = pack->failed ? error_no_memory(err)
				    : write_payload(writer, payload, FULL_BYTES, err);
	}
	pack_destroy(pack);
	return code;
}

int memory_write_blocks(struct block_writer *writer, const struct memory *memory, struct error *err)
{
	size_t n_blocks =
		memory->n_blocks < MEMORY_MAX_BLOCKS ? memory->n_blocks : MEMORY_MAX_BLOCKS;
	struct text payload = TEXT_INIT;
	int code = write_tables(writer, memory, n_blocks, &payload, err);

	if (!code)
		code = write_blocks(writer, memory, n_blocks, &payload, err);
	if (!code)
		code = write_payload(writer, &payload, 0, err);
	text_fini(&payload);
	return code;
}
