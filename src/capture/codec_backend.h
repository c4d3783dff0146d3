/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One way of packing, by a library. codec_backends.c or codec_backends_zlib.c has those of a build.
 */
#ifndef CAPTURE_CODEC_BACKEND_H
#define CAPTURE_CODEC_BACKEND_H

#include "capture/codec.h"

struct codec_backend {
	enum codec codec;
	/* What packing needs from call to call. NULL: out of memory; destroy takes NULL. */
	void *(*create)(void);
	void (*destroy)(void *context);
	/* Room that is enough for these bytes, whatever they are. */
	size_t (*bound)(size_t length);
	int (*pack)(void *context, const void *bytes, size_t length, void *packed, size_t room,
		    size_t *packed_length, struct error *err);
	/* *unpacked: how many bytes it came to, at most `room`. */
	int (*unpack)(const void *packed, size_t packed_length, void *bytes, size_t room,
		      size_t *unpacked, struct error *err);
};

extern const struct codec_backend codec_zlib, codec_zstd;

/* Ended by NULL; the first packs where nothing else was chosen. */
extern const struct codec_backend *const codec_backends[];

#endif
