/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/codec.h"

#include <stdlib.h>
#include <string.h>

#include "capture/codec_backend.h"

/* Below this a block is not worth the effort. */
#define LEAST_BYTES 64

static const struct {
	const char *name;
	enum codec codec;
} names[] = {
#define CODEC_NAME(name, number, text) {text, CODEC_##name},
	CODECS(CODEC_NAME)
#undef CODEC_NAME
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

static const struct codec_backend *find_backend(uint8_t codec)
{
	for (size_t i = 0; codec_backends[i]; i++)
		if (codec_backends[i]->codec == codec)
			return codec_backends[i];
	return NULL;
}

const char *codec_name(uint8_t codec)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (names[i].codec == codec)
			return names[i].name;
	return NULL;
}

bool codec_is_missing(uint8_t codec)
{
	return codec != CODEC_NONE && codec_name(codec) && !find_backend(codec);
}

int codec_parse(const char *name, enum codec *codec, struct error *err)
{
	for (size_t i = 0; i < N_NAMES; i++) {
		if (strcmp(names[i].name, name))
			continue;
		if (codec_is_missing((uint8_t)names[i].codec))
			return error_usage(err, "this program is built without %s", name);
		*codec = names[i].codec;
		return 0;
	}
	error_usage(err, "there is no way of packing called '%s'", name);
	return error_hint(err, "there are zstd, zlib and none");
}

struct packer {
	const struct codec_backend *backend; /* NULL: nothing is packed */
	void *context;			     /* the backend's */
	unsigned char *bytes;
	size_t capacity;
};

struct packer *packer_create(void)
{
	struct packer *packer = calloc(1, sizeof(*packer));

	if (packer && packer_choose(packer, codec_backends[0]->codec, NULL)) {
		free(packer);
		return NULL;
	}
	return packer;
}

void packer_destroy(struct packer *packer)
{
	if (!packer)
		return;
	if (packer->backend)
		packer->backend->destroy(packer->context);
	free(packer->bytes);
	free(packer);
}

int packer_choose(struct packer *packer, enum codec codec, struct error *err)
{
	const struct codec_backend *backend = find_backend((uint8_t)codec);
	void *context = backend ? backend->create() : NULL;

	if (backend && !context)
		return error_no_memory(err);
	if (packer->backend)
		packer->backend->destroy(packer->context);
	packer->backend = backend;
	packer->context = context;
	return 0;
}

int packer_pack(struct packer *packer, const void *bytes, size_t length, const void **packed,
		size_t *packed_length, enum codec *codec, struct error *err)
{
	const struct codec_backend *backend = packer->backend;
	size_t bound, n;

	if (!backend || length < LEAST_BYTES)
		goto plain;
	bound = backend->bound(length);
	if (bound > packer->capacity) {
		unsigned char *grown = realloc(packer->bytes, bound);

		if (!grown)
			return error_no_memory(err);
		packer->bytes = grown;
		packer->capacity = bound;
	}
	if (backend->pack(packer->context, bytes, length, packer->bytes, packer->capacity, &n, err))
		return -1;
	if (n >= length)
		goto plain;
	*packed = packer->bytes;
	*packed_length = n;
	*codec = backend->codec;
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
	const struct codec_backend *backend = find_backend(codec);
	size_t n;

	if (codec == CODEC_NONE) {
		if (packed_length != length)
			return error_set(err, "%zu plain bytes should be %zu", packed_length,
					 length);
		memcpy(bytes, packed, length);
		return 0;
	}
	if (codec_is_missing(codec))
		return error_set(err, "it is packed with %s, which this program is built without",
				 codec_name(codec));
	if (!backend)
		return error_set(err, "it is packed in a way (%u) that this version does not know",
				 codec);
	if (backend->unpack(packed, packed_length, bytes, length, &n, err))
		return -1;
	if (n != length)
		return error_set(err, "it unpacks to %zu bytes instead of %zu", n, length);
	return 0;
}
