/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/outlet.h"
#include "capture/block_writer.h"
#include "capture/bytes.h"
#include "capture/catalog_writer.h"
#include "capture/memory_writer.h"
#include "model/memory.h"
#include "capture/column_packer.h"

/* A block is full with so many bytes of records: more would pack little better. */
#define BLOCK_BYTES ((size_t)1 << 20)

struct capture_writer {
	struct block_writer blocks;
	struct catalog_writer tables;
	const struct catalog *catalog;
	bool minimal;
	struct error failed; /* STATUS_OK: not yet */
	bool ended;

	struct column_packer *events; /* of the block being filled */
	struct text payload;
	uint64_t n_added;
	uint64_t n_written; /* of these, in the blocks before */
};

struct capture_writer *capture_writer_create(const char *path, bool force, struct error *err)
{
	struct capture_writer *writer = calloc(1, sizeof(*writer));

	if (!writer || !(writer->events = column_packer_create())) {
		free(writer);
		error_no_memory(err);
		return NULL;
	}
	if (block_writer_init(&writer->blocks, path, force, err)) {
		column_packer_destroy(writer->events);
		free(writer);
		return NULL;
	}
	return writer;
}

/* Keeps the first error: whatever fails later is its consequence. */
static int fail(struct capture_writer *writer, const struct error *cause, struct error *err)
{
	if (writer->failed.status == STATUS_OK) {
		struct outlet *outlet = capture_output_outlet(writer->blocks.output);
		uint64_t lost;

		/* What is under way may still get there. */
		if (outlet)
			outlet_drain(outlet, NULL);
		lost = writer->n_added - block_writer_written(&writer->blocks);

		writer->failed = *cause;
		if (lost)
			error_set(&writer->failed, "%s; the last %" PRIu64 " record%s lost",
				  cause->message, lost, lost == 1 ? " is" : "s are");
		error_hint(&writer->failed, "%s", cause->hint);
	}
	if (err)
		*err = writer->failed;
	return -1;
}

static int write_events(struct capture_writer *writer, struct error *err)
{
	struct index_entry about = {.n_before = writer->n_written};

	column_packer_describe(writer->events, &about);
	if (!about.n_records)
		return 0;
	text_clear(&writer->payload);
	if (column_packer_finish(writer->events, writer->n_written, &writer->payload, err) ||
	    block_writer_write_events(&writer->blocks, writer->payload.data, writer->payload.length,
				      &about, err))
		return -1;
	writer->n_written += about.n_records;
	return 0;
}

/* What the records refer to stands before them. */
static int flush(struct capture_writer *writer, struct error *err)
{
	if (catalog_writer_write(&writer->tables, err) || write_events(writer, err))
		return -1;
	return catalog_writer_rename(&writer->tables, err);
}

int capture_writer_pack(struct capture_writer *writer, enum codec codec, struct error *err)
{
	return block_writer_pack(&writer->blocks, codec, err);
}

void capture_writer_be_minimal(struct capture_writer *writer)
{
	writer->minimal = true;
}

int capture_writer_buffer(struct capture_writer *writer, uint64_t memory, struct error *err)
{
	return capture_output_buffer(writer->blocks.output, memory, err);
}

struct outlet *capture_writer_outlet(struct capture_writer *writer)
{
	return capture_output_outlet(writer->blocks.output);
}

int capture_writer_begin(struct capture_writer *writer, const struct catalog *catalog,
			 struct error *err)
{
	struct error cause = {0};

	if (writer->failed.status != STATUS_OK)
		return fail(writer, &writer->failed, err);
	if (catalog_writer_init(&writer->tables, catalog, &writer->blocks, &cause))
		return fail(writer, &cause, err);
	writer->tables.minimal = writer->minimal;
	writer->catalog = catalog;
	if (block_writer_begin(&writer->blocks, &cause) || flush(writer, &cause))
		return fail(writer, &cause, err);
	return 0;
}

/*
 * The frames that a record brings along are in the catalog's stacks, which have a block of their
 * own; the record keeps the stack's hash. Frames are a record's last part.
 */
static int strip_frames(struct kmn_header *copy, struct record_view *view, struct error *err)
{
	uint16_t length = view->header->length;

	length = (uint16_t)(length - view->header->n_frames * sizeof(uint64_t));
	memcpy(copy, view->header, length);
	copy->length = length;
	copy->flags &= (uint16_t)~KMN_STACK_INLINE;
	copy->n_frames = 0;
	return record_parse(copy, length, view, err) < 0 ? -1 : 0;
}

