/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/memory_decode.h"

#include <stdlib.h>
#include <string.h>

#include "model/memory.h"

/* See memory_writer.c. */
struct guess {
	uint64_t address, bytes;
	uint32_t gfp;
};

/* An entry of blocks on its way. */
struct unpack {
	struct cursor columns[MEMORY_N_COLUMNS];
	struct guess guesses[MEMORY_GUESSES];
	uint64_t time;
};

static int decode_totals(struct cursor *in, struct memory *memory, struct decoded *out)
{
	struct memory totals = {0};
	uint64_t n_blocks;
	uint8_t flags;

	totals.start = get_u64(in);
	totals.end = get_u64(in);
	flags = get_u8(in);
	n_blocks = get_u64(in);
	totals.freed_twice = get_u64(in);
	totals.capacity = get_u64(in);
	totals.no_room = get_u64(in);
	totals.replaced = get_u64(in);
	for (size_t i = 0; i < sizeof(totals.lifetime) / sizeof(totals.lifetime[0]); i++)
		totals.lifetime[i] = get_u64(in);
	if (in->bad)
		return -1;
	memory->start = totals.start;
	memory->end = totals.end;
	memory->stacks = flags & MEMORY_HAS_STACKS;
	memory->freed_twice = totals.freed_twice;
	memory->capacity = totals.capacity;
	memory->no_room = totals.no_room;
	memory->replaced = totals.replaced;
	memcpy(memory->lifetime, totals.lifetime, sizeof(memory->lifetime));
	out->n_memory_blocks = n_blocks;
	return 0;
}

static int check_family(uint8_t family, struct error *err)
{
	if (family >= MEMORY_N_FAMILIES)
		return error_set(err, "memory of an unknown family %u", family);
	return 0;
}

static int check_tag(const struct memory *memory, uint64_t tag, struct error *err)
{
	if (tag >= memory->n_tags)
		return error_set(err, "a block has the tag %llu, there are %zu",
				 (unsigned long long)tag, memory->n_tags);
	return 0;
}

static int decode_tag(struct cursor *in, struct memory *memory, struct error *err)
{
	struct memory_tag tag = {.name = get_name(in)}, *to;
	uint8_t family = get_u8(in);
	uint8_t flags = get_u8(in);

	tag.inner = flags & MEMORY_TAG_INNER;
	tag.fresh = flags & MEMORY_TAG_FRESH;
	tag.object = get_u32(in);
	tag.allocs = get_u64(in);
	tag.alloc_bytes = get_u64(in);
	tag.frees = get_u64(in);
	tag.free_bytes = get_u64(in);
	tag.unknown = get_u64(in);
	tag.failed = get_u64(in);
	tag.replaced = get_u64(in);
	if (in->bad || check_family(family, err))
		goto fail;
	tag.family = (enum memory_family)family;
	to = memory_add_tag(memory);
	if (!to) {
		error_no_memory(err);
		goto fail;
	}
	*to = tag;
	return 0;
fail:
	free(tag.name);
	return -1;
}

static int decode_doubt(struct cursor *in, struct memory *memory, struct error *err)
{
	struct memory_doubt doubt = {0};
	uint8_t family;

	doubt.from = get_u64(in);
	doubt.to = get_u64(in);
	family = get_u8(in);
	doubt.missed = get_u64(in);
	if (in->bad || check_family(family, err))
		return -1;
	doubt.family = (enum memory_family)family;
	return memory_put_doubt(memory, &doubt) ? error_no_memory(err) : 0;
}

static int decode_finding(struct cursor *in, struct memory *memory, struct error *err)
{
	struct memory_finding finding = {0}, *to;
	const unsigned char *comm;

	finding.address = get_u64(in);
	finding.time = get_u64(in);
	finding.stack = get_u64(in);
	finding.site = get_u64(in);
	finding.tag = get_u32(in);
	finding.pid = get_u32(in);
	comm = get_bytes(in, KMN_COMM);
	if (!comm || check_tag(memory, finding.tag, err))
		return -1;
	memcpy(finding.comm, comm, KMN_COMM);
	to = memory_add_finding(memory);
	if (!to)
		return error_no_memory(err);
	*to = finding;
	return 0;
}

