/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/add_symbols.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "capture/block_reader.h"
#include "capture/block_writer.h"
#include "capture/bytes.h"
#include "capture/decode.h"
#include "capture/encode.h"

/* So many bytes of names and lines are written at a time. */
#define ADDED_BYTES ((size_t)1 << 20)
/* Of all tables together, as in the reader. */
#define MAX_TABLE_BYTES ((uint64_t)1 << 30)

struct addition {
	const char *name; /* of the capture, for messages */
	struct block_reader reader;
	struct block_writer writer;
	struct capture_index index; /* of the capture that is copied; empty: it has none */
	size_t next;		    /* entry of the index */
	struct catalog catalog;	    /* as far as it is read */
	struct frame_table *frames;
	struct ledger ledger; /* not read */
	struct text payload, names;
	uint64_t table_bytes;
	/* Of the last blocks of frames; what lines the capture has of them comes behind. */
	uint64_t *pending;
	size_t n_pending, capacity;
	struct place_finder *finder;
	struct symbols_added added;
	enum codec codec; /* of the capture's blocks, as far as one is packed */
	bool ended;
};

static bool resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	const struct frame *known = frame_table_find(catalog->resolver, address);

	if (known)
		*frame = *known;
	return known != NULL;
}

static bool same_string(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_places(const struct place *a, size_t n_a, const struct place *b, size_t n_b)
{
	for (size_t i = 0; n_a == n_b && i < n_a; i++)
		if (a[i].line != b[i].line || !same_string(a[i].file, b[i].file) ||
		    !same_string(a[i].function, b[i].function))
			return false;
	return n_a == n_b;
}

/* A name for what had none; its places are forgotten with that, as a reader does. */
static bool add_name(struct addition *addition, uint64_t address)
{
	const struct frame *known = frame_table_find(addition->frames, address);
	struct frame frame = {0};

	if (known->symbol)
		return false;
	catalog_frame(&addition->catalog, address, &frame);
	if (!frame.symbol)
		return false;
	encode_frame(&addition->names, address, &frame);
	addition->added.n_named++;
	return true;
}

static void add_lines(struct addition *addition, uint64_t address, bool named)
{
	struct place_finder *finder = addition->finder;
	struct place_finder *known = frame_table_finder(addition->frames);
	struct place places[2][PLACE_DEPTH];
	size_t n[2];
	bool wanted[2], got = false;

	for (int i = 0; i < 2; i++) {
		const struct place *found = NULL, *old = NULL;
		size_t n_old = known->find(known, &addition->catalog, address, i, &old);

		n[i] = finder->find(finder, &addition->catalog, address, i, &found);
		addition->added.n_found += n[i] && !(i && n[0]);
		wanted[i] = n[i] && !same_places(found, n[i], old, n_old);
		got |= wanted[i];
		if (!n[i] && named) {
			found = old;
			n[i] = n_old;
		}
		if (n[i])
			memcpy(places[i], found, n[i] * sizeof(*found));
		wanted[i] |= named && n[i];
	}
	if (wanted[0] && wanted[1] && same_places(places[0], n[0], places[1], n[1])) {
		encode_lines(&addition->payload, address, LINES_HERE | LINES_RETURNED, places[0],
			     n[0]);
	} else {
		if (wanted[0])
			encode_lines(&addition->payload, address, LINES_HERE, places[0], n[0]);
		if (wanted[1])
			encode_lines(&addition->payload, address, LINES_RETURNED, places[1], n[1]);
	}
	addition->added.n_added += got;
}

static int write_payload(struct addition *addition, enum block_type type, struct text *payload,
			 struct error *err)
{
	int code;

	if (text_failed(payload))
		return error_no_memory(err);
	if (!payload->length)
		return 0;
	code = block_writer_write(&addition->writer, type, payload->data, payload->length, err);
	text_clear(payload);
	return code;
}

/* The names first: lines stand behind the name of their frame. */
static int write_added(struct addition *addition, struct error *err)
{
	if (write_payload(addition, BLOCK_FRAMES, &addition->names, err))
		return -1;
	return write_payload(addition, BLOCK_LINES, &addition->payload, err);
}

static int compare_addresses(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/* An address may be in several blocks: names that were added before are in one of their own. */
static int add_pending(struct addition *addition, struct error *err)
{
	uint64_t *pending = addition->pending;

	if (addition->n_pending)
		qsort(pending, addition->n_pending, sizeof(*pending), compare_addresses);
	for (size_t i = 0; i < addition->n_pending; i++) {
		if (i && pending[i] == pending[i - 1])
			continue;
		addition->added.n_frames++;
		add_lines(addition, pending[i], add_name(addition, pending[i]));
		if (addition->payload.length + addition->names.length >= ADDED_BYTES &&
		    write_added(addition, err))
			return -1;
	}
	addition->n_pending = 0;
	return write_added(addition, err);
}

/* The addresses in a block of frames, which has been decoded: its entries are whole. */
static int note_pending(struct addition *addition, const void *payload, size_t length,
			struct error *err)
{
	struct cursor in = {.at = payload, .left = length};

	while (in.left) {
		uint32_t entry_length = get_u32(&in);
		struct cursor fields = {.at = get_bytes(&in, entry_length), .left = entry_length};

		if (addition->n_pending == addition->capacity) {
			size_t capacity = addition->capacity ? addition->capacity * 2 : 1024;
			uint64_t *pending = realloc(addition->pending, capacity * sizeof(*pending));

			if (!pending)
				return error_no_memory(err);
			addition->pending = pending;
			addition->capacity = capacity;
		}
		addition->pending[addition->n_pending++] = get_u64(&fields);
	}
	return 0;
}

static int read_table(struct addition *addition, const struct block *block, struct error *err)
{
	struct decoded decoded = {.catalog = &addition->catalog,
				  .frames = addition->frames,
				  .ledger = &addition->ledger};
	void *payload;
	int code;

	addition->table_bytes += block->length;
	if (addition->table_bytes > MAX_TABLE_BYTES)
		return error_set(err, "%s has tables of more than %" PRIu64 " MiB", addition->name,
				 MAX_TABLE_BYTES >> 20);
	payload = malloc((size_t)block->length + 1);
	if (!payload)
		return error_no_memory(err);
	code = codec_unpack(block->codec, block->stored, block->stored_length, payload,
			    block->length, err);
	if (!code)
		code = decode_block(block->type, payload, block->length, &decoded, err);
	if (code)
		error_prefix(err,
			     "%s is damaged: the block of %s at byte %" PRIu64 " can't be read",
			     addition->name, block_type_name(block->type), block->offset);
	if (!code && block->type == BLOCK_FRAMES)
		code = note_pending(addition, payload, block->length, err);
	free(payload);
	return code;
}

static int copy_end(struct addition *addition, const struct block *block, struct error *err)
{
	addition->ended = true;
	if (!block_writer_copy_end(&addition->writer, block, addition->index.n_entries != 0, err))
		return 0;
	error_prefix(err, "%s is damaged", addition->name);
	return -1;
}

/* Who reads the capture can read what is put into it. */
static int pack_alike(struct addition *addition, const struct block *block, struct error *err)
{
	if (addition->codec != CODEC_NONE || block->codec == CODEC_NONE)
		return 0;
	addition->codec = (enum codec)block->codec;
	return block_writer_pack(&addition->writer, addition->codec, err);
}

static int take_block(struct addition *addition, const struct block *block, struct error *err)
{
	if (pack_alike(addition, block, err))
		return -1;
	/* The capture's own names and lines of these frames must be known first. */
	if (block->type != BLOCK_LINES && block->type != BLOCK_FRAMES && add_pending(addition, err))
		return -1;
	switch (block->type) {
	case BLOCK_INDEX:
		return 0;
	case BLOCK_END:
		return copy_end(addition, block, err);
	case BLOCK_SYSTEM:
	case BLOCK_MODULES:
	case BLOCK_FRAMES:
	case BLOCK_LINES:
		if (read_table(addition, block, err))
			return -1;
		break;
	default:
		break;
	}
	return block_writer_copy(&addition->writer, block,
				 index_next(&addition->index, &addition->next, block->offset), err);
}

static int check_damage(const struct addition *addition, struct error *err)
{
	if (!addition->reader.n_damaged)
		return 0;
	error_set(err, "%s is damaged, so it is left as it is: %.*s", addition->name,
		  (int)strcspn(text_string(&addition->reader.trouble), "\n"),
		  text_string(&addition->reader.trouble));
	return error_hint(
		err, "names and lines can be looked up when it is shown: kapimon show --lines");
}

static int copy(struct addition *addition, struct error *err)
{
	struct block block;
	bool begun = false;
	int result;

	if (index_read(addition->reader.input, &addition->index, err) < 0 ||
	    block_reader_return(&addition->reader, err))
		return -1;
	while (!addition->ended) {
		result = block_reader_next(&addition->reader, -1, &block, err);
		if (result < 0 || check_damage(addition, err))
			return -1;
		if (result == INPUT_NOTHING_YET)
			continue;
		if (!begun) {
			addition->writer.major = addition->reader.major;
			addition->writer.minor = addition->reader.minor > CAPTURE_MINOR_LINES
							 ? addition->reader.minor
							 : CAPTURE_MINOR_LINES;
			if (block_writer_begin(&addition->writer, err))
				return -1;
			begun = true;
		}
		if (result == INPUT_END) {
			addition->added.cut = true;
			if (add_pending(addition, err))
				return -1;
			break;
		}
		if (take_block(addition, &block, err))
			return -1;
	}
	return capture_output_sync(addition->writer.output, err);
}

int capture_add_symbols(const char *from, const char *to, struct namer *namer,
			struct place_finder *finder, struct symbols_added *added, struct error *err)
{
	struct addition addition = {.name = from, .finder = finder};
	struct capture_input *input = capture_input_open(from, err);
	int code;

	if (!input)
		return -1;
	if (!input->seek) {
		input->close(input);
		return error_usage(err, "%s is not a file that could be copied", from);
	}
	if (block_writer_init(&addition.writer, to, false, err)) {
		input->close(input);
		return -1;
	}
	block_reader_init(&addition.reader, input);
	ledger_init(&addition.ledger);
	addition.frames = frame_table_create();
	code = addition.frames ? catalog_init(&addition.catalog, err) : error_no_memory(err);
	if (!code) {
		addition.catalog.resolve = resolve;
		addition.catalog.resolver = addition.frames;
		addition.catalog.namer = namer;
		code = copy(&addition, err);
		catalog_fini(&addition.catalog);
	}
	if (!code)
		*added = addition.added;
	block_reader_fini(&addition.reader);
	block_writer_fini(&addition.writer);
	index_fini(&addition.index);
	ledger_fini(&addition.ledger);
	frame_table_destroy(addition.frames);
	text_fini(&addition.payload);
	text_fini(&addition.names);
	free(addition.pending);
	return code;
}
