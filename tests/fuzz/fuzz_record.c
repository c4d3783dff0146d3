/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes are a record or are refused; every part that the view names can be read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static volatile uint64_t seen;

static void touch(const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		seen += ((const unsigned char *)bytes)[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct record_view view;
	struct kmn_fetched what;
	const unsigned char *data;
	/* malloc: aligned as records are, and the sanitizer watches the end. */
	unsigned char *copy = malloc(size ? size : 1);
	int length;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, bytes, size);
	length = record_parse(copy, size, &view, NULL);
	if (length >= 0) {
		if ((size_t)length > size || length % 8)
			abort();
		if (view.ret)
			touch(view.ret, sizeof(*view.ret));
		if (view.stack)
			touch(view.stack, sizeof(*view.stack));
		touch(view.args, view.header->n_args * sizeof(*view.args));
		touch(view.fetched, view.fetched_length);
		if (view.frames)
			touch(view.frames, view.header->n_frames * sizeof(*view.frames));
		for (uint8_t i = 0; i < KMN_MAX_FETCHES; i++) {
			if (record_fetched(&view, i, &what, &data))
				touch(data, what.length);
		}
	}
	free(copy);
	return 0;
}
