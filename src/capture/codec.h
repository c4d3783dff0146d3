/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a block's payload is packed.
 */
#ifndef CAPTURE_CODEC_H
#define CAPTURE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* X(name, number, text) */
#define CODECS(X)                                                                                  \
	X(NONE, 0, "none")                                                                         \
	X(ZSTD, 1, "zstd")

enum codec {
#define CODEC_ENUM(name, number, text) CODEC_##name = number,
	CODECS(CODEC_ENUM)
#undef CODEC_ENUM
};

struct packer;

struct packer *packer_create(void); /* NULL: out of memory */
void packer_destroy(struct packer *packer);
/*
 * Pack the bytes; *packed is the packer's own and valid until the next call, or is bytes itself
 * when packing gains nothing (CODEC_NONE).
 */
int packer_pack(struct packer *packer, const void *bytes, size_t length, const void **packed,
		size_t *packed_length, enum codec *codec, struct error *err);

/* Unpack into exactly `length` bytes. */
int codec_unpack(uint8_t codec, const void *packed, size_t packed_length, void *bytes,
		 size_t length, struct error *err);

#endif
