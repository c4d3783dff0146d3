/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures that are packed in another way: what is in them stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/add_symbols.h"
#include "capture/bytes.h"
#include "capture/codec.h"
#include "capture/format.h"
#include "capture/repack.h"
#include "capture_sample.h"
#include "memory_capture_sample.h"

#define N_RECORDS 3000
#define MAX_BYTES ((size_t)4 << 20)

static char directory[] = "/tmp/kapimon-test-XXXXXX";
static char files[4][64];

static int make_directory(void **state)
{
	if (!mkdtemp(directory))
		return -1;
	for (size_t i = 0; i < 4; i++)
		snprintf(files[i], sizeof(files[i]), "%s/%zu.kmn", directory, i);
	return 0;
}

static int remove_directory(void **state)
{
	return rmdir(directory);
}

static int remove_files(void **state)
{
	for (size_t i = 0; i < 4; i++)
		unlink(files[i]);
	return 0;
}

static unsigned char *load(const char *path, size_t *length)
{
	unsigned char *bytes = malloc(MAX_BYTES);
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	*length = fread(bytes, 1, MAX_BYTES, file);
	fclose(file);
	return bytes;
}

static void store(const char *path, const unsigned char *bytes, size_t length)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static bool repack(const char *from, const char *to, enum codec codec)
{
	struct error err = {0};
	bool cut = false;

	if (capture_repack(from, to, false, codec, &cut, &err))
		fail_msg("%s", err.message);
	return cut;
}

/* How many blocks are packed like this; the others are not at all. */
static size_t count_packed(const char *path, enum codec codec)
{
	size_t length, at = CAPTURE_HEADER_BYTES, n = 0;
	unsigned char *bytes = load(path, &length);

	while (at + BLOCK_HEADER_BYTES <= length) {
		if (bytes[at + 10] != CODEC_NONE)
			assert_int_equal(bytes[at + 10], codec);
		n += bytes[at + 10] == codec;
		at += BLOCK_HEADER_BYTES + load_u32(bytes + at + 12);
	}
	assert_int_equal(at, length);
	free(bytes);
	return n;
}

static void assert_same_files(const char *one, const char *other)
{
	size_t lengths[2];
	unsigned char *a = load(one, &lengths[0]), *b = load(other, &lengths[1]);

	assert_int_equal(lengths[0], lengths[1]);
	assert_memory_equal(a, b, lengths[0]);
	free(a);
	free(b);
}

static void there_and_back_again_it_is_the_same_byte_for_byte(void **state)
{
	sample_memory_capture_write(files[0], N_RECORDS, 500, 300);
	assert_true(count_packed(files[0], CODEC_ZSTD) > 5);
	assert_false(repack(files[0], files[1], CODEC_ZLIB));
	assert_int_equal(count_packed(files[1], CODEC_ZLIB), count_packed(files[0], CODEC_ZSTD));
	assert_false(repack(files[1], files[2], CODEC_NONE));
	count_packed(files[2], CODEC_NONE);
	assert_false(repack(files[2], files[3], CODEC_ZSTD));
	assert_same_files(files[0], files[3]);
}

static void captures_of_older_versions_are_packed_too(void **state)
{
	static const char *const names[] = {"golden-1.kmn", "golden-2.kmn", "golden-2-memory.kmn"};
	char name[4096];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", getenv("KAPIMON_TEST_DATA"), names[i]);
		assert_false(repack(name, files[0], CODEC_NONE));
		assert_false(repack(name, files[1], CODEC_ZLIB));
		assert_true(count_packed(files[1], CODEC_ZLIB) > 0);
		assert_false(repack(files[1], files[2], CODEC_NONE));
		assert_same_files(files[0], files[2]);
	}
}

