/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/unpack.h"

#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define CHUNK (1 << 18)

typedef int unpack_fn(const void *data, size_t length, void *chunk, struct text *out,
		      struct error *err);

static int unpack_xz(const void *data, size_t length, void *chunk, struct text *out,
		     struct error *err)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret ret;

	if (lzma_stream_decoder(&stream, UINT64_MAX, 0) != LZMA_OK)
		return error_no_memory(err);
	stream.next_in = data;
	stream.avail_in = length;
	do {
		stream.next_out = chunk;
		stream.avail_out = CHUNK;
		ret = lzma_code(&stream, LZMA_RUN);
		text_add_bytes(out, chunk, CHUNK - stream.avail_out);
	} while (ret == LZMA_OK && (stream.avail_in || !stream.avail_out));
	lzma_end(&stream);
	return ret == LZMA_STREAM_END ? 0 : error_set(err, "the xz data is cut short or damaged");
}

static int unpack_zstd(const void *data, size_t length, void *chunk, struct text *out,
		       struct error *err)
{
	ZSTD_inBuffer in = {.src = data, .size = length};
	ZSTD_DStream *stream = ZSTD_createDStream();
	size_t ret;

	if (!stream)
		return error_no_memory(err);
	/* Kernels are packed with --ultra --long windows of up to 128 MB. */
	ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 30);
	do {
		ZSTD_outBuffer to = {.dst = chunk, .size = CHUNK};

		ret = ZSTD_decompressStream(stream, &to, &in);
		if (ZSTD_isError(ret) || (ret && !to.pos && in.pos == in.size))
			break;
		text_add_bytes(out, chunk, to.pos);
	} while (ret);
	ZSTD_freeDStream(stream);
	return ret ? error_set(err, "the zstd data is cut short or damaged") : 0;
}

static int unpack_gzip(const void *data, size_t length, void *chunk, struct text *out,
		       struct error *err)
{
	z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)length};
	int ret;

	if (length > UINT32_MAX)
		return error_set(err, "gzip data of more than 4 GB");
	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return error_no_memory(err);
	do {
		stream.next_out = chunk;
		stream.avail_out = CHUNK;
		ret = inflate(&stream, Z_NO_FLUSH);
		text_add_bytes(out, chunk, CHUNK - stream.avail_out);
	} while (ret == Z_OK);
	inflateEnd(&stream);
	return ret == Z_STREAM_END ? 0 : error_set(err, "the gzip data is cut short or damaged");
}

static const struct packer {
	const char *name;
	const char *magic;
	size_t magic_length;
	unpack_fn *unpack; /* NULL: known by name only */
} packers[] = {
	{"xz",
	 "\xfd"
	 "7zXZ",
	 6, unpack_xz}, /* the sixth byte is the string's NUL */
	{"zstd", "\x28\xb5\x2f\xfd", 4, unpack_zstd},
	{"gzip", "\x1f\x8b", 2, unpack_gzip},
	{"lz4", "\x02\x21\x4c\x18", 4, NULL},
	{"bzip2", "BZh", 3, NULL},
	{"lzo", "\x89LZO", 4, NULL},
	{"lzma", "\x5d\0\0", 3, NULL},
};

static const struct packer *packer_of(const void *data, size_t length)
{
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		if (length >= packers[i].magic_length &&
		    !memcmp(data, packers[i].magic, packers[i].magic_length))
			return &packers[i];
	}
	return NULL;
}

bool unpack_is_packed(const void *data, size_t length)
{
	const struct packer *packer = packer_of(data, length);

	return packer && packer->unpack;
}

int unpack(const void *data, size_t length, struct text *out, struct error *err)
{
	const struct packer *packer = packer_of(data, length);
	size_t before = out->length;
	void *chunk;
	int result;

	if (!packer)
		return error_set(err, "it is packed in a way that the lab doesn't know");
	if (!packer->unpack)
		return error_set(err, "it is packed with %s, which the lab can't unpack",
				 packer->name);
	chunk = malloc(CHUNK);
	if (!chunk)
		return error_no_memory(err);
	result = packer->unpack(data, length, chunk, out, err);
	free(chunk);
	if (!result && text_failed(out))
		result = error_no_memory(err);
	if (result && out->data && !out->failed) {
		out->length = before;
		out->data[before] = '\0';
	}
	return result;
}

