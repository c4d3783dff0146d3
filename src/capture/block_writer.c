/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/block_writer.h"

#include "capture/bytes.h"
#include "capture/crc32c.h"

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
	*writer = (struct block_writer){.output = output, .packer = packer};
	return 0;
}

void block_writer_fini(struct block_writer *writer)
{
	capture_output_close(writer->output);
	packer_destroy(writer->packer);
	text_fini(&writer->block);
}

int block_writer_begin(struct block_writer *writer, struct error *err)
{
	unsigned char header[CAPTURE_HEADER_BYTES];

	memcpy(header, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES);
	store_u16(header + 8, CAPTURE_MAJOR);
	store_u16(header + 10, CAPTURE_MINOR);
	store_u32(header + 12, crc32c(header, 12));
	if (capture_output_begin(writer->output, err))
		return -1;
	return capture_output_write(writer->output, header, sizeof(header), err);
}

int block_writer_write(struct block_writer *writer, enum block_type type, const void *payload,
		       size_t length, struct error *err)
{
	unsigned char header[BLOCK_HEADER_BYTES];
	const void *stored;
	size_t stored_length;
	enum codec codec;

	if (length > BLOCK_MAX_BYTES)
		return error_set(err, "a block of a capture can't hold %zu bytes", length);
	if (packer_pack(writer->packer, payload, length, &stored, &stored_length, &codec, err))
		return -1;
	store_u32(header, BLOCK_MAGIC);
	store_u32(header + 4, writer->number);
	store_u16(header + 8, (uint16_t)type);
	header[10] = (unsigned char)codec;
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
	return 0;
}