static void what_is_cut_stays_cut_and_what_is_damaged_is_refused(void **state)
{
	struct error err = {0};
	unsigned char *bytes;
	size_t length;
	bool cut;

	sample_memory_capture_write(files[0], N_RECORDS, 500, 300);
	bytes = load(files[0], &length);
	store(files[1], bytes, length - 10);
	assert_true(repack(files[1], files[2], CODEC_ZLIB));
	bytes[length / 2] ^= 1;
	store(files[1], bytes, length);
	assert_int_equal(capture_repack(files[1], files[2], false, CODEC_ZLIB, &cut, &err), -1);
	assert_non_null(strstr(err.message, "is damaged, so it is not copied"));
	free(bytes);
}

static bool make_name(struct namer *namer, const struct catalog *catalog,
		      const struct module *module, bool kernel, uint64_t offset,
		      const char **symbol, uint64_t *symbol_offset)
{
	*symbol = "some_function_with_a_name_that_makes_a_block_worth_packing";
	*symbol_offset = 1;
	return true;
}

static size_t make_no_places(struct place_finder *finder, const struct catalog *catalog,
			     uint64_t address, bool returned, const struct place **places)
{
	return 0;
}

static void names_are_put_in_packed_like_the_rest(void **state)
{
	struct place_finder finder = {.find = make_no_places};
	struct namer namer = {make_name};
	struct symbols_added added;
	size_t n;

	sample_capture_write_minimal(files[0], N_RECORDS, 500);
	repack(files[0], files[1], CODEC_ZLIB);
	n = count_packed(files[1], CODEC_ZLIB);
	assert_int_equal(capture_add_symbols(files[1], files[2], &namer, &finder, &added, NULL), 0);
	assert_true(added.n_named > 0);
	assert_true(count_packed(files[2], CODEC_ZLIB) > n);
}

/* A payload that is not what its header says is an error with each codec, and no more. */
static void damaged_payloads_are_told(void **state)
{
	static const enum codec codecs[] = {CODEC_ZSTD, CODEC_ZLIB};
	unsigned char plain[4096], copy[4096], unpacked[4096];
	struct packer *packer = packer_create();
	const void *packed;
	enum codec codec;
	size_t n;

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (unsigned char)(i * i >> 12);
	for (size_t k = 0; k < 2; k++) {
		assert_int_equal(packer_choose(packer, codecs[k], NULL), 0);
		assert_int_equal(
			packer_pack(packer, plain, sizeof(plain), &packed, &n, &codec, NULL), 0);
		assert_int_equal(codec, codecs[k]);
		assert_int_equal(
			codec_unpack((uint8_t)codec, packed, n, unpacked, sizeof(plain), NULL), 0);
		assert_memory_equal(unpacked, plain, sizeof(plain));
		assert_int_not_equal(
			codec_unpack((uint8_t)codec, packed, n, unpacked, sizeof(plain) - 1, NULL),
			0);
		assert_int_not_equal(
			codec_unpack((uint8_t)codec, packed, n - 1, unpacked, sizeof(plain), NULL),
			0);
		for (size_t i = 0; i < n; i++) {
			memcpy(copy, packed, n);
			copy[i] ^= 0x55;
			codec_unpack((uint8_t)codec, copy, n, unpacked, sizeof(plain), NULL);
		}
	}
	packer_destroy(packer);
}

static void codecs_have_names(void **state)
{
	struct error err = {0};
	enum codec codec;

	assert_int_equal(codec_parse("zlib", &codec, &err), 0);
	assert_int_equal(codec, CODEC_ZLIB);
	assert_int_equal(codec_parse("lzma", &codec, &err), -1);
	assert_non_null(strstr(err.hint, "zstd, zlib and none"));
	assert_false(codec_is_missing(CODEC_ZSTD));
	assert_false(codec_is_missing(99));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(there_and_back_again_it_is_the_same_byte_for_byte,
					  remove_files),
		cmocka_unit_test_teardown(captures_of_older_versions_are_packed_too, remove_files),
		cmocka_unit_test_teardown(what_is_cut_stays_cut_and_what_is_damaged_is_refused,
					  remove_files),
		cmocka_unit_test_teardown(names_are_put_in_packed_like_the_rest, remove_files),
		cmocka_unit_test_teardown(damaged_payloads_are_told, remove_files),
		cmocka_unit_test_teardown(codecs_have_names, remove_files),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
