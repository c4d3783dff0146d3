/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/decompress.h"

#include <limits.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* No module, not even one with DWARF, comes near it: a damaged length must not eat the memory. */
#define LARGEST ((size_t)1 << 30)

struct output {
	unsigned char *data;
	size_t length, capacity;
};

/* Room for at least one more byte; false at the limit or without memory. */
static bool output_grow(struct output *output, size_t first)
{
	size_t capacity = output->capacity ? output->capacity * 2 : first;
	unsigned char *data;

	if (output->length < output->capacity)
		return true;
	if (capacity > LARGEST)
		return false;
	data = realloc(output->data, capacity);
	if (!data)
		return false;
	output->data = data;
	output->capacity = capacity;
	return true;
}

/* Each returns NULL, or what is wrong. */
static const char *inflate_gzip(const void *data, size_t size, struct output *output)
{
	z_stream stream = {0};
	const char *wrong = NULL;
	int result = Z_OK;

	if (size > UINT_MAX)
		return "too large";
	if (inflateInit2(&stream, 15 + 16) != Z_OK)
		return "out of memory";
	stream.next_in = (Bytef *)data;
	stream.avail_in = (uInt)size;
	while (result != Z_STREAM_END && !wrong) {
		size_t room;

		if (!output_grow(output, size * 4 + 4096)) {
			wrong = "too large";
			break;
		}
		room = output->capacity - output->length;
		stream.next_out = output->data + output->length;
		stream.avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
		room = stream.avail_out;
		result = inflate(&stream, Z_NO_FLUSH);
		output->length += room - stream.avail_out;
		if (result != Z_OK && result != Z_STREAM_END)
			wrong = "the data are damaged or cut short";
	}
	inflateEnd(&stream);
	return wrong;
}

static const char *decode_xz(const void *data, size_t size, struct output *output)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	const char *wrong = NULL;
	lzma_ret result = LZMA_OK;

	if (lzma_stream_decoder(&stream, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK)
		return "out of memory";
	stream.next_in = data;
	stream.avail_in = size;
	while (result != LZMA_STREAM_END && !wrong) {
		if (!output_grow(output, size * 4 + 4096)) {
			wrong = "too large";
			break;
		}
		stream.next_out = output->data + output->length;
		stream.avail_out = output->capacity - output->length;
		result = lzma_code(&stream, LZMA_FINISH);
		output->length = output->capacity - stream.avail_out;
		if (result != LZMA_OK && result != LZMA_STREAM_END)
			wrong = "the data are damaged or cut short";
	}
	lzma_end(&stream);
	return wrong;
}

static const char *decode_zstd(const void *data, size_t size, struct output *output)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = {data, size, 0};
	const char *wrong = NULL;
	size_t result = 1;

	if (!stream)
		return "out of memory";
	while (result && !wrong) {
		ZSTD_outBuffer out;
		size_t before = in.pos;

		if (!output_grow(output, size * 4 + 4096)) {
			wrong = "too large";
			break;
		}
		out = (ZSTD_outBuffer){output->data, output->capacity, output->length};
		result = ZSTD_decompressStream(stream, &out, &in);
		if (ZSTD_isError(result) ||
		    (result && in.pos == before && in.pos == in.size && out.pos == output->length))
			wrong = "the data are damaged or cut short";
		output->length = out.pos;
	}
	ZSTD_freeDStream(stream);
	return wrong;
}

static const struct format {
	const char *name;
	unsigned char magic[6];
	size_t magic_length;
	const char *(*decode)(const void *data, size_t size, struct output *output);
} formats[] = {
	{"gzip", {0x1f, 0x8b}, 2, inflate_gzip},
	{"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6, decode_xz},
	{"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4, decode_zstd},
};

int decompress(const char *path, const void *data, size_t size, void **out, size_t *out_size,
	       struct error *err)
{
	struct output output = {0};
	void *copy;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const char *wrong;

		if (size < formats[i].magic_length ||
		    memcmp(data, formats[i].magic, formats[i].magic_length))
			continue;
		wrong = formats[i].decode(data, size, &output);
		if (wrong) {
			free(output.data);
			return error_set(err, "can't decompress %s (%s): %s", path, formats[i].name,
					 wrong);
		}
		*out = output.data;
		*out_size = output.length;
		return 0;
	}
	copy = malloc(size ? size : 1);
	if (!copy)
		return error_no_memory(err);
	memcpy(copy, data, size);
	*out = copy;
	*out_size = size;
	return 0;
}