static int decode_check(struct cursor *in, struct memory *memory, struct error *err)
{
	/* The model's units live as long as the program. */
	static const char *const units[] = {"objects", "pages", "bytes", "calls"};
	struct memory_check check = {.name = get_name(in)}, *to;
	char *unit = get_name(in);

	check.followed = (int64_t)get_u64(in);
	check.counted = (int64_t)get_u64(in);
	check.slack = (int64_t)get_u64(in);
	for (size_t i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(unit, units[i]))
			check.unit = units[i];
	}
	if (in->bad)
		goto fail;
	if (!check.unit) {
		error_set(err, "'%s' is counted in an unknown unit", check.name);
		goto fail;
	}
	to = memory_add_check(memory);
	if (!to) {
		error_no_memory(err);
		goto fail;
	}
	*to = check;
	free(unit);
	return 0;
fail:
	free(check.name);
	free(unit);
	return -1;
}

/* A word of a table: numbers come in the order in which they are first used. 0: none. */
static bool get_numbered(struct unpack *unpack, enum memory_column column,
			 const unsigned char *table, size_t size, size_t *n,
			 const unsigned char **at)
{
	uint64_t number = get_varint(&unpack->columns[column]);

	*at = NULL;
	if (!number)
		return !unpack->columns[column].bad;
	number--;
	if (number > *n || (number == *n && !get_bytes(&unpack->columns[column + 1], size)))
		return false;
	*n += number == *n;
	*at = table + number * size;
	return true;
}

/* What the columns had of numbers so far, and where their tables begin. */
struct tables {
	const unsigned char *stacks, *sites, *tasks;
	size_t n_stacks, n_sites, n_tasks;
};

static int get_task(struct unpack *unpack, struct tables *tables, struct memory_block *block)
{
	uint64_t number = get_varint(&unpack->columns[MEMORY_COLUMN_TASK]);
	const unsigned char *task;

	if (number > tables->n_tasks ||
	    (number == tables->n_tasks &&
	     !get_bytes(&unpack->columns[MEMORY_COLUMN_TASKS], 4 + KMN_COMM)))
		return -1;
	tables->n_tasks += number == tables->n_tasks;
	task = tables->tasks + number * (4 + KMN_COMM);
	block->pid = load_u32(task);
	memcpy(block->comm, task + 4, KMN_COMM);
	return 0;
}

static bool went_bad(const struct unpack *unpack)
{
	for (int i = 0; i < MEMORY_N_COLUMNS; i++) {
		if (unpack->columns[i].bad)
			return true;
	}
	return false;
}

static int get_block(struct unpack *unpack, struct tables *tables, const struct memory *memory,
		     struct memory_block *block, struct error *err)
{
	struct cursor *columns = unpack->columns;
	uint64_t tag = get_varint(&columns[MEMORY_COLUMN_TAG]);
	const unsigned char *stack, *site;
	struct guess *guess;
	uint8_t state;

	if (check_tag(memory, tag, err))
		return -1;
	guess = &unpack->guesses[tag % MEMORY_GUESSES];
	block->tag = (uint32_t)tag;
	unpack->time += get_varint(&columns[MEMORY_COLUMN_TIME]);
	block->time = unpack->time;
	guess->address += unzigzag(get_varint(&columns[MEMORY_COLUMN_ADDRESS]));
	block->address = guess->address;
	guess->bytes += unzigzag(get_varint(&columns[MEMORY_COLUMN_BYTES]));
	block->bytes = guess->bytes;
	guess->gfp += (uint32_t)unzigzag(get_varint(&columns[MEMORY_COLUMN_GFP]));
	block->gfp = guess->gfp;
	block->cpu = (uint16_t)get_varint(&columns[MEMORY_COLUMN_CPU]);
	state = get_u8(&columns[MEMORY_COLUMN_STATE]);
	block->context = state & 3;
	block->part = state & 4;
	block->grade = state >> 3;
	if (get_task(unpack, tables, block) ||
	    !get_numbered(unpack, MEMORY_COLUMN_STACK, tables->stacks, 8, &tables->n_stacks,
			  &stack) ||
	    !get_numbered(unpack, MEMORY_COLUMN_SITE, tables->sites, 8, &tables->n_sites, &site))
		return error_set(err, went_bad(unpack)
					      ? "its columns are cut short"
					      : "a block refers to what its entry does not have");
	block->stack = stack ? load_u64(stack) : 0;
	block->site = site ? load_u64(site) : 0;
	if (block->grade >= MEMORY_N_GRADES)
		return error_set(err, "a block has the unknown grade %u", block->grade);
	return 0;
}

