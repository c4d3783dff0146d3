/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/block_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/bytes.h"
#include "capture/crc32c.h"

#define READ_BYTES ((size_t)256 << 10)

/* A badly damaged capture must not fill the terminal. */
#define MAX_SENTENCES 20

/*
 * How often a block with a wrong checksum is searched for blocks inside of it, in case it is its
 * length that is wrong. Each time costs a checksum of up to 16 MiB; later such blocks are passed
 * over whole, so that nobody can build a capture that takes hours to open.
 */
#define MAX_RESCANS 64

const char *block_type_name(uint16_t type)
{
	switch (type) {
#define BLOCK_TYPE_NAME(name, number, text)                                                        \
	case number:                                                                               \
		return text;
		BLOCK_TYPES(BLOCK_TYPE_NAME)
#undef BLOCK_TYPE_NAME
	}
	return "an unknown type";
}

void block_reader_init(struct block_reader *reader, struct capture_input *input)
{
	*reader = (struct block_reader){.input = input};
}

void block_reader_fini(struct block_reader *reader)
{
	reader->input->close(reader->input);
	free(reader->buffer);
	text_fini(&reader->trouble);
}

static void add_sentence(struct block_reader *reader, const char *format, va_list ap)
{
	char sentence[512];

	if (++reader->n_sentences > MAX_SENTENCES) {
		if (reader->n_sentences == MAX_SENTENCES + 1)
			text_add(&reader->trouble, "... and more of the kind\n");
		return;
	}
	vsnprintf(sentence, sizeof(sentence), format, ap);
	text_addf(&reader->trouble, "%s\n", sentence);
}

void block_reader_note(struct block_reader *reader, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add_sentence(reader, format, ap);
	va_end(ap);
}

void block_reader_damage(struct block_reader *reader, const char *format, ...)
{
	va_list ap;

	reader->n_damaged++;
	va_start(ap, format);
	add_sentence(reader, format, ap);
	va_end(ap);
}

static int make_room(struct block_reader *reader, size_t n, struct error *err)
{
	size_t capacity = n > READ_BYTES ? n : READ_BYTES;
	unsigned char *buffer;

	if (reader->begin) {
		memmove(reader->buffer, reader->buffer + reader->begin,
			reader->end - reader->begin);
		reader->end -= reader->begin;
		reader->begin = 0;
	}
	if (capacity <= reader->capacity)
		return 0;
	buffer = realloc(reader->buffer, capacity);
	if (!buffer)
		return error_no_memory(err);
	reader->buffer = buffer;
	reader->capacity = capacity;
	return 0;
}

/* INPUT_DATA: n bytes are at begin; INPUT_END: there are fewer, and there won't be more. */
static int need(struct block_reader *reader, size_t n, int timeout_ms, struct error *err)
{
	while (reader->end - reader->begin < n) {
		size_t got = 0;
		int result;

		if (reader->at_end)
			return INPUT_END;
		if (reader->capacity - reader->begin < n && make_room(reader, n, err))
			return -1;
		result = reader->input->read(reader->input, reader->buffer + reader->end,
					     reader->capacity - reader->end, timeout_ms, &got, err);
		if (result == INPUT_END)
			reader->at_end = true;
		else if (result != INPUT_DATA)
			return result;
		reader->end += got;
	}
	return INPUT_DATA;
}

static void consume(struct block_reader *reader, size_t n)
{
	reader->begin += n;
	reader->offset += n;
}

static int read_file_header(struct block_reader *reader, int timeout_ms, struct error *err)
{
	int result = need(reader, CAPTURE_HEADER_BYTES, timeout_ms, err);
	const unsigned char *header = reader->buffer + reader->begin;
	uint16_t major, minor;

	if (result < 0 || result == INPUT_NOTHING_YET)
		return result;
	if (reader->end == reader->begin)
		return error_set(err, "%s is empty, not a capture", reader->input->name);
	if (reader->end - reader->begin < CAPTURE_HEADER_BYTES ||
	    memcmp(header, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES))
		return error_set(err, "%s is not a Kapimon capture", reader->input->name);
	major = load_u16(header + 8);
	minor = load_u16(header + 10);
	if (load_u32(header + 12) != crc32c(header, 12)) {
		block_reader_damage(reader, "the first bytes of the capture are damaged");
	} else if (major < CAPTURE_FIRST_MAJOR || major > CAPTURE_MAJOR) {
		error_set(err, "%s is a capture of format %u.%u, this version reads %u to %u",
			  reader->input->name, major, minor, CAPTURE_FIRST_MAJOR, CAPTURE_MAJOR);
		return error_hint(err, "read it with the version of Kapimon that recorded it, or "
				       "a newer one");
	} else {
		reader->major = major;
		reader->minor = minor;
	}
	consume(reader, CAPTURE_HEADER_BYTES);
	reader->opened = true;
	return INPUT_DATA;
}

