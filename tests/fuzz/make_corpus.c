/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the first inputs of the fuzzers: a record of every kind, blocks of events before they are
 * packed, and captures with few and with many blocks, plain and packed.
 *
 *	make_corpus DIRECTORY		makes DIRECTORY/record, /columns and /capture
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "capture/column_packer.h"
#include "capture_sample.h"
#include "memory_capture_sample.h"

/* prefix: the byte with which fuzz_capture chooses what to do; -1: none. */
static int write_input(const char *name, int prefix, const void *bytes, size_t size)
{
	FILE *file = fopen(name, "wb");

	if (!file) {
		perror(name);
		return -1;
	}
	if (prefix >= 0)
		fputc(prefix, file);
	fwrite(bytes, 1, size, file);
	return fclose(file);
}

static int write_records(const char *directory)
{
	struct sample_record record;
	char name[512];

	for (uint64_t i = 0; i < SAMPLE_GOLDEN_RECORDS; i++) {
		const struct kmn_header *header = sample_record_make(&record, i, NULL);

		snprintf(name, sizeof(name), "%s/record/%02u", directory, (unsigned)i);
		if (write_input(name, -1, header, header->length))
			return -1;
	}
	return 0;
}

static int write_captures(const char *directory)
{
	static const struct {
		uint64_t n_records, flush;
		uint64_t n_blocks; /* of memory; 0: none */
	} captures[] = {{0, 0, 0},   {1, 0, 0}, {8, 1, 0}, {64, 16, 0},
			{500, 0, 0}, {0, 0, 1}, {8, 0, 40}};
	static unsigned char bytes[1 << 20];
	char name[512];

	for (unsigned i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		size_t size;
		FILE *file;

		snprintf(name, sizeof(name), "%s/capture/whole", directory);
		if (captures[i].n_blocks)
			sample_memory_capture_write(name, captures[i].n_records, captures[i].flush,
						    captures[i].n_blocks);
		else
			sample_capture_write(name, captures[i].n_records, captures[i].flush);
		file = fopen(name, "rb");
		if (!file) {
			perror(name);
			return -1;
		}
		size = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
		remove(name);
		for (int prefix = 0; prefix < 4; prefix++) {
			snprintf(name, sizeof(name), "%s/capture/%u-%d", directory, i, prefix);
			if (write_input(name, prefix, bytes, size))
				return -1;
		}
	}
	return 0;
}

static int write_columns(const char *directory)
{
	static const uint64_t n_records[] = {1, 8, 64, 300};
	struct column_packer *packer = column_packer_create();
	struct text payload = TEXT_INIT;
	struct sample_record record;
	struct record_view view;
	char name[512];
	int code = packer ? 0 : -1;

	for (size_t i = 0; i < sizeof(n_records) / sizeof(n_records[0]) && !code; i++) {
		for (uint64_t j = 0; j < n_records[i] && !code; j++) {
			record_parse(sample_record_make(&record, j * 3, NULL), KMN_MAX_RECORD,
				     &view, NULL);
			code = column_packer_add(packer, &view, NULL);
		}
		text_clear(&payload);
		if (!code)
			code = column_packer_finish(packer, 0, &payload, NULL);
		snprintf(name, sizeof(name), "%s/columns/%zu", directory, i);
		if (!code)
			code = write_input(name, -1, payload.data, payload.length);
	}
	column_packer_destroy(packer);
	text_fini(&payload);
	return code;
}

int main(int argc, char **argv)
{
	char name[512];

	if (argc != 2) {
		fputs("usage: make_corpus DIRECTORY\n", stderr);
		return 2;
	}
	/* They may be there from before; whether they can be used shows when files are made. */
	mkdir(argv[1], 0777);
	snprintf(name, sizeof(name), "%s/record", argv[1]);
	mkdir(name, 0777);
	snprintf(name, sizeof(name), "%s/columns", argv[1]);
	mkdir(name, 0777);
	snprintf(name, sizeof(name), "%s/capture", argv[1]);
	mkdir(name, 0777);
	return write_records(argv[1]) || write_columns(argv[1]) || write_captures(argv[1]) ? 1 : 0;
}