static int open_columns(struct cursor *in, struct unpack *unpack)
{
	uint8_t n_columns = get_u8(in);
	uint64_t lengths[256];

	if (n_columns < MEMORY_N_COLUMNS)
		return -1;
	for (int i = 0; i < n_columns; i++)
		lengths[i] = get_varint(in);
	/* Columns behind those that are known belong to a later version. */
	for (int i = 0; i < MEMORY_N_COLUMNS; i++) {
		struct cursor *column = &unpack->columns[i];

		if (lengths[i] > in->left)
			return -1;
		column->left = (size_t)lengths[i];
		column->at = get_bytes(in, column->left);
	}
	return in->bad ? -1 : 0;
}

static int get_blocks(struct unpack *unpack, uint32_t n, struct memory *memory, struct error *err)
{
	struct tables tables = {.stacks = unpack->columns[MEMORY_COLUMN_STACKS].at,
				.sites = unpack->columns[MEMORY_COLUMN_SITES].at,
				.tasks = unpack->columns[MEMORY_COLUMN_TASKS].at};

	for (uint32_t i = 0; i < n; i++) {
		struct memory_block block = {0}, *to;

		if (get_block(unpack, &tables, memory, &block, err))
			return -1;
		if (went_bad(unpack))
			return error_set(err, "its columns are cut short");
		if (memory->n_blocks && block.time < memory->blocks[memory->n_blocks - 1].time)
			return error_set(err, "its blocks are not in the order of time");
		to = memory_add_block(memory);
		if (!to)
			return error_no_memory(err);
		*to = block;
	}
	return 0;
}

static int decode_blocks(struct cursor *in, struct memory *memory, struct error *err)
{
	uint32_t n = get_u32(in);
	struct unpack unpack = {0};

	/* No number can ask for more memory than the entry has bytes for. */
	if (in->bad || n > MEMORY_BLOCKS_AT_ONCE || n > in->left / MEMORY_LEAST_BYTES ||
	    open_columns(in, &unpack))
		return error_set(err, "its columns are cut short");
	if (n > MEMORY_MAX_BLOCKS - memory->n_blocks)
		return error_set(err, "more than %u blocks are outstanding", MEMORY_MAX_BLOCKS);
	return get_blocks(&unpack, n, memory, err);
}

static struct memory *memory_of(struct catalog *catalog)
{
	if (!catalog->memory) {
		catalog->memory = malloc(sizeof(*catalog->memory));
		if (catalog->memory)
			memory_init(catalog->memory);
	}
	return catalog->memory;
}

int decode_memory(struct cursor *in, struct decoded *out, struct error *err)
{
	uint8_t kind = get_u8(in);
	struct memory *memory;

	if (in->bad)
		return -1;
	memory = memory_of(out->catalog);
	if (!memory)
		return error_no_memory(err);
	switch (kind) {
	case MEMORY_ENTRY_TOTALS:
		return decode_totals(in, memory, out);
	case MEMORY_ENTRY_TAG:
		return decode_tag(in, memory, err);
	case MEMORY_ENTRY_BLOCKS:
		return decode_blocks(in, memory, err);
	case MEMORY_ENTRY_DOUBT:
		return decode_doubt(in, memory, err);
	case MEMORY_ENTRY_FINDING:
		return decode_finding(in, memory, err);
	case MEMORY_ENTRY_CHECK:
		return decode_check(in, memory, err);
	default:
		return 0;
	}
}
