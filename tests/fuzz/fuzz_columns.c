/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes are the payload of a block of events: records that are in order come out, or an error.
 * What came out is packed again and has to come back the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/column_packer.h"
#include "capture/column_unpacker.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct column_block *block)
{
	struct column_unpacker *unpacker = column_unpacker_create();
	struct column_packer *packer = column_packer_create();
	struct text payload = TEXT_INIT;
	struct column_block again;
	struct record_view view;

	for (size_t i = 0; i < block->n_records; i++) {
		const struct kmn_header *record = block->records[i];

		if (record_parse(record, record->length, &view, NULL) != record->length)
			abort();
		if (column_packer_add(packer, &view, NULL))
			abort();
	}
	if (column_packer_finish(packer, 0, &payload, NULL) ||
	    column_unpack(unpacker, payload.data, payload.length, &again, NULL) ||
	    again.n_records != block->n_records)
		abort();
	for (size_t i = 0; i < block->n_records; i++) {
		if (again.records[i]->length != block->records[i]->length ||
		    memcmp(again.records[i], block->records[i], block->records[i]->length))
			abort();
	}
	text_fini(&payload);
	column_packer_destroy(packer);
	column_unpacker_destroy(unpacker);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct column_unpacker *unpacker = column_unpacker_create();
	struct column_block block;
	/* malloc: the sanitizer watches the end. */
	unsigned char *copy = malloc(size ? size : 1);

	if (!copy || !unpacker)
		abort();
	if (size)
		memcpy(copy, bytes, size);
	column_unpack(unpacker, copy, size, &block, NULL);
	if (block.n_records)
		check(&block);
	free(copy);
	column_unpacker_destroy(unpacker);
	return 0;
}
