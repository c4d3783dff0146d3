/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/block_reader.h"
#include "capture/bytes.h"
#include "capture/codec.h"
#include "capture/column_unpacker.h"
#include "capture/decode.h"
#include "capture/frames.h"
#include "capture/index.h"
#include "model/memory.h"
#include "model/record.h"

/* Of all tables together: a small file that unpacks to more than this is no honest capture. */
#define MAX_TABLE_BYTES ((uint64_t)1 << 30)

struct capture_reader {
	struct block_reader blocks;
	struct catalog catalog;
	struct ledger ledger;
	struct decoded decoded;
	struct column_unpacker *columns;
	uint64_t table_bytes;

	uint64_t *payload; /* of the block read last, unpacked */
	size_t payload_capacity;
	const struct kmn_header **whole; /* records in the payload */
	size_t n_whole, whole_capacity;
	const struct kmn_header *const *records; /* of the block read last */
	size_t n_records;
	bool ready; /* records read but not handed out yet */

	uint64_t n_read;    /* records, in all blocks so far */
	uint64_t n_missing; /* records that damage swallowed */
	bool stopped, ended, ledger_seen;

	struct capture_index index;
	bool index_tried;
	bool rest_passed;  /* after a stop */
	bool passing;	   /* over records, to those that are asked for */
	uint64_t n_passed; /* records that were not asked for */
};

static bool resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	const struct frame *known = frame_table_find(catalog->resolver, address);

	if (known)
		*frame = *known;
	return known != NULL;
}

static int unpack(struct capture_reader *reader, const struct block *block, struct error *err)
{
	if (block->length > reader->payload_capacity || !reader->payload) {
		uint64_t *payload = malloc(((size_t)block->length + 8) & ~(size_t)7);

		if (!payload)
			return error_no_memory(err);
		free(reader->payload);
		reader->payload = payload;
		reader->payload_capacity = block->length;
	}
	return codec_unpack(block->codec, block->stored, block->stored_length, reader->payload,
			    block->length, err);
}

static int add_record(struct capture_reader *reader, const struct kmn_header *record,
		      struct error *err)
{
	if (reader->n_whole == reader->whole_capacity) {
		size_t capacity = reader->whole_capacity ? reader->whole_capacity * 2 : 4096;
		const struct kmn_header **whole = realloc(reader->whole, capacity * sizeof(*whole));

		if (!whole)
			return error_no_memory(err);
		reader->whole = whole;
		reader->whole_capacity = capacity;
	}
	reader->whole[reader->n_whole++] = record;
	return 0;
}

/* A record that brings its frames along makes its stack known, as it does when it is live. */
static int learn_stack(struct capture_reader *reader, const struct record_view *view,
		       struct error *err)
{
	const struct stack stack = {
		.hash = view->stack->hash,
		.modules = view->stack->modules,
		.flags = view->header->flags & (KMN_STACK_TRUNCATED | KMN_STACK_CALLER_SP),
		.n_frames = view->header->n_frames,
		.frames = view->frames,
	};
	bool added;

	return stack_table_add(reader->catalog.stacks, &stack, &added, err);
}

/* Every block says how many records the writer had written before it. */
static void check_before(struct capture_reader *reader, uint64_t before, uint64_t offset)
{
	uint64_t expected = reader->n_read + reader->n_missing;

	/* After a stop the records in between were passed over on purpose. */
	if (reader->stopped || reader->passing || before == expected)
		return;
	if (before < expected) {
		block_reader_damage(&reader->blocks,
				    "the block at byte %" PRIu64 " says that %" PRIu64
				    " records are before it, there are %" PRIu64,
				    offset, before, expected);
		return;
	}
	/* Mostly that is what the damage told before has cost; without any it is damage itself. */
	if (!reader->blocks.n_damaged)
		reader->blocks.n_damaged++;
	block_reader_note(&reader->blocks,
			  "%" PRIu64 " records before byte %" PRIu64 " are missing",
			  before - expected, offset);
	reader->n_missing += before - expected;
}

