/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/index.h"

#include <stdlib.h>
#include <string.h>

#include "capture/block_reader.h"
#include "capture/bytes.h"
#include "capture/codec.h"
#include "capture/crc32c.h"

/* What an entry has in this version, without the length before it. */
#define ENTRY_BYTES 43

void index_fini(struct capture_index *index)
{
	free(index->entries);
}

int index_add(struct capture_index *index, const struct index_entry *entry, struct error *err)
{
	if (index->n_entries == index->capacity) {
		size_t capacity = index->capacity ? index->capacity * 2 : 64;
		struct index_entry *entries = realloc(index->entries, capacity * sizeof(*entries));

		if (!entries)
			return error_no_memory(err);
		index->entries = entries;
		index->capacity = capacity;
	}
	index->entries[index->n_entries++] = *entry;
	return 0;
}

const struct index_entry *index_next(const struct capture_index *index, size_t *next,
				     uint64_t offset)
{
	while (*next < index->n_entries && index->entries[*next].offset < offset)
		++*next;
	if (*next < index->n_entries && index->entries[*next].offset == offset)
		return &index->entries[*next];
	return NULL;
}

size_t index_encode(const struct capture_index *index, size_t from, struct text *payload)
{
	while (from < index->n_entries && payload->length + 4 + ENTRY_BYTES <= BLOCK_MAX_BYTES) {
		const struct index_entry *entry = &index->entries[from++];

		put_u32(payload, ENTRY_BYTES);
		put_u64(payload, entry->offset);
		put_u32(payload, entry->number);
		put_u16(payload, entry->type);
		put_u8(payload, entry->flags);
		put_u32(payload, entry->n_records);
		put_u64(payload, entry->n_before);
		put_u64(payload, entry->first);
		put_u64(payload, entry->last);
	}
	return from;
}

/* Returns 1 with all the bytes, 0 when they are not all there. */
static int read_at(struct capture_input *input, uint64_t offset, void *bytes, size_t length,
		   struct error *err)
{
	unsigned char *at = bytes;

	if (input->seek(input, offset, err))
		return -1;
	while (length) {
		size_t got = 0;
		int result = input->read(input, at, length, -1, &got, err);

		if (result < 0)
			return -1;
		if (result == INPUT_END)
			return 0;
		at += got;
		length -= got;
	}
	return 1;
}

static int read_header(struct capture_input *input, uint64_t offset, struct block *block,
		       struct error *err)
{
	unsigned char header[BLOCK_HEADER_BYTES];
	int result = read_at(input, offset, header, sizeof(header), err);

	if (result != 1)
		return result;
	return block_header_parse(header, offset, block);
}

/* Read and unpack a payload; *bytes has to be freed. */
static int read_payload(struct capture_input *input, const struct block *block,
			unsigned char **bytes, struct error *err)
{
	unsigned char *stored = malloc((size_t)block->stored_length + 1);
	unsigned char *payload = malloc((size_t)block->length + 1);
	int result;

	if (!stored || !payload) {
		free(stored);
		free(payload);
		return error_no_memory(err);
	}
	result = read_at(input, block->offset + BLOCK_HEADER_BYTES, stored, block->stored_length,
			 err);
	if (result == 1)
		result = crc32c(stored, block->stored_length) == block->stored_crc &&
			 !codec_unpack(block->codec, stored, block->stored_length, payload,
				       block->length, NULL);
	free(stored);
	if (result == 1)
		*bytes = payload;
	else
		free(payload);
	return result;
}

/* Append the entries of a payload; each has to lie behind the one before it. */
static int decode(struct capture_index *index, const unsigned char *payload, size_t length,
		  uint64_t end, struct error *err)
{
	struct cursor in = {.at = payload, .left = length};

	while (in.left) {
		const struct index_entry *before =
			index->n_entries ? &index->entries[index->n_entries - 1] : NULL;
		uint32_t entry_length = get_u32(&in);
		struct cursor fields = {.at = get_bytes(&in, entry_length), .left = entry_length};
		struct index_entry entry;

		if (in.bad)
			return 0;
		entry.offset = get_u64(&fields);
		entry.number = get_u32(&fields);
		entry.type = get_u16(&fields);
		entry.flags = get_u8(&fields);
		entry.n_records = get_u32(&fields);
		entry.n_before = get_u64(&fields);
		entry.first = get_u64(&fields);
		entry.last = get_u64(&fields);
		if (fields.bad || entry.offset >= end)
			return 0;
		if (before && (entry.offset < before->offset + BLOCK_HEADER_BYTES ||
			       entry.number <= before->number))
			return 0;
		if (index_add(index, &entry, err))
			return -1;
	}
	return 1;
}

/* All blocks of the index, which lie one behind the other and before the end. */
static int read_blocks(struct capture_input *input, uint64_t at, uint64_t end,
		       struct capture_index *index, struct error *err)
{
	while (at < end) {
		unsigned char *payload;
		struct block block;
		int result = read_header(input, at, &block, err);

		if (result != 1)
			return result;
		if (block.type != BLOCK_INDEX)
			return 0;
		result = read_payload(input, &block, &payload, err);
		if (result != 1)
			return result;
		result = decode(index, payload, block.length, end, err);
		free(payload);
		if (result != 1)
			return result;
		at += BLOCK_HEADER_BYTES + block.stored_length;
	}
	return at == end;
}

int index_read(struct capture_input *input, struct capture_index *index, struct error *err)
{
	struct capture_index found = {0};
	unsigned char *payload;
	struct block block;
	uint64_t size, end;
	int result;

	if (!input->seek)
		return 0;
	if (input->size(input, &size, err))
		return -1;
	if (size < CAPTURE_HEADER_BYTES + CAPTURE_END_BYTES)
		return 0;
	end = size - CAPTURE_END_BYTES;
	result = read_header(input, end, &block, err);
	if (result != 1)
		return result;
	if (block.type != BLOCK_END ||
	    block.stored_length != CAPTURE_END_BYTES - BLOCK_HEADER_BYTES)
		return 0;
	result = read_payload(input, &block, &payload, err);
	if (result != 1)
		return result;
	/* The entry's length, the number of records, where the index begins. */
	if (block.length == 20)
		result = read_blocks(input, load_u64(payload + 12), end, &found, err);
	else
		result = 0;
	free(payload);
	if (result == 1 && found.n_entries)
		*index = found;
	else
		index_fini(&found);
	return result == 1 ? index->n_entries != 0 : result;
}

int index_check(struct capture_input *input, const struct index_entry *entry, struct error *err)
{
	struct block block;
	int result = read_header(input, entry->offset, &block, err);

	if (result != 1)
		return result;
	return block.number == entry->number && block.type == entry->type;
}
