/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buffers in memory and beyond it in a temporary file, and the thread that empties one. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/outlet.h"
#include "base/spool.h"

#define CHUNK SPOOL_CHUNK

/* The same numbers each time. */
static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

static void fill(unsigned char *bytes, size_t length, uint64_t number)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (unsigned char)(number * 31 + i * 7);
}

static size_t length_of(uint64_t number)
{
	uint64_t state = number * 77 + 1;

	next_random(&state);
	return (size_t)(next_random(&state) % 4000 + 1) * 8;
}

/* Take out of it what was put in as number `from` to `to` and see that it is that. */
static void take_out(struct spool *spool, uint64_t from, uint64_t to)
{
	static unsigned char expected[CHUNK];
	struct error err = {0};

	for (uint64_t i = from; i < to; i++) {
		size_t length = length_of(i), there = 0;
		const void *bytes = NULL;

		assert_int_equal(spool_front(spool, &bytes, &there, &err), 0);
		assert_non_null(bytes);
		assert_true(there >= length);
		fill(expected, length, i);
		assert_memory_equal(bytes, expected, length);
		assert_int_equal((uintptr_t)bytes % 8, 0);
		spool_take(spool, length);
	}
}

static int put_in(struct spool *spool, uint64_t number, struct error *err)
{
	static unsigned char bytes[CHUNK];

	fill(bytes, length_of(number), number);
	return spool_put(spool, bytes, length_of(number), err);
}

/* No file may grow further than this, as on a full disk. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int lift_limit(void **state)
{
	limit_files(RLIM_INFINITY);
	return 0;
}

static void what_goes_in_comes_out_in_order(void **state)
{
	static const uint64_t memories[] = {0, CHUNK * 5, CHUNK * 1000};

	for (size_t i = 0; i < 3; i++) {
		struct error err = {0};
		struct spool *spool = spool_create(memories[i], &err);
		uint64_t in = 0, out = 0, random = i, bytes = 0, in_file = 0;
		const void *front;
		size_t length;

		/* More goes in than out, then less. */
		for (int turn = 0; turn < 400; turn++) {
			uint64_t n = next_random(&random) % (turn < 200 ? 40 : 10);

			for (; n; n--) {
				assert_int_equal(put_in(spool, in, &err), SPOOL_PUT);
				bytes += length_of(in++);
			}
			n = next_random(&random) % (turn < 200 ? 10 : 40);
			for (; n && out < in; n--) {
				take_out(spool, out, out + 1);
				bytes -= length_of(out++);
			}
			assert_int_equal(spool_bytes(spool), bytes);
			if (spool_bytes_in_file(spool) > in_file)
				in_file = spool_bytes_in_file(spool);
		}
		take_out(spool, out, in);
		assert_int_equal(spool_bytes(spool), 0);
		assert_int_equal(spool_front(spool, &front, &length, &err), 0);
		assert_null(front);
		if (i < 2)
			assert_true(in_file > 0);
		else
			assert_int_equal(in_file, 0);
		spool_destroy(spool);
	}
}

/* The space of what was taken out is used again, or a flight recorder would fill the disk. */
static void the_file_grows_no_further_than_what_is_in_it(void **state)
{
	struct error err = {0};
	struct spool *spool = spool_create(0, &err);
	uint64_t in = 0, out = 0;

	limit_files(16 * CHUNK);
	for (int turn = 0; turn < 3000; turn++) {
		assert_int_equal(put_in(spool, in++, &err), SPOOL_PUT);
		while (spool_bytes(spool) > 10 * CHUNK) {
			take_out(spool, out, out + 1);
			out++;
		}
	}
	assert_true(spool_bytes_in_file(spool) > 0);
	spool_destroy(spool);
}

