/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/codec_backend.h"

#include <zlib.h>

/* The fastest: a capture is packed on the machine that is being watched. */
#define LEVEL Z_BEST_SPEED

/* Nothing is kept from call to call, but NULL would be a failure. */
static char nothing;

static void *create(void)
{
	return &nothing;
}

static void destroy(void *context)
{
}

static size_t bound(size_t length)
{
	return compressBound((uLong)length);
}

static const char *reason(int code)
{
	switch (code) {
	case Z_MEM_ERROR:
		return "out of memory";
	case Z_BUF_ERROR:
		return "it is too long, or cut";
	}
	return "it is damaged";
}

static int pack(void *context, const void *bytes, size_t length, void *packed, size_t room,
		size_t *packed_length, struct error *err)
{
	uLongf n = (uLongf)room;
	int code = compress2(packed, &n, bytes, (uLong)length, LEVEL);

	if (code != Z_OK)
		return error_set(err, "zlib can't pack %zu bytes: %s", length, reason(code));
	*packed_length = n;
	return 0;
}

static int unpack(const void *packed, size_t packed_length, void *bytes, size_t room,
		  size_t *unpacked, struct error *err)
{
	uLongf n = (uLongf)room;
	int code = uncompress(bytes, &n, packed, (uLong)packed_length);

	if (code != Z_OK)
		return error_set(err, "zlib can't unpack it: %s", reason(code));
	*unpacked = n;
	return 0;
}

const struct codec_backend codec_zlib = {
	.codec = CODEC_ZLIB,
	.create = create,
	.destroy = destroy,
	.bound = bound,
	.pack = pack,
	.unpack = unpack,
};
