/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring of TRACE.SYS: every number is a record or lost, in order, whoever writes at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <nt/ring.h>

#define SIZE 4096
#define N_THREADS 4
#define N_RECORDS 200000

static bool put(struct ring *ring, uint16_t n_args, uint64_t value, uint64_t *sequence)
{
	struct kmn_header header = {.length = (uint16_t)(sizeof(header) + 8 * n_args),
				    .kind = KMN_ENTRY,
				    .n_args = (uint8_t)n_args,
				    .hook = 7};
	struct kmn_header *record = ring_reserve(ring, header.length, &header.sequence);

	*sequence = header.sequence;
	if (!record)
		return false;
	for (uint16_t i = 0; i < n_args; i++)
		((uint64_t *)(record + 1))[i] = value;
	ring_commit(record, &header);
	return true;
}

static void test_order_and_loss(void **state)
{
	uint64_t *memory = calloc(1, SIZE), sequence, next = 0;
	unsigned char *bytes = malloc(SIZE);
	uint64_t lost = 0, seen = 0, gaps = 0;
	struct ring ring;

	ring_init(&ring, memory, SIZE);
	for (unsigned round = 0; round < 3000; round++) {
		for (unsigned i = 0; i < round % 90; i++)
			lost += !put(&ring, (uint16_t)(i % 9), round, &sequence);
		for (size_t n; (n = ring_read(&ring, bytes, round % 2 ? SIZE : 200));) {
			for (size_t at = 0; at < n;) {
				struct kmn_header *record = (struct kmn_header *)(bytes + at);

				assert_true(record->sequence >= next);
				gaps += record->sequence - next;
				next = record->sequence + 1;
				assert_int_equal(record->hook, 7);
				for (unsigned i = 0; i < record->n_args; i++)
					assert_int_equal(((uint64_t *)(record + 1))[i], round);
				seen++;
				at += record->length;
			}
		}
		assert_true(ring_empty(&ring));
	}
	assert_true(lost > 0 && seen > 0);
	gaps += sequence + 1 - next; /* lost at the very end */
	assert_int_equal(gaps, lost);
	for (size_t i = 0; i < SIZE / 8; i++)
		assert_int_equal(memory[i], 0);
	free(memory);
	free(bytes);
}

/* What is reserved and not committed keeps what is behind it from being read. */
static void test_uncommitted(void **state)
{
	uint64_t memory[SIZE / 8] = {0}, sequence;
	struct kmn_header header = {.length = sizeof(header), .kind = KMN_ENTRY}, *record;
	unsigned char bytes[SIZE];
	struct ring ring;

	ring_init(&ring, memory, SIZE);
	record = ring_reserve(&ring, header.length, &header.sequence);
	assert_non_null(record);
	assert_true(put(&ring, 1, 5, &sequence));
	assert_int_equal(ring_read(&ring, bytes, sizeof(bytes)), 0);
	assert_false(ring_empty(&ring));
	ring_commit(record, &header);
	assert_int_equal(ring_read(&ring, bytes, sizeof(bytes)), 2 * sizeof(header) + 8);
}

/* A record that does not fit before the end needs room at the front, and the end is lost for it. */
static void test_end(void **state)
{
	uint64_t memory[SIZE / 8] = {0}, sequence;
	unsigned char bytes[SIZE];
	struct ring ring;

	ring_init(&ring, memory, SIZE);
	for (unsigned i = 0; i < 34; i++) /* of 15 words; 2 are left */
		assert_true(put(&ring, 8, i, &sequence));
	assert_int_equal(ring_read(&ring, bytes, 120), 120);
	assert_false(put(&ring, 10, 1, &sequence)); /* 17 are free, but not in one piece */
	assert_true(put(&ring, 8, 34, &sequence));
	assert_false(put(&ring, 1, 1, &sequence));
	assert_int_equal(ring_read(&ring, bytes, sizeof(bytes)), 34 * 120);
	for (unsigned i = 0; i < 34; i++)
		assert_int_equal(*(uint64_t *)(bytes + i * 120 + sizeof(struct kmn_header)), i + 1);
}

static struct ring shared;
static uint64_t lost_by[N_THREADS];

static void *writer(void *number)
{
	uint64_t me = (uint64_t)(uintptr_t)number, sequence;

	for (uint64_t i = 0; i < N_RECORDS; i++)
		lost_by[me] += !put(&shared, (uint16_t)(1 + i % 5), me << 32 | i, &sequence);
	return NULL;
}

static void test_threads(void **state)
{
	static unsigned char bytes[1 << 16];
	pthread_t threads[N_THREADS];
	uint64_t last[N_THREADS] = {0}, next = 0, seen = 0, gaps = 0, lost = 0;
	void *memory = calloc(1, 1 << 14);

	ring_init(&shared, memory, 1 << 14);
	for (uintptr_t i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, writer, (void *)i), 0);
	while (next < (uint64_t)N_THREADS * N_RECORDS) {
		size_t n = ring_read(&shared, bytes, sizeof(bytes));

		for (size_t at = 0; at < n;) {
			struct kmn_header *record = (struct kmn_header *)(bytes + at);
			uint64_t value = *(uint64_t *)(record + 1), who = value >> 32;

			gaps += record->sequence - next;
			next = record->sequence + 1;
			for (unsigned i = 1; i < record->n_args; i++)
				assert_int_equal(((uint64_t *)(record + 1))[i], value);
			assert_true(who < N_THREADS && (value & 0xffffffff) >= last[who]);
			last[who] = (value & 0xffffffff) + 1;
			seen++;
			at += record->length;
		}
		/* The last numbers may be lost ones. */
		lost = 0;
		for (unsigned i = 0; i < N_THREADS; i++)
			lost += __atomic_load_n(&lost_by[i], __ATOMIC_RELAXED);
		if (!n && seen + lost == (uint64_t)N_THREADS * N_RECORDS)
			break;
	}
	for (unsigned i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	lost = 0;
	for (unsigned i = 0; i < N_THREADS; i++)
		lost += lost_by[i];
	gaps += (uint64_t)N_THREADS * N_RECORDS - next;
	assert_int_equal(seen + lost, (uint64_t)N_THREADS * N_RECORDS);
	assert_int_equal(gaps, lost);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_loss),
		cmocka_unit_test(test_uncommitted),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