/* The records of a block as they are in the first format: whole, one after the other. */
static int read_whole(struct capture_reader *reader, const struct block *block, struct error *err)
{
	const unsigned char *payload = (const unsigned char *)reader->payload;
	size_t at = EVENTS_HEADER_BYTES;
	struct record_view view;
	struct error why = {0};

	reader->n_whole = 0;
	while (at < block->length) {
		int length = record_parse(payload + at, block->length - at, &view, &why);

		if (length < 0) {
			block_reader_damage(&reader->blocks,
					    "record %zu of the block at byte %" PRIu64
					    " can't be read: %s",
					    reader->n_whole + 1, block->offset, why.message);
			break;
		}
		if (add_record(reader, view.header, err))
			return -1;
		if (view.frames && learn_stack(reader, &view, err))
			return -1;
		at += (size_t)length;
	}
	if (at == block->length && reader->n_whole != load_u32(payload + 24))
		block_reader_damage(&reader->blocks,
				    "the block of events at byte %" PRIu64
				    " says it has %u records, it has %zu",
				    block->offset, load_u32(payload + 24), reader->n_whole);
	reader->records = reader->whole;
	reader->n_records = reader->n_whole;
	return 0;
}

static int read_columns(struct capture_reader *reader, const struct block *block, struct error *err)
{
	struct column_block columns;
	struct record_view view;
	struct error why = {0};

	if (column_unpack(reader->columns, reader->payload, block->length, &columns, &why))
		block_reader_damage(&reader->blocks,
				    "record %zu of the block at byte %" PRIu64 " can't be read: %s",
				    columns.n_records + 1, block->offset, why.message);
	reader->records = columns.records;
	reader->n_records = columns.n_records;
	for (size_t i = 0; columns.frames && i < columns.n_records; i++) {
		record_parse(columns.records[i], columns.records[i]->length, &view, NULL);
		if (view.frames && learn_stack(reader, &view, err))
			return -1;
	}
	return 0;
}

static int read_events(struct capture_reader *reader, const struct block *block, struct error *err)
{
	reader->n_records = 0;
	if (block->length < EVENTS_HEADER_BYTES) {
		block_reader_damage(&reader->blocks,
				    "the block of events at byte %" PRIu64 " has only %u bytes",
				    block->offset, block->length);
		return 0;
	}
	check_before(reader, load_u64((const unsigned char *)reader->payload), block->offset);
	if (block->type == BLOCK_COLUMNS ? read_columns(reader, block, err)
					 : read_whole(reader, block, err))
		return -1;
	reader->n_read += reader->n_records;
	reader->ready = reader->n_records != 0;
	return 0;
}

static bool is_events(uint16_t type)
{
	return type == BLOCK_EVENTS || type == BLOCK_COLUMNS;
}

/* The ledger stands behind the memory, which said first how much of it comes. */
static void check_memory(struct capture_reader *reader, uint64_t offset)
{
	const struct memory *memory = reader->catalog.memory;
	uint64_t n = memory ? memory->n_blocks : 0;

	if (n == reader->decoded.n_memory_blocks)
		return;
	if (!reader->blocks.n_damaged)
		reader->blocks.n_damaged++;
	block_reader_note(&reader->blocks,
			  "of %" PRIu64 " blocks of memory that were outstanding, %" PRIu64
			  " are before byte %" PRIu64,
			  reader->decoded.n_memory_blocks, n, offset);
}

static int read_tables(struct capture_reader *reader, const struct block *block, struct error *err)
{
	struct error why = {0};

	reader->table_bytes += block->length;
	if (reader->table_bytes > MAX_TABLE_BYTES)
		return error_set(err, "%s has tables of more than %" PRIu64 " MiB",
				 reader->blocks.input->name, MAX_TABLE_BYTES >> 20);
	if (decode_block(block->type, reader->payload, block->length, &reader->decoded, &why))
		block_reader_damage(&reader->blocks,
				    "the block of %s at byte %" PRIu64 " can't be read: %s",
				    block_type_name(block->type), block->offset, why.message);
	else if (block->type == BLOCK_LEDGER)
		reader->ledger_seen = true;
	if (block->type == BLOCK_LEDGER)
		check_memory(reader, block->offset);
	if (block->type == BLOCK_END) {
		check_before(reader, reader->decoded.n_records, block->offset);
		reader->ended = true;
	}
	return 0;
}

static int read_block(struct capture_reader *reader, const struct block *block, struct error *err)
{
	struct error why = {0};

	if (is_events(block->type) && reader->stopped && !reader->passing)
		return 0;
	if ((block->type < BLOCK_SYSTEM || block->type > BLOCK_COLUMNS) &&
	    block->type != BLOCK_LINES && block->type != BLOCK_MEMORY)
		return 0;
	if (codec_is_missing(block->codec)) {
		error_set(err, "%s is packed with %s, which this program is built without",
			  reader->blocks.input->name, codec_name(block->codec));
		return error_hint(err, "\"kapimon pack\" on Linux packs it anew, with zlib");
	}
	if (unpack(reader, block, &why)) {
		block_reader_damage(&reader->blocks,
				    "the block of %s at byte %" PRIu64 " can't be unpacked: %s",
				    block_type_name(block->type), block->offset, why.message);
		return 0;
	}
	if (is_events(block->type))
		return read_events(reader, block, err);
	return read_tables(reader, block, err);
}

