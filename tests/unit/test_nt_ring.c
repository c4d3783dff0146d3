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

static uint64_t lost_by[N_THREADS], written_by[N_THREADS];
static bool enough;

struct writing {
	struct ring *first;
	uint64_t me;
};

/* Comes late to all rings but the first. */
static void *writer(void *context)
{
	struct writing *writing = context;
	uint64_t me = writing->me, sequence;

	for (uint64_t i = 0; i < N_RECORDS || !__atomic_load_n(&enough, __ATOMIC_RELAXED); i++) {
		if (!put(writing->first, (uint16_t)(1 + i % 5), me << 32 | i, &sequence))
			lost_by[me]++;
		written_by[me]++;
	}
	free(writing);
	return NULL;
}

/* Reads rings one after another, as they are passed on. */
struct reading {
	struct ring *ring;
	uint64_t last[N_THREADS], next, seen, gaps;
};

static size_t read_some(struct reading *reading)
{
	static unsigned char bytes[1 << 16];
	size_t n = ring_read(reading->ring, bytes, sizeof(bytes));

	for (size_t at = 0; at < n;) {
		struct kmn_header *record = (struct kmn_header *)(bytes + at);
		uint64_t value = *(uint64_t *)(record + 1), who = value >> 32;

		reading->gaps += record->sequence - reading->next;
		reading->next = record->sequence + 1;
		for (unsigned i = 1; i < record->n_args; i++)
			assert_int_equal(((uint64_t *)(record + 1))[i], value);
		assert_true(who < N_THREADS && (value & 0xffffffff) >= reading->last[who]);
		reading->last[who] = (value & 0xffffffff) + 1;
		reading->seen++;
		at += record->length;
	}
	while (ring_drained(reading->ring)) {
		/* Who still comes must not touch it. */
		memset(reading->ring->memory, 0xa5, reading->ring->units * 8ul);
		reading->ring = reading->ring->successor;
	}
	return n;
}

static uint64_t sum(const uint64_t *counts)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < N_THREADS; i++)
		n += counts[i];
	return n;
}

/* n_passes: so often the ring is passed on to one of another size, while all write. */
static void run_threads(unsigned n_passes)
{
	struct ring *rings = calloc(n_passes + 1, sizeof(*rings)), *last = rings;
	struct reading reading = {.ring = rings};
	pthread_t threads[N_THREADS];

	memset(lost_by, 0, sizeof(lost_by));
	memset(written_by, 0, sizeof(written_by));
	enough = false;
	ring_init(rings, calloc(1, SIZE), SIZE);
	for (uintptr_t i = 0; i < N_THREADS; i++) {
		struct writing *writing = malloc(sizeof(*writing));

		*writing = (struct writing){rings, i};
		assert_int_equal(pthread_create(&threads[i], NULL, writer, writing), 0);
	}
	while (last - rings < n_passes) {
		size_t size = (size_t)SIZE << (last - rings) % 3;

		if (!read_some(&reading))
			continue;
		ring_init(last + 1, calloc(1, size), size);
		ring_pass(last, last + 1);
		last++;
	}
	while (reading.seen < N_RECORDS)
		read_some(&reading);
	__atomic_store_n(&enough, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	while (read_some(&reading))
		;
	assert_ptr_equal(reading.ring, last);
	reading.gaps += sum(written_by) - reading.next;
	assert_true(sum(written_by) >= (uint64_t)N_THREADS * N_RECORDS);
	assert_int_equal(reading.seen + sum(lost_by), sum(written_by));
	assert_int_equal(reading.gaps, sum(lost_by));
	for (unsigned i = 0; i <= n_passes; i++)
		free(rings[i].memory);
	free(rings);
}

static void test_threads(void **state)
{
	run_threads(0);
}

static void test_passed_on(void **state)
{
	run_threads(200);
}

/* One that nobody wrote to, passed on again: who comes late must not wake it. */
static void test_passed_twice(void **state)
{
	uint64_t memory[3][SIZE / 8] = {0}, sequence;
	unsigned char bytes[SIZE];
	struct ring rings[3];

	for (unsigned i = 0; i < 3; i++)
		ring_init(&rings[i], memory[i], SIZE);
	ring_pass(&rings[0], &rings[1]);
	ring_pass(&rings[1], &rings[2]);
	assert_true(ring_drained(&rings[0]) && ring_drained(&rings[1]));
	for (unsigned i = 0; i < 3; i++) {
		assert_true(put(&rings[i], 1, i, &sequence));
		assert_int_equal(sequence, i);
	}
	assert_int_equal(ring_read(&rings[0], bytes, SIZE), 0);
	assert_int_equal(ring_read(&rings[1], bytes, SIZE), 0);
	assert_int_equal(ring_read(&rings[2], bytes, SIZE), 3 * (sizeof(struct kmn_header) + 8));
	assert_false(ring_drained(&rings[2]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_loss),
		cmocka_unit_test(test_uncommitted),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_passed_on),
		cmocka_unit_test(test_passed_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
