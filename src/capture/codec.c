/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/codec.h"

#include <stdlib.h>
#include <string.h>

#include <zstd.h>

/* The fastest of zstd's own levels: a capture is packed on the machine that is being watched. */
#define LEVEL 1

/* Below this a block is not worth the effort. */
#define LEAST_BYTES 64

struct packer {
	ZSTD_CCtx *context;
	unsigned char *bytes;
	size_t capacity;
};

struct packer *packer_create(void)
{
	struct packer *packer = calloc(1, sizeof(*packer));

	if (!packer)
		return NULL;
	packer->context = ZSTD_createCCtx();
	if (!packer->context) {
		free(packer);
		return NULL;
	}
	return packer;
}

void packer_destroy(struct packer *packer)
{
	if (!packer)
		return;
	ZSTD_freeCCtx(packer->context);
	free(packer->bytes);
	free(packer);
}

int packer_pack(struct packer *packer, const void *bytes, size_t length, const void **packed,
		size_t *packed_length, enum codec *codec, struct error *err)
{
	size_t bound = ZSTD_compressBound(length);
	size_t n;

	if (length < LEAST_BYTES)
		goto plain;
	if (bound > packer->capacity) {
		unsigned char *grown = realloc(packer->bytes, bound);

		if (!grown)
			return error_no_memory(err);
		packer->bytes = grown;
		packer->capacity = bound;
	}
	n = ZSTD_compressCCtx(packer->context, packer->bytes, packer->capacity, bytes, length,
			      LEVEL);
	if (ZSTD_isError(n))
		return error_set(err, "zstd can't pack %zu bytes: %s", length,
				 ZSTD_getErrorName(n));
	if (n >= length)
		goto plain;
	*packed = packer->bytes;
	*packed_length = n;
	*codec = CODEC_ZSTD;
	return 0;
plain:
	*packed = bytes;
	*packed_length = length;
	*codec = CODEC_NONE;
	return 0;
}

int codec_unpack(uint8_t codec, const void *packed, size_t packed_length, void *bytes,
		 size_t length, struct error *err)
{
	size_t n;

	switch (codec) {
	case CODEC_NONE:
		if (packed_length != length)
			return error_set(err, "%zu plain bytes should be %zu", packed_length,
					 length);
		memcpy(bytes, packed, length);
		return 0;
	case CODEC_ZSTD:
		n = ZSTD_decompress(bytes, length, packed, packed_length);
		if (ZSTD_isError(n))
			return error_set(err, "zstd can't unpack it: %s", ZSTD_getErrorName(n));
		if (n != length)
			return error_set(err, "it unpacks to %zu bytes instead of %zu", n, length);
		return 0;
	}
	return error_set(err, "it is packed in a way (%u) that this version does not know", codec);
}
