/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processors' records in one order of time, with a LOSS record for each gap and for nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/record.h"
#include "records.h"
#include "source/merge.h"

#define MS 1000000ull
#define WINDOW (20 * MS)

static void add(struct merge *merge, uint16_t cpu, uint64_t sequence, uint64_t time)
{
	struct record_builder record;
	struct error err = {0};

	record_begin(&record, KMN_ENTRY, 1, time, sequence);
	record.header.cpu = cpu;
	assert_int_equal(merge_add(merge, &record.header, &err), 0);
}

/* What is handed out up to now, or to the end: how many, with how many LOSS records. */
static size_t release(struct merge *merge, uint64_t now, size_t *losses, uint64_t *lost)
{
	const struct kmn_header *const *records;
	struct error err = {0};
	uint64_t last = 0;
	size_t n;

	*losses = 0;
	assert_int_equal(merge_release(merge, now, now == UINT64_MAX, &records, &n, &err), 0);
	for (size_t i = 0; i < n; i++) {
		struct record_view view;

		assert_true(record_parse(records[i], records[i]->length, &view, &err) >= 0);
		assert_true(records[i]->time >= last);
		last = records[i]->time;
		if (records[i]->kind != KMN_LOSS)
			continue;
		++*losses;
		*lost += view.args[0];
	}
	return n;
}

static void times_are_put_in_order(void **state)
{
	struct merge *merge = merge_create(2, WINDOW);
	uint64_t lost = 0;
	size_t losses;

	assert_non_null(merge);
	for (uint64_t i = 0; i < 100; i++)
		add(merge, 0, i, 1000 * MS + i * MS);
	for (uint64_t i = 0; i < 100; i++)
		add(merge, 1, i, 1000 * MS + i * MS + 1);
	/* The last 20 ms are kept: something older may come. */
	assert_int_equal(release(merge, 1100 * MS, &losses, &lost), 160);
	assert_int_equal(losses, 0);
	assert_int_equal(release(merge, UINT64_MAX, &losses, &lost), 40);
	assert_int_equal(losses, 0);
	assert_int_equal(merge_late(merge), 0);
	merge_destroy(merge);
}

static void what_is_overtaken_is_not_lost(void **state)
{
	struct merge *merge = merge_create(1, WINDOW);
	uint64_t lost = 0;
	size_t losses;

	assert_non_null(merge);
	add(merge, 0, 0, 1000 * MS);
	/* A record interrupted by a storm, in which two more are: 2,000 records overtake them. */
	for (uint64_t i = 4; i < 2004; i++)
		add(merge, 0, i, 1000 * MS + i * 1000);
	add(merge, 0, 3, 1000 * MS + 3);
	add(merge, 0, 2, 1000 * MS + 2);
	add(merge, 0, 1, 1000 * MS + 1);
	assert_int_equal(release(merge, UINT64_MAX, &losses, &lost), 2004);
	assert_int_equal(losses, 0);
	merge_destroy(merge);
}

static void what_is_lost_is_told_once(void **state)
{
	struct merge *merge = merge_create(1, WINDOW);
	uint64_t lost = 0;
	size_t losses;

	assert_non_null(merge);
	add(merge, 0, 0, 1000 * MS);
	add(merge, 0, 6, 1001 * MS);
	/* Two of five come late. */
	add(merge, 0, 3, 1000 * MS + 3);
	add(merge, 0, 5, 1000 * MS + 5);
	assert_int_equal(release(merge, 1500 * MS, &losses, &lost), 4);
	assert_int_equal(losses, 0);
	/* After a second and some records nobody comes any more. */
	for (uint64_t i = 0; i < 100; i++)
		add(merge, 0, 7 + i, 2500 * MS + i);
	assert_int_equal(release(merge, 2400 * MS, &losses, &lost), 2);
	assert_int_equal(losses, 2);
	assert_int_equal(lost, 3);
	assert_int_equal(release(merge, UINT64_MAX, &losses, &lost), 100);
	assert_int_equal(losses, 0);
	merge_destroy(merge);
}

static void a_gap_at_the_end_is_told_there(void **state)
{
	struct merge *merge = merge_create(1, WINDOW);
	uint64_t lost = 0;
	size_t losses;

	assert_non_null(merge);
	add(merge, 0, 10, 1000 * MS);
	assert_int_equal(release(merge, UINT64_MAX, &losses, &lost), 2);
	assert_int_equal(losses, 1);
	assert_int_equal(lost, 10);
	merge_destroy(merge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_put_in_order),
		cmocka_unit_test(what_is_overtaken_is_not_lost),
		cmocka_unit_test(what_is_lost_is_told_once),
		cmocka_unit_test(a_gap_at_the_end_is_told_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