bool block_header_parse(const unsigned char *header, uint64_t offset, struct block *block)
{
	if (load_u32(header) != BLOCK_MAGIC || load_u32(header + 24) != crc32c(header, 24))
		return false;
	*block = (struct block){
		.offset = offset,
		.number = load_u32(header + 4),
		.type = load_u16(header + 8),
		.codec = header[10],
		.stored_length = load_u32(header + 12),
		.length = load_u32(header + 16),
		.stored_crc = load_u32(header + 20),
	};
	return block->length <= BLOCK_MAX_BYTES && block->stored_length <= block->length;
}

static void damage_begin(struct block_reader *reader, const char *what)
{
	if (reader->damage_open)
		return;
	reader->damage_open = true;
	reader->damage_offset = reader->offset;
	snprintf(reader->damage_what, sizeof(reader->damage_what), "%s", what);
}

static void damage_end(struct block_reader *reader)
{
	if (!reader->damage_open)
		return;
	reader->damage_open = false;
	block_reader_damage(reader,
			    "bytes %" PRIu64 " to %" PRIu64 " of the capture are damaged: %s",
			    reader->damage_offset, reader->offset - 1, reader->damage_what);
}

/* To the next byte that a block could begin with. */
static void skip_to_candidate(struct block_reader *reader)
{
	const unsigned char *from = reader->buffer + reader->begin + 1;
	size_t left = reader->end - reader->begin - 1;
	const unsigned char *next = memchr(from, BLOCK_MAGIC & 0xff, left);

	consume(reader, next ? (size_t)(next - from) + 1 : left + 1);
}

/* The blocks' numbers show what is missing without a trace. False: the block is to be ignored. */
static bool check_number(struct block_reader *reader, const struct block *block)
{
	if (block->number < reader->next_number) {
		block_reader_damage(reader,
				    "block %u, at byte %" PRIu64 ", comes after block %u: it is "
				    "left out",
				    block->number, block->offset, reader->next_number - 1);
		return false;
	}
	if (block->number > reader->next_number && !reader->damage_open)
		block_reader_damage(reader, "%u blocks are missing before byte %" PRIu64,
				    block->number - reader->next_number, block->offset);
	return true;
}

/* The input ends with less than a whole block. */
static int end_of_input(struct block_reader *reader, uint16_t type)
{
	if (reader->damage_open) {
		consume(reader, reader->end - reader->begin);
		damage_end(reader);
	} else if (reader->end > reader->begin) {
		reader->cut = true;
		reader->cut_type = type;
	}
	return INPUT_END;
}

static bool payload_is_right(const struct block_reader *reader, const struct block *block)
{
	const unsigned char *header = reader->buffer + reader->begin;

	return block->stored_crc == crc32c(header + BLOCK_HEADER_BYTES, block->stored_length);
}

/* A block whose payload is damaged: its length may be right, or not. */
static void pass_damaged(struct block_reader *reader, const struct block *block)
{
	char what[128];

	snprintf(what, sizeof(what), "the checksum of a block of %s is wrong",
		 block_type_name(block->type));
	damage_begin(reader, what);
	if (reader->rescans++ < MAX_RESCANS)
		consume(reader, BLOCK_HEADER_BYTES);
	else
		consume(reader, BLOCK_HEADER_BYTES + block->stored_length);
}

int block_reader_next(struct block_reader *reader, int timeout_ms, struct block *block,
		      struct error *err)
{
	struct block found;
	size_t size;
	int result;

	consume(reader, reader->taken);
	reader->taken = 0;
	if (!reader->opened) {
		result = read_file_header(reader, timeout_ms, err);
		if (result != INPUT_DATA)
			return result;
	}
	for (;;) {
		result = need(reader, BLOCK_HEADER_BYTES, timeout_ms, err);
		if (result == INPUT_END)
			return end_of_input(reader, 0);
		if (result != INPUT_DATA)
			return result;
		if (!block_header_parse(reader->buffer + reader->begin, reader->offset, &found)) {
			damage_begin(reader, "there is no block where one should begin");
			skip_to_candidate(reader);
			continue;
		}
		size = BLOCK_HEADER_BYTES + found.stored_length;
		result = need(reader, size, timeout_ms, err);
		if (result == INPUT_END)
			return end_of_input(reader, found.type);
		if (result != INPUT_DATA)
			return result;
		if (!payload_is_right(reader, &found)) {
			pass_damaged(reader, &found);
			continue;
		}
		if (!check_number(reader, &found)) {
			consume(reader, size);
			continue;
		}
		damage_end(reader);
		reader->next_number = found.number + 1;
		reader->taken = size;
		found.stored = reader->buffer + reader->begin + BLOCK_HEADER_BYTES;
		*block = found;
		return INPUT_DATA;
	}
}

uint64_t block_reader_place(const struct block_reader *reader)
{
	return reader->offset + reader->taken;
}

int block_reader_jump(struct block_reader *reader, uint64_t offset, uint32_t number,
		      struct error *err)
{
	if (reader->input->seek(reader->input, offset, err))
		return -1;
	damage_end(reader);
	reader->begin = reader->end = reader->taken = 0;
	reader->at_end = false;
	reader->offset = offset;
	reader->next_number = number;
	return 0;
}

int block_reader_return(struct block_reader *reader, struct error *err)
{
	uint64_t offset = reader->offset + (reader->end - reader->begin);

	return reader->input->seek(reader->input, offset, err);
}