static void note_early_end(struct capture_reader *reader)
{
	struct block_reader *blocks = &reader->blocks;
	const char *records =
		blocks->n_damaged ? "records that could be read" : "records before it";
	char where[128];

	if (blocks->cut && blocks->cut_type)
		snprintf(where, sizeof(where), "is cut in a block of %s",
			 block_type_name(blocks->cut_type));
	else
		snprintf(where, sizeof(where), "%s",
			 blocks->cut ? "is cut in the header of a block" : "has no end");
	block_reader_note(blocks,
			  "the capture %s, at byte %" PRIu64 ": the writer was killed or the disk "
			  "was full; the %" PRIu64 " %s are complete",
			  where, blocks->offset, reader->n_read, records);
}

/* Read one block. Returns as block_reader_next() does; INPUT_END also for the block that ends it.
 */
static int advance(struct capture_reader *reader, int timeout_ms, struct error *err)
{
	struct block block;
	int result = block_reader_next(&reader->blocks, timeout_ms, &block, err);

	if (result == INPUT_END) {
		note_early_end(reader);
		reader->ended = true;
	}
	if (result != INPUT_DATA)
		return result;
	if (read_block(reader, &block, err))
		return -1;
	return reader->ended ? INPUT_END : INPUT_DATA;
}

/*
 * Read the first block, and then what is there at once of those before the first records: sinks
 * look at the catalog before they get records.
 */
static int read_ahead(struct capture_reader *reader, struct error *err)
{
	int result = advance(reader, -1, err);

	if (result == INPUT_NOTHING_YET)
		return error_set(err, "interrupted while waiting for the capture from %s",
				 reader->blocks.input->name);
	while (result == INPUT_DATA && !reader->ready)
		result = advance(reader, 0, err);
	return result < 0 ? -1 : 0;
}

struct capture_reader *capture_open_input(struct capture_input *input, struct error *err)
{
	struct capture_reader *reader = calloc(1, sizeof(*reader));
	struct frame_table *frames = frame_table_create();
	struct column_unpacker *columns = column_unpacker_create();

	if (!reader || !frames || !columns || catalog_init(&reader->catalog, err)) {
		input->close(input);
		frame_table_destroy(frames);
		column_unpacker_destroy(columns);
		free(reader);
		error_no_memory(err);
		return NULL;
	}
	block_reader_init(&reader->blocks, input);
	ledger_init(&reader->ledger);
	reader->columns = columns;
	reader->catalog.resolve = resolve;
	reader->catalog.resolver = frames;
	reader->catalog.places = frame_table_finder(frames);
	reader->decoded = (struct decoded){
		.catalog = &reader->catalog, .frames = frames, .ledger = &reader->ledger};
	if (read_ahead(reader, err)) {
		capture_close(reader);
		return NULL;
	}
	return reader;
}

struct capture_reader *capture_open(const char *path, struct error *err)
{
	struct capture_input *input = capture_input_open(path, err);

	return input ? capture_open_input(input, err) : NULL;
}

void capture_close(struct capture_reader *reader)
{
	if (!reader)
		return;
	block_reader_fini(&reader->blocks);
	frame_table_destroy(reader->decoded.frames);
	catalog_fini(&reader->catalog);
	ledger_fini(&reader->ledger);
	column_unpacker_destroy(reader->columns);
	index_fini(&reader->index);
	free(reader->payload);
	free(reader->whole);
	free(reader);
}

void capture_stop(struct capture_reader *reader)
{
	reader->stopped = true;
	reader->ready = false;
	if (reader->blocks.input->endless)
		reader->ended = true;
}

/* Returns 1 if there is an index. */
static int load_index(struct capture_reader *reader, struct error *err)
{
	struct capture_input *input = reader->blocks.input;

	if (!reader->index_tried && input->seek) {
		if (index_read(input, &reader->index, err) < 0 ||
		    block_reader_return(&reader->blocks, err))
			return -1;
	}
	reader->index_tried = true;
	return reader->index.n_entries != 0;
}