static void a_full_disk_is_told_and_loses_nothing(void **state)
{
	struct error err = {0};
	struct spool *spool = spool_create(0, &err);
	uint64_t in = 0, half;
	int result = SPOOL_PUT;

	limit_files(4 * CHUNK);
	while (result == SPOOL_PUT && in < 100000)
		if (!(result = put_in(spool, in, &err)))
			in++;
	assert_int_equal(result, SPOOL_FULL);
	assert_non_null(strstr(err.message, "can't write to the temporary file in "));
	/* With something out there is room again. */
	half = in / 2;
	take_out(spool, 0, half);
	for (int i = 0; i < 20; i++)
		assert_int_equal(put_in(spool, in++, &err), SPOOL_PUT);
	lift_limit(state);
	take_out(spool, half, in);
	spool_destroy(spool);
}

static void the_file_is_where_tmpdir_says_and_has_no_name(void **state)
{
	char directory[] = "/tmp/kapimon-spool-XXXXXX";
	struct error err = {0};
	struct spool *spool = spool_create(0, &err);
	struct dirent *entry;
	int result = 0;
	DIR *dir;

	assert_non_null(mkdtemp(directory));
	setenv("TMPDIR", directory, 1);
	for (uint64_t i = 0; i < 500; i++)
		assert_int_equal(put_in(spool, i, &err), SPOOL_PUT);
	assert_true(spool_bytes_in_file(spool) > 0);
	dir = opendir(directory);
	while ((entry = readdir(dir)))
		assert_int_equal(entry->d_name[0], '.');
	closedir(dir);
	spool_destroy(spool);
	assert_int_equal(rmdir(directory), 0);

	/* There is nothing there any more. */
	spool = spool_create(0, &err);
	for (uint64_t i = 0; i < 500 && !result; i++)
		result = put_in(spool, i, &err);
	assert_int_equal(result, SPOOL_FULL);
	assert_non_null(strstr(err.message, directory));
	spool_destroy(spool);
	unsetenv("TMPDIR");
}

/* A reader that takes nothing until it is let. */
struct reader {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool open;
	uint64_t n_came; /* pieces, each checked */
	uint64_t fails_at;
};

static size_t piece_length(uint64_t number)
{
	/* Some don't fit into a chunk. */
	return number % 10 == 9 ? CHUNK * 2 + number : length_of(number);
}

static int read_piece(void *context, const void *bytes, size_t length, struct error *err)
{
	static unsigned char expected[CHUNK * 3];
	struct reader *reader = context;

	pthread_mutex_lock(&reader->mutex);
	while (!reader->open)
		pthread_cond_wait(&reader->changed, &reader->mutex);
	pthread_mutex_unlock(&reader->mutex);
	if (reader->n_came == reader->fails_at)
		return error_set(err, "the reader has gone");
	fill(expected, piece_length(reader->n_came), reader->n_came);
	assert_int_equal(length, piece_length(reader->n_came));
	assert_memory_equal(bytes, expected, length);
	reader->n_came++;
	return 0;
}

static void reader_init(struct reader *reader, bool open)
{
	memset(reader, 0, sizeof(*reader));
	pthread_mutex_init(&reader->mutex, NULL);
	pthread_cond_init(&reader->changed, NULL);
	reader->open = open;
	reader->fails_at = UINT64_MAX;
}

static void reader_open(struct reader *reader)
{
	pthread_mutex_lock(&reader->mutex);
	reader->open = true;
	pthread_cond_signal(&reader->changed);
	pthread_mutex_unlock(&reader->mutex);
}

static int put_piece(struct outlet *outlet, uint64_t number, struct error *err)
{
	static unsigned char bytes[CHUNK * 3];

	fill(bytes, piece_length(number), number);
	return outlet_put(outlet, bytes, piece_length(number), err);
}