bool unpack_is_elf(const void *data, size_t length)
{
	return length >= 4 && !memcmp(data, "\177ELF", 4);
}

/* Offsets in the setup header of the boot protocol. */
enum {
	SETUP_SECTS = 0x1f1,
	SETUP_MAGIC = 0x202,
	SETUP_VERSION = 0x206,
	SETUP_KERNEL_VERSION = 0x20e,
	SETUP_PAYLOAD_OFFSET = 0x248,
	SETUP_PAYLOAD_LENGTH = 0x24c,
	SETUP_END = 0x250,
};

static uint32_t little_endian(const uint8_t *at, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

bool unpack_is_bzimage(const void *data, size_t length)
{
	const uint8_t *image = data;

	return length >= SETUP_END && !memcmp(image + SETUP_MAGIC, "HdrS", 4);
}

static int find_payload(const void *data, size_t length, size_t *offset, size_t *payload,
			struct error *err)
{
	const uint8_t *image = data;
	size_t sectors, start, n;

	if (!unpack_is_bzimage(data, length))
		return error_set(err, "it is not a bzImage");
	if (little_endian(image + SETUP_VERSION, 2) < 0x208)
		return error_set(err, "its boot protocol is older than 2.08 and doesn't tell where "
				      "the kernel is");
	sectors = image[SETUP_SECTS] ? image[SETUP_SECTS] : 4; /* 0 means 4, from the floppy days */
	start = (sectors + 1) * 512 + little_endian(image + SETUP_PAYLOAD_OFFSET, 4);
	n = little_endian(image + SETUP_PAYLOAD_LENGTH, 4);
	if (start > length || n > length - start)
		return error_set(err, "it is cut short: its kernel would end at byte %zu of %zu",
				 start + n, length);
	*offset = start;
	*payload = n;
	return 0;
}

bool unpack_bzimage_can(const void *data, size_t length)
{
	const struct packer *packer;
	size_t offset, payload;

	if (find_payload(data, length, &offset, &payload, NULL))
		return true; /* unpack_bzimage() tells what is wrong with it */
	packer = packer_of((const uint8_t *)data + offset, payload);
	return !packer || packer->unpack;
}

int unpack_bzimage(const void *data, size_t length, struct text *vmlinux, struct error *err)
{
	const uint8_t *image = data;
	size_t before = vmlinux->length, offset, payload;

	if (find_payload(data, length, &offset, &payload, err))
		return -1;
	if (unpack(image + offset, payload, vmlinux, err))
		return -1;
	if (!unpack_is_elf(vmlinux->data + before, vmlinux->length - before)) {
		vmlinux->length = before;
		return error_set(err, "what is packed in it is not an ELF kernel");
	}
	return 0;
}

/* The release is the word after "Linux version " in a kernel's banner. */
static const char *find_banner(const void *data, size_t length, size_t *rest)
{
	static const char banner[] = "Linux version ";
	const char *at = data, *end = at + length;

	while ((at = memmem(at, (size_t)(end - at), banner, sizeof(banner) - 1))) {
		at += sizeof(banner) - 1;
		if (at < end && *at >= '0' && *at <= '9') {
			*rest = (size_t)(end - at);
			return at;
		}
	}
	return NULL;
}

int unpack_release(const void *data, size_t length, char **release, struct error *err)
{
	const uint8_t *image = data;
	const char *at = NULL;
	size_t rest = 0, n = 0;
	char *copy;

	if (unpack_is_bzimage(data, length)) {
		size_t offset = little_endian(image + SETUP_KERNEL_VERSION, 2) + 0x200;

		if (offset < length) {
			at = (const char *)image + offset;
			rest = length - offset;
		}
	} else {
		at = find_banner(data, length, &rest);
	}
	while (n < rest && at[n] > ' ' && at[n] < 0x7f)
		n++;
	if (!n)
		return error_set(err, "it doesn't tell its version");
	copy = strndup(at, n);
	if (!copy)
		return error_no_memory(err);
	*release = copy;
	return 0;
}
