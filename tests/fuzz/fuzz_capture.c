/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes are read as a capture: to its end, or to a clear error. The first byte is not part of
 * it. With bit 0 clear the checksums are made right before reading, since they would keep the
 * fuzzer from all that lies behind them. With bit 1 set a time is looked for first; which one, the
 * other bits choose.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/bytes.h"
#include "capture/crc32c.h"
#include "capture/format.h"
#include "capture/reader.h"
#include "model/memory.h"
#include "model/record.h"
#include "model/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static volatile uint64_t seen;

static void correct_checksums(unsigned char *capture, size_t size)
{
	size_t at = CAPTURE_HEADER_BYTES;

	if (size < CAPTURE_HEADER_BYTES)
		return;
	memcpy(capture, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES);
	store_u32(capture + 12, crc32c(capture, 12));
	while (size - at >= BLOCK_HEADER_BYTES) {
		unsigned char *block = capture + at;
		uint32_t length = load_u32(block + 12);

		if (load_u32(block) != BLOCK_MAGIC || length > size - at - BLOCK_HEADER_BYTES)
			return;
		store_u32(block + 20, crc32c(block + BLOCK_HEADER_BYTES, length));
		store_u32(block + 24, crc32c(block, 24));
		at += BLOCK_HEADER_BYTES + length;
	}
}

/* What a viewer does with a record: look up all that it refers to. */
static void look_up(const struct catalog *catalog, const struct kmn_header *record)
{
	const struct stack *stack;
	struct record_view view;
	struct frame frame;

	if (record_parse(record, record->length, &view, NULL) < 0)
		abort();
	api_table_find(&catalog->apis, record->hook);
	stack = view.stack ? stack_table_find(catalog->stacks, view.stack->hash) : NULL;
	for (uint16_t i = 0; stack && i < stack->n_frames; i++)
		catalog_frame(catalog, stack->frames[i], &frame);
}

/* What a report does with memory. */
static void look_at_memory(const struct catalog *catalog)
{
	const struct memory *memory = catalog->memory;
	uint64_t bytes[MEMORY_N_FAMILIES] = {0};
	struct frame frame;
	size_t length = 0;

	for (size_t i = 0; memory && i < memory->n_blocks; i++) {
		const struct memory_block *block = &memory->blocks[i];

		if (block->tag >= memory->n_tags || block->grade >= MEMORY_N_GRADES ||
		    (i && block->time < block[-1].time))
			abort();
		bytes[memory->tags[block->tag].family] += block->bytes;
		length += strlen(memory->tags[block->tag].name) + strlen(block->comm);
		catalog_frame(catalog, block->site, &frame);
	}
	for (size_t i = 0; memory && i < memory->n_findings; i++)
		length += strlen(memory->tags[memory->findings[i].tag].name);
	for (size_t i = 0; memory && i < memory->n_checks; i++)
		length += strlen(memory->checks[i].name) + strlen(memory->checks[i].unit);
	for (size_t i = 0; memory && i < memory->n_doubts; i++)
		bytes[memory->doubts[i].family] += length;
	seen += bytes[0] + length;
}

static void read_capture(const unsigned char *capture, size_t size, uint8_t how)
{
	const struct kmn_header *const *records;
	struct text verdict = TEXT_INIT;
	struct capture_reader *reader;
	struct ledger ledger;
	size_t n;

	reader = capture_open_input(capture_input_memory(capture, size), NULL);
	if (!reader)
		return;
	/* The times of the corpus: make_corpus has them from tests/support/capture_sample.c. */
	if (how & 2 && capture_seek(reader, 5000000000ull + (how >> 2) * 10000ull, NULL) < 0)
		goto out;
	while (capture_next(reader, 0, &records, &n, NULL) == 1) {
		for (size_t i = 0; i < n; i++)
			look_up(capture_catalog(reader), records[i]);
	}
	look_at_memory(capture_catalog(reader));
	ledger_init(&ledger);
	capture_ledger(reader, &ledger, NULL);
	ledger_verdict(&ledger, capture_catalog(reader), &verdict);
	text_fini(&verdict);
	ledger_fini(&ledger);
out:
	capture_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	unsigned char *copy;

	if (!size)
		return 0;
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, bytes + 1, size - 1);
	if (!(bytes[0] & 1))
		correct_checksums(copy, size - 1);
	read_capture(copy, size - 1, bytes[0]);
	free(copy);
	return 0;
}
