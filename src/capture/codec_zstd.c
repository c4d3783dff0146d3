/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/codec_backend.h"

#include <zstd.h>

/* The fastest of zstd's own levels: a capture is packed on the machine that is being watched. */
#define LEVEL 1

static void *create(void)
{
	return ZSTD_createCCtx();
}

static void destroy(void *context)
{
	ZSTD_freeCCtx(context);
}

static int pack(void *context, const void *bytes, size_t length, void *packed, size_t room,
		size_t *packed_length, struct error *err)
{
	size_t n = ZSTD_compressCCtx(context, packed, room, bytes, length, LEVEL);

	if (ZSTD_isError(n))
		return error_set(err, "zstd can't pack %zu bytes: %s", length,
				 ZSTD_getErrorName(n));
	*packed_length = n;
	return 0;
}

static int unpack(const void *packed, size_t packed_length, void *bytes, size_t room,
		  size_t *unpacked, struct error *err)
{
	size_t n = ZSTD_decompress(bytes, room, packed, packed_length);

	if (ZSTD_isError(n))
		return error_set(err, "zstd can't unpack it: %s", ZSTD_getErrorName(n));
	*unpacked = n;
	return 0;
}

const struct codec_backend codec_zstd = {
	.codec = CODEC_ZSTD,
	.create = create,
	.destroy = destroy,
	.bound = ZSTD_compressBound,
	.pack = pack,
	.unpack = unpack,
};
