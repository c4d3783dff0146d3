/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the blocks in a stream of bytes. Where bytes are damaged it looks for the next block and
 * goes on from there; it remembers, in sentences, what it could not read.
 */
#ifndef CAPTURE_BLOCK_READER_H
#define CAPTURE_BLOCK_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "capture/file.h"
#include "capture/format.h"

struct block {
	uint64_t offset; /* of its header in the capture */
	uint16_t type;	 /* enum block_type, or one that this version doesn't know */
	uint8_t codec;
	uint32_t number;
	uint32_t length; /* bytes when unpacked */
	const unsigned char *stored;
	uint32_t stored_length, stored_crc;
};

struct block_reader {
	struct capture_input *input;
	unsigned char *buffer;
	size_t begin, end, capacity; /* what of the buffer holds bytes not used yet */
	size_t taken;		     /* of these, the block handed out last */
	bool at_end;		     /* the input has no more bytes */
	bool opened;		     /* the file header is behind us */
	uint16_t major, minor;	     /* the version, once it is opened; 0: it was damaged */
	uint64_t offset;	     /* in the capture, of buffer[begin] */
	uint32_t next_number;

	bool damage_open; /* looking for the next block since damage_offset */
	uint64_t damage_offset;
	char damage_what[128];
	unsigned rescans;
	uint64_t n_damaged;

	bool cut;	   /* the input ended within a block */
	uint16_t cut_type; /* 0: in its header */

	struct text trouble;
	unsigned n_sentences;
};

/* Takes over the input, also when it fails. */
void block_reader_init(struct block_reader *reader, struct capture_input *input);
void block_reader_fini(struct block_reader *reader);
/*
 * The next block whose checksums are right; valid until the next call. Returns an enum
 * input_result (INPUT_DATA: *block is filled), or -1 with err when the input can't be read or is
 * not a capture.
 */
int block_reader_next(struct block_reader *reader, int timeout_ms, struct block *block,
		      struct error *err);
/*
 * Read on with the block number `number` at this byte of the capture. The input can seek. Damage
 * that was being passed over ends here.
 */
int block_reader_jump(struct block_reader *reader, uint64_t offset, uint32_t number,
		      struct error *err);
/* Where the next block should begin. */
uint64_t block_reader_place(const struct block_reader *reader);
/* Bring the input back to where the reader is after somebody else has used it. */
int block_reader_return(struct block_reader *reader, struct error *err);
/* Read a header of BLOCK_HEADER_BYTES, which was found at `offset`. False: it is none. */
bool block_header_parse(const unsigned char *header, uint64_t offset, struct block *block);
/* Note something that could not be read, and count it as damage. */
void block_reader_damage(struct block_reader *reader, const char *format, ...) BASE_PRINTF(2, 3);
/* Note something without counting it. */
void block_reader_note(struct block_reader *reader, const char *format, ...) BASE_PRINTF(2, 3);

const char *block_type_name(uint16_t type);

#endif
