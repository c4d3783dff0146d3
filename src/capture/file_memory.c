/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "capture/file.h"

struct memory_input {
	struct capture_input base;
	const unsigned char *bytes, *at;
	size_t length, left;
};

static int memory_read(struct capture_input *input, void *bytes, size_t size, int timeout_ms,
		       size_t *got, struct error *err)
{
	struct memory_input *memory = (struct memory_input *)input;
	size_t n = size < memory->left ? size : memory->left;

	if (!n)
		return INPUT_END;
	memcpy(bytes, memory->at, n);
	memory->at += n;
	memory->left -= n;
	*got = n;
	return INPUT_DATA;
}

static int memory_seek(struct capture_input *input, uint64_t offset, struct error *err)
{
	struct memory_input *memory = (struct memory_input *)input;
	size_t to = offset < memory->length ? (size_t)offset : memory->length;

	memory->at = memory->bytes + to;
	memory->left = memory->length - to;
	return 0;
}

static int memory_size(struct capture_input *input, uint64_t *size, struct error *err)
{
	*size = ((struct memory_input *)input)->length;
	return 0;
}

static void memory_close(struct capture_input *input)
{
	free(input);
}

struct capture_input *capture_input_memory(const void *bytes, size_t length)
{
	struct memory_input *memory = malloc(sizeof(*memory));

	if (!memory)
		return NULL;
	*memory = (struct memory_input){
		.base = {.name = "memory",
			 .read = memory_read,
			 .seek = memory_seek,
			 .size = memory_size,
			 .close = memory_close},
		.bytes = bytes,
		.at = bytes,
		.length = length,
		.left = length,
	};
	return &memory->base;
}
