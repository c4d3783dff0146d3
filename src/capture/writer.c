/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/writer.h"

#include <stdlib.h>
#include <string.h>

#include "capture/block_writer.h"
#include "capture/bytes.h"
#include "capture/catalog_writer.h"

#define EVENTS_BYTES ((size_t)256 << 10)

struct capture_writer {
	struct block_writer blocks;
	struct catalog_writer tables;
	const struct catalog *catalog;
	struct error failed; /* STATUS_OK: not yet */
	bool ended;

	unsigned char *events; /* the payload being filled */
	size_t used;
	uint32_t n_events;
	uint64_t n_written; /* records in the blocks before */
	uint64_t first, last;
};

struct capture_writer *capture_writer_create(const char *path, bool force, struct error *err)
{
	struct capture_writer *writer = calloc(1, sizeof(*writer));

	if (!writer || !(writer->events = malloc(EVENTS_BYTES + KMN_MAX_RECORD))) {
		free(writer);
		error_no_memory(err);
		return NULL;
	}
	if (block_writer_init(&writer->blocks, path, force, err)) {
		free(writer->events);
		free(writer);
		return NULL;
	}
	writer->used = EVENTS_HEADER_BYTES;
	return writer;
}

/* Keeps the first error: whatever fails later is its consequence. */
static int fail(struct capture_writer *writer, const struct error *cause, struct error *err)
{
	if (writer->failed.status == STATUS_OK)
		writer->failed = *cause;
	if (err)
		*err = writer->failed;
	return -1;
}

static int write_events(struct capture_writer *writer, struct error *err)
{
	if (!writer->n_events)
		return 0;
	store_u64(writer->events, writer->n_written);
	store_u64(writer->events + 8, writer->first);
	store_u64(writer->events + 16, writer->last);
	store_u32(writer->events + 24, writer->n_events);
	store_u32(writer->events + 28, 0);
	if (block_writer_write(&writer->blocks, BLOCK_EVENTS, writer->events, writer->used, err))
		return -1;
	writer->n_written += writer->n_events;
	writer->n_events = 0;
	writer->used = EVENTS_HEADER_BYTES;
	return 0;
}

/* What the records refer to stands before them. */
static int flush(struct capture_writer *writer, struct error *err)
{
	if (catalog_writer_write(&writer->tables, err) || write_events(writer, err))
		return -1;
	return catalog_writer_rename(&writer->tables, err);
}

int capture_writer_begin(struct capture_writer *writer, const struct catalog *catalog,
			 struct error *err)
{
	struct error cause = {0};

	if (writer->failed.status != STATUS_OK)
		return fail(writer, &writer->failed, err);
	if (catalog_writer_init(&writer->tables, catalog, &writer->blocks, &cause))
		return fail(writer, &cause, err);
	writer->catalog = catalog;
	if (block_writer_begin(&writer->blocks, &cause) || flush(writer, &cause))
		return fail(writer, &cause, err);
	return 0;
}

/*
 * The frames that a record brings along are in the catalog's stacks, which have a block of their
 * own; the record keeps the stack's hash. Frames are a record's last part.
 */
static void strip_frames(struct kmn_header *record)
{
	record->length = (uint16_t)(record->length - record->n_frames * sizeof(uint64_t));
	record->flags &= (uint16_t)~KMN_STACK_INLINE;
	record->n_frames = 0;
}

static int add_record(struct capture_writer *writer, const struct kmn_header *record,
		      struct error *err)
{
	struct kmn_header *copy = (struct kmn_header *)(writer->events + writer->used);
	struct record_view view;

	if (record_parse(record, KMN_MAX_RECORD, &view, err) < 0)
		return error_prefix(err, "can't record a call");
	memcpy(copy, record, record->length);
	if (view.frames && stack_table_find(writer->catalog->stacks, view.stack->hash))
		strip_frames(copy);
	else if (view.frames &&
		 catalog_writer_name(&writer->tables, view.frames, record->n_frames, err))
		return -1;
	if (!writer->n_events++)
		writer->first = record->time;
	writer->last = record->time;
	writer->used += copy->length;
	return writer->used >= EVENTS_BYTES ? flush(writer, err) : 0;
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

int capture_writer_end(struct capture_writer *writer, const struct ledger *ledger,
		       struct error *err)
{
	struct error cause = {0};

	if (capture_writer_flush(writer, err))
		return -1;
	if (catalog_writer_end(&writer->tables, ledger, writer->n_written, &cause) ||
	    capture_output_sync(writer->blocks.output, &cause))
		return fail(writer, &cause, err);
	writer->ended = true;
	return 0;
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
	free(writer->events);
	free(writer);
}
