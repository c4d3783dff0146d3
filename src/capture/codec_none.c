/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The codec of builds without zstd: what is written is plain, what zstd has packed can't be read.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/codec.h"

struct packer *packer_create(void)
{
	return malloc(1);
}

void packer_destroy(struct packer *packer)
{
	free(packer);
}

int packer_pack(struct packer *packer, const void *bytes, size_t length, const void **packed,
		size_t *packed_length, enum codec *codec, struct error *err)
{
	*packed = bytes;
	*packed_length = length;
	*codec = CODEC_NONE;
	return 0;
}

int codec_unpack(uint8_t codec, const void *packed, size_t packed_length, void *bytes,
		 size_t length, struct error *err)
{
	if (codec == CODEC_ZSTD)
		return error_set(err, "it is packed with zstd, which this build can't unpack");
	if (codec != CODEC_NONE)
		return error_set(err, "it is packed in a way (%u) that this version does not know",
				 codec);
	if (packed_length != length)
		return error_set(err, "%zu plain bytes should be %zu", packed_length, length);
	memcpy(bytes, packed, length);
	return 0;
}