/* Read on at the entry's block. Returns 1; 0 when the index is wrong: it is given up. */
static int go_to(struct capture_reader *reader, const struct index_entry *entry, struct error *err)
{
	struct block_reader *blocks = &reader->blocks;
	int result;

	if (entry->offset == block_reader_place(blocks))
		return 1;
	result = index_check(blocks->input, entry, err);
	if (result < 0)
		return -1;
	if (result)
		return block_reader_jump(blocks, entry->offset, entry->number, err) ? -1 : 1;
	block_reader_damage(blocks, "the index has a block at byte %" PRIu64 " that is not there",
			    entry->offset);
	reader->index.n_entries = 0;
	return block_reader_return(blocks, err);
}

/* Read the block of an entry for what it tells about the records behind it. Returns as go_to(). */
static int read_passed(struct capture_reader *reader, const struct index_entry *entry,
		       struct error *err)
{
	int result = go_to(reader, entry, err);

	if (result != 1)
		return result;
	reader->passing = true;
	result = advance(reader, -1, err);
	reader->passing = reader->ready = false;
	return result < 0 ? -1 : 1;
}

/* Pass over the records in blocks that end before the time. Returns as go_to(). */
static int pass_over(struct capture_reader *reader, uint64_t time, struct error *err)
{
	uint64_t before = reader->n_read + reader->n_missing;
	int result = 1;

	for (size_t i = 0; i < reader->index.n_entries && result == 1; i++) {
		const struct index_entry *entry = &reader->index.entries[i];

		if (entry->offset < block_reader_place(&reader->blocks))
			continue;
		if (is_events(entry->type)) {
			before = entry->n_before;
			if (entry->last >= time) {
				result = go_to(reader, entry, err);
				break;
			}
			before += entry->n_records;
			if (!(entry->flags & INDEX_FRAMES))
				continue;
		}
		result = read_passed(reader, entry, err);
	}
	if (result == 1) {
		reader->n_read = before;
		reader->n_missing = 0;
	}
	return result;
}

int capture_next(struct capture_reader *reader, int timeout_ms,
		 const struct kmn_header *const **records, size_t *n, struct error *err)
{
	if (reader->stopped && !reader->rest_passed) {
		int result = load_index(reader, err);

		reader->rest_passed = true;
		if (result < 0 || (result && pass_over(reader, UINT64_MAX, err) < 0))
			return -1;
	}
	while (!reader->ready && !reader->ended) {
		int result = advance(reader, timeout_ms, err);

		if (result < 0)
			return -1;
		if (result == INPUT_NOTHING_YET) {
			*records = reader->records;
			*n = 0;
			return 1;
		}
	}
	if (!reader->ready)
		return 0;
	reader->ready = false;
	*records = reader->records;
	*n = reader->n_records;
	return 1;
}

int capture_seek(struct capture_reader *reader, uint64_t time, struct error *err)
{
	uint64_t handed_out = reader->n_read + reader->n_missing;
	int result;

	for (size_t i = 0; reader->ready && i < reader->n_records; i++)
		if (reader->records[i]->time >= time)
			return 1;
	result = load_index(reader, err);
	if (result != 1)
		return result;
	if (reader->ready)
		handed_out -= reader->n_records;
	reader->ready = false;
	result = pass_over(reader, time, err);
	reader->n_passed += reader->n_read + reader->n_missing - handed_out;
	return result;
}

void capture_set_namer(struct capture_reader *reader, struct namer *namer)
{
	reader->catalog.namer = namer;
}

const struct catalog *capture_catalog(const struct capture_reader *reader)
{
	return &reader->catalog;
}

int capture_ledger(const struct capture_reader *reader, struct ledger *ledger, struct error *err)
{
	for (size_t i = 0; i < reader->ledger.n_rows; i++) {
		if (ledger_add(ledger, &reader->ledger.rows[i], err))
			return -1;
	}
	ledger->interrupted |=
		reader->ledger.interrupted || (reader->ended && !reader->ledger_seen);
	ledger->continued |= reader->ledger.continued;
	ledger->records_passed += reader->n_passed;
	ledger->damaged += reader->ledger.damaged + reader->blocks.n_damaged;
	return 0;
}

const struct frame_table *capture_frames(const struct capture_reader *reader)
{
	return reader->decoded.frames;
}

uint64_t capture_place(const struct capture_reader *reader)
{
	return block_reader_place(&reader->blocks);
}

const char *capture_trouble(const struct capture_reader *reader)
{
	return text_string(&reader->blocks.trouble);
}
