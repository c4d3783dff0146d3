/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/block_writer.h"

#include "capture/bytes.h"
#include "capture/crc32c.h"
#include "capture/encode.h"

int block_writer_init(struct block_writer *writer, const char *path, bool force, struct error *err)
{
	struct packer *packer = packer_create();
	struct capture_output *output;

	if (!packer)
		return error_no_memory(err);
	output = capture_output_open(path, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES, force, err);
	if (!output) {
		packer_destroy(packer);
		return -1;
	}
	*writer = (struct block_writer){
		.output = output,
		.packer = packer,
		.major = CAPTURE_MAJOR,
		.minor = CAPTURE_MINOR,
	};
	return 0;
}

int block_writer_pack(struct block_writer *writer, enum codec codec, struct error *err)
{
	return packer_choose(writer->packer, codec, err);
}

void block_writer_fini(struct block_writer *writer)
{
	capture_output_close(writer->output);
	packer_destroy(writer->packer);
	text_fini(&writer->block);
	index_fini(&writer->index);
}

int block_writer_begin(struct block_writer *writer, struct error *err)
{
	unsigned char header[CAPTURE_HEADER_BYTES];

	memcpy(header, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES);
	store_u16(header + 8, writer->major);
	store_u16(header + 10, writer->minor);
	store_u32(header + 12, crc32c(header, 12));
	if (capture_output_begin(writer->output, err) ||
	    capture_output_write(writer->output, header, sizeof(header), err))
		return -1;
	writer->offset = sizeof(header);
	return 0;
}

static int put_block(struct block_writer *writer, uint16_t type, uint8_t codec, size_t length,
		     const void *stored, size_t stored_length, struct error *err)
{
	unsigned char header[BLOCK_HEADER_BYTES];

	store_u32(header, BLOCK_MAGIC);
	store_u32(header + 4, writer->number);
	store_u16(header + 8, type);
	header[10] = codec;
	header[11] = 0;
	store_u32(header + 12, (uint32_t)stored_length);
	store_u32(header + 16, (uint32_t)length);
	store_u32(header + 20, crc32c(stored, stored_length));
	store_u32(header + 24, crc32c(header, 24));
	/* One write for header and payload: a pipe's reader never waits for the second half. */
	text_clear(&writer->block);
	text_add_bytes(&writer->block, header, sizeof(header));
	text_add_bytes(&writer->block, stored, stored_length);
	if (text_failed(&writer->block))
		return error_no_memory(err);
	if (capture_output_write(writer->output, writer->block.data, writer->block.length, err))
		return -1;
	writer->number++;
	writer->offset += writer->block.length;
	return 0;
}

static int write_block(struct block_writer *writer, enum block_type type, const void *payload,
		       size_t length, struct error *err)
{
	const void *stored;
	size_t stored_length;
	enum codec codec;

	if (length > BLOCK_MAX_BYTES)
		return error_set(err, "a block of a capture can't hold %zu bytes", length);
	if (packer_pack(writer->packer, payload, length, &stored, &stored_length, &codec, err))
		return -1;
	return put_block(writer, (uint16_t)type, (uint8_t)codec, length, stored, stored_length,
			 err);
}

int block_writer_copy(struct block_writer *writer, const struct block *block,
		      const struct index_entry *events, struct error *err)
{
	struct index_entry entry = events ? *events : (struct index_entry){0};

	entry.offset = writer->offset;
	entry.number = writer->number;
	entry.type = block->type;
	if (put_block(writer, block->type, block->codec, block->length, block->stored,
		      block->stored_length, err))
		return -1;
	return events ? index_add(&writer->index, &entry, err) : 0;
}

int block_writer_write(struct block_writer *writer, enum block_type type, const void *payload,
		       size_t length, struct error *err)
{
	const struct index_entry entry = {
		.offset = writer->offset, .number = writer->number, .type = (uint16_t)type};

	if (write_block(writer, type, payload, length, err))
		return -1;
	return index_add(&writer->index, &entry, err);
}

int block_writer_write_events(struct block_writer *writer, const void *payload, size_t length,
			      const struct index_entry *events, struct error *err)
{
	struct index_entry entry = *events;

	entry.offset = writer->offset;
	entry.number = writer->number;
	entry.type = BLOCK_COLUMNS;
	if (write_block(writer, BLOCK_COLUMNS, payload, length, err))
		return -1;
	return index_add(&writer->index, &entry, err);
}

uint64_t block_writer_written(const struct block_writer *writer)
{
	const struct capture_index *index = &writer->index;
	uint64_t bytes = capture_output_written(writer->output);

	for (size_t i = index->n_entries; i-- > 0;) {
		const struct index_entry *entry = &index->entries[i];
		uint64_t end = i + 1 < index->n_entries ? entry[1].offset : writer->offset;

		if (entry->type == BLOCK_COLUMNS && end <= bytes)
			return entry->n_before + entry->n_records;
	}
	return 0;
}

int block_writer_copy_end(struct block_writer *writer, const struct block *block, bool indexed,
			  struct error *err)
{
	struct text end = TEXT_INIT;
	struct block changed = *block;
	unsigned char payload[64];
	int code;

	if (block->length < 12 || block->length > sizeof(payload) ||
	    codec_unpack(block->codec, block->stored, block->stored_length, payload, block->length,
			 NULL))
		return error_set(err, "its end can't be read");
	if (indexed)
		return block_writer_end(writer, load_u64(payload + 4), err);
	if (writer->major < CAPTURE_MAJOR)
		return block_writer_copy(writer, block, NULL, err);
	/* No index begins at 0. */
	encode_end(&end, load_u64(payload + 4), 0);
	changed.codec = CODEC_NONE;
	changed.stored = (const unsigned char *)text_string(&end);
	changed.stored_length = changed.length = (uint32_t)end.length;
	code = text_failed(&end) ? error_no_memory(err)
				 : block_writer_copy(writer, &changed, NULL, err);
	text_fini(&end);
	return code;
}

int block_writer_end(struct block_writer *writer, uint64_t n_records, struct error *err)
{
	uint64_t index_offset = writer->offset;
	struct text payload = TEXT_INIT;
	int code = 0;

	for (size_t next = 0; next < writer->index.n_entries && !code;) {
		text_clear(&payload);
		next = index_encode(&writer->index, next, &payload);
		code = text_failed(&payload) ? error_no_memory(err)
					     : write_block(writer, BLOCK_INDEX, payload.data,
							   payload.length, err);
	}
	text_clear(&payload);
	encode_end(&payload, n_records, index_offset);
	if (!code)
		code = text_failed(&payload)
			       ? error_no_memory(err)
			       : write_block(writer, BLOCK_END, payload.data, payload.length, err);
	text_fini(&payload);
	return code;
}
