/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/repack.h"

#include <stdlib.h>
#include <string.h>

#include "capture/block_reader.h"
#include "capture/block_writer.h"

struct repacking {
	const char *name; /* of the capture, for messages */
	struct block_reader reader;
	struct block_writer writer;
	struct capture_index index; /* of the capture that is copied; empty: it has none */
	size_t next;		    /* entry of the index */
	bool ended;
};

static int take_block(struct repacking *repacking, const struct block *block, struct error *err)
{
	const struct index_entry *entry =
		index_next(&repacking->index, &repacking->next, block->offset);
	const struct index_entry none = {0};
	void *payload;
	int code;

	if (block->type == BLOCK_INDEX)
		return 0;
	if (block->type == BLOCK_END) {
		repacking->ended = true;
		code = block_writer_copy_end(&repacking->writer, block,
					     repacking->index.n_entries != 0, err);
		if (code)
			error_prefix(err, "%s is damaged", repacking->name);
		return code;
	}
	payload = malloc((size_t)block->length + 1);
	if (!payload)
		return error_no_memory(err);
	code = codec_unpack(block->codec, block->stored, block->stored_length, payload,
			    block->length, err);
	if (code)
		error_prefix(err, "the block of %s of %s can't be unpacked",
			     block_type_name(block->type), repacking->name);
	else if (block->type == BLOCK_COLUMNS)
		code = block_writer_write_events(&repacking->writer, payload, block->length,
						 entry ? entry : &none, err);
	else
		code = block_writer_write(&repacking->writer, (enum block_type)block->type, payload,
					  block->length, err);
	free(payload);
	return code;
}

static int check_damage(const struct repacking *repacking, struct error *err)
{
	const char *trouble = text_string(&repacking->reader.trouble);

	if (!repacking->reader.n_damaged)
		return 0;
	return error_set(err, "%s is damaged, so it is not copied: %.*s", repacking->name,
			 (int)strcspn(trouble, "\n"), trouble);
}

static int copy(struct repacking *repacking, bool *cut, struct error *err)
{
	struct block block;
	bool begun = false;
	int result;

	if (index_read(repacking->reader.input, &repacking->index, err) < 0 ||
	    block_reader_return(&repacking->reader, err))
		return -1;
	while (!repacking->ended) {
		result = block_reader_next(&repacking->reader, -1, &block, err);
		if (result < 0 || check_damage(repacking, err))
			return -1;
		if (result == INPUT_NOTHING_YET)
			continue;
		if (!begun) {
			repacking->writer.major = repacking->reader.major;
			repacking->writer.minor = repacking->reader.minor;
			if (block_writer_begin(&repacking->writer, err))
				return -1;
			begun = true;
		}
		if (result == INPUT_END)
			break;
		if (take_block(repacking, &block, err))
			return -1;
	}
	*cut = !repacking->ended;
	return capture_output_sync(repacking->writer.output, err);
}

int capture_repack(const char *from, const char *to, bool force, enum codec codec, bool *cut,
		   struct error *err)
{
	struct repacking repacking = {.name = from};
	struct capture_input *input = capture_input_open(from, err);
	int code;

	if (!input)
		return -1;
	if (!input->seek) {
		input->close(input);
		return error_usage(err, "%s is not a file that could be copied", from);
	}
	if (block_writer_init(&repacking.writer, to, force, err)) {
		input->close(input);
		return -1;
	}
	block_reader_init(&repacking.reader, input);
	code = block_writer_pack(&repacking.writer, codec, err);
	if (!code)
		code = copy(&repacking, cut, err);
	block_reader_fini(&repacking.reader);
	block_writer_fini(&repacking.writer);
	index_fini(&repacking.index);
	return code;
}