static int add_record(struct capture_writer *writer, const struct kmn_header *record,
		      struct error *err)
{
	uint64_t copy[KMN_MAX_RECORD / 8];
	struct record_view view;

	if (record_parse(record, KMN_MAX_RECORD, &view, err) < 0)
		return error_prefix(err, "can't record a call");
	if (view.frames && stack_table_find(writer->catalog->stacks, view.stack->hash)) {
		if (strip_frames((struct kmn_header *)copy, &view, err))
			return -1;
	} else if (view.frames &&
		   catalog_writer_name(&writer->tables, view.frames, record->n_frames, err)) {
		return -1;
	}
	if (column_packer_add(writer->events, &view, err))
		return -1;
	writer->n_added++;
	return column_packer_bytes(writer->events) >= BLOCK_BYTES ? flush(writer, err) : 0;
}

int capture_writer_add(struct capture_writer *writer, const struct kmn_header *const *records,
		       size_t n_records, struct error *err)
{
	struct error cause = {0};

	if (writer->failed.status != STATUS_OK)
		return fail(writer, &writer->failed, err);
	/* Addresses of records from before a module came are named as they were then. */
	if (catalog_writer_has_new_modules(&writer->tables) && flush(writer, &cause))
		return fail(writer, &cause, err);
	for (size_t i = 0; i < n_records; i++) {
		if (add_record(writer, records[i], &cause))
			return fail(writer, &cause, err);
	}
	return 0;
}

int capture_writer_flush(struct capture_writer *writer, struct error *err)
{
	struct error cause = {0};

	if (writer->failed.status != STATUS_OK)
		return fail(writer, &writer->failed, err);
	return flush(writer, &cause) ? fail(writer, &cause, err) : 0;
}

uint64_t capture_writer_size(const struct capture_writer *writer)
{
	return writer->blocks.offset;
}

/* Who asked for blocks is named like what lies in stacks. */
static int write_memory(struct capture_writer *writer, struct error *err)
{
	const struct memory *memory = writer->catalog->memory;

	for (size_t i = 0; i < memory->n_blocks; i++) {
		uint64_t site = memory->blocks[i].site;

		if (site && catalog_writer_name(&writer->tables, &site, 1, err))
			return -1;
	}
	for (size_t i = 0; i < memory->n_findings; i++) {
		uint64_t site = memory->findings[i].site;

		if (site && catalog_writer_name(&writer->tables, &site, 1, err))
			return -1;
	}
	if (catalog_writer_write(&writer->tables, err))
		return -1;
	return memory_write_blocks(&writer->blocks, memory, err);
}

int capture_writer_end_soon(struct capture_writer *writer, const struct ledger *ledger,
			    struct error *err)
{
	struct error cause = {0};

	if (capture_writer_flush(writer, err))
		return -1;
	/* Of a recording in parts the last has it. */
	if (writer->catalog->memory && !ledger->continued && write_memory(writer, &cause))
		return fail(writer, &cause, err);
	if (catalog_writer_ledger(&writer->tables, ledger, &cause) ||
	    block_writer_end(&writer->blocks, writer->n_written, &cause))
		return fail(writer, &cause, err);
	writer->ended = true;
	return 0;
}

int capture_writer_wait(struct capture_writer *writer, struct error *err)
{
	struct error cause = {0};

	if (writer->failed.status != STATUS_OK)
		return fail(writer, &writer->failed, err);
	return capture_output_sync(writer->blocks.output, &cause) ? fail(writer, &cause, err) : 0;
}

int capture_writer_end(struct capture_writer *writer, const struct ledger *ledger,
		       struct error *err)
{
	return capture_writer_end_soon(writer, ledger, err) || capture_writer_wait(writer, err) ? -1
												: 0;
}

void capture_writer_destroy(struct capture_writer *writer)
{
	struct error ignored = {0};

	if (!writer)
		return;
	/* Given up in the middle: what is there is worth having. */
	if (writer->catalog && !writer->ended && writer->failed.status == STATUS_OK)
		flush(writer, &ignored);
	catalog_writer_fini(&writer->tables);
	block_writer_fini(&writer->blocks);
	column_packer_destroy(writer->events);
	text_fini(&writer->payload);
	free(writer);
}