/* Were it not so, this test would hang: nothing is taken before all is given. */
static void who_gives_does_not_wait_for_the_reader(void **state)
{
	struct error err = {0}, why;
	struct reader reader;
	struct outlet *outlet;

	reader_init(&reader, false);
	outlet = outlet_create(0, read_piece, &reader, &err);
	assert_non_null(outlet);
	for (uint64_t i = 0; i < 300; i++)
		assert_int_equal(put_piece(outlet, i, &err), 0);
	assert_false(outlet_was_full(outlet, &why));
	reader_open(&reader);
	assert_int_equal(outlet_drain(outlet, &err), 0);
	assert_int_equal(reader.n_came, 300);
	for (uint64_t i = 300; i < 310; i++)
		assert_int_equal(put_piece(outlet, i, &err), 0);
	outlet_destroy(outlet);
	assert_int_equal(reader.n_came, 310);
}

static void a_failure_is_told_to_who_gives(void **state)
{
	struct error err = {0};
	struct reader reader;
	struct outlet *outlet;

	reader_init(&reader, true);
	reader.fails_at = 5;
	outlet = outlet_create(0, read_piece, &reader, &err);
	for (uint64_t i = 0; i < 10 && !put_piece(outlet, i, &err); i++)
		;
	err = (struct error){0};
	assert_int_equal(outlet_drain(outlet, &err), -1);
	assert_string_equal(err.message, "the reader has gone");
	assert_int_equal(put_piece(outlet, 10, &err), -1);
	assert_int_equal(outlet_check(outlet, &err), -1);
	assert_int_equal(reader.n_came, 5);
	outlet_destroy(outlet);
}

static void *open_later(void *argument)
{
	usleep(200000);
	reader_open(argument);
	return NULL;
}

static void with_a_full_disk_there_is_a_wait_which_is_told(void **state)
{
	struct error err = {0}, why = {0};
	struct reader reader;
	struct outlet *outlet;
	pthread_t thread;

	limit_files(CHUNK);
	reader_init(&reader, false);
	outlet = outlet_create(0, read_piece, &reader, &err);
	assert_int_equal(pthread_create(&thread, NULL, open_later, &reader), 0);
	for (uint64_t i = 0; i < 300; i++)
		assert_int_equal(put_piece(outlet, i, &err), 0);
	assert_int_equal(outlet_drain(outlet, &err), 0);
	assert_int_equal(reader.n_came, 300);
	assert_true(outlet_was_full(outlet, &why));
	assert_non_null(strstr(why.message, "can't write to the temporary file in "));
	assert_false(outlet_was_full(outlet, &why));
	pthread_join(thread, NULL);
	outlet_destroy(outlet);
}

/* Longer than there is room for: it goes out all the same. */
static void a_piece_longer_than_the_buffer_goes_out(void **state)
{
	struct error err = {0};
	struct reader reader;
	struct outlet *outlet;

	limit_files(1);
	reader_init(&reader, true);
	outlet = outlet_create(0, read_piece, &reader, &err);
	for (uint64_t i = 0; i < 40; i++)
		assert_int_equal(put_piece(outlet, i, &err), 0);
	assert_int_equal(outlet_drain(outlet, &err), 0);
	assert_int_equal(reader.n_came, 40);
	outlet_destroy(outlet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_goes_in_comes_out_in_order, lift_limit),
		cmocka_unit_test_teardown(the_file_grows_no_further_than_what_is_in_it, lift_limit),
		cmocka_unit_test_teardown(a_full_disk_is_told_and_loses_nothing, lift_limit),
		cmocka_unit_test_teardown(the_file_is_where_tmpdir_says_and_has_no_name,
					  lift_limit),
		cmocka_unit_test_teardown(who_gives_does_not_wait_for_the_reader, lift_limit),
		cmocka_unit_test_teardown(a_failure_is_told_to_who_gives, lift_limit),
		cmocka_unit_test_teardown(with_a_full_disk_there_is_a_wait_which_is_told,
					  lift_limit),
		cmocka_unit_test_teardown(a_piece_longer_than_the_buffer_goes_out, lift_limit),
	};

	signal(SIGXFSZ, SIG_IGN);
	/* What hangs fails. */
	alarm(100);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
