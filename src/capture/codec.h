/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a block's payload is packed. Each way is a backend of its own (codec_backend.h); which of
 * them there are depends on the build.
 */
#ifndef CAPTURE_CODEC_H
#define CAPTURE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* X(name, number, text) */
#define CODECS(X)                                                                                  \
	X(NONE, 0, "none")                                                                         \
	X(ZSTD, 1, "zstd")                                                                         \
	X(ZLIB, 2, "zlib")

enum codec {
#define CODEC_ENUM(name, number, text) CODEC_##name = number,
	CODECS(CODEC_ENUM)
#undef CODEC_ENUM
};

/* NULL: there is none of this number. */
const char *codec_name(uint8_t codec);
/* Of its name; an error when there is none, or none in this build. */
int codec_parse(const char *name, enum codec *codec, struct error *err);
/* It has a name, but this build can't unpack it. */
bool codec_is_missing(uint8_t codec);

struct packer;

/* Packs as this build does best. NULL: out of memory */
struct packer *packer_create(void);
void packer_destroy(struct packer *packer);
/* Packs like this from now on; of codec_parse(). */
int packer_choose(struct packer *packer, enum codec codec, struct error *err);
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
