/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The encoders of formats; what they make up whole is read by its own programs, tests/export. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "export/export.h"
#include "export/naming.h"
#include "export/protobuf.h"
#include "export/ring.h"
#include "records.h"

static void numbers_are_varints(void **state)
{
	/* The first two are those of protobuf.dev's own examples. */
	static const struct {
		uint64_t number;
		const char *bytes;
		size_t length;
	} cases[] = {
		{150, "\x08\x96\x01", 3},
		{1, "\x08\x01", 2},
		{0, "\x08\x00", 2},
		{UINT64_MAX, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text out = TEXT_INIT;

		proto_number(&out, 1, cases[i].number);
		assert_int_equal(out.length, cases[i].length);
		assert_memory_equal(out.data, cases[i].bytes, cases[i].length);
		text_fini(&out);
	}
}

static void a_message_knows_its_length_when_it_ends(void **state)
{
	struct text out = TEXT_INIT;
	size_t outer, inner;

	outer = proto_begin(&out, 3);
	inner = proto_begin(&out, 2);
	proto_string(&out, 1, "abc");
	proto_end(&out, inner);
	proto_end(&out, outer);
	/* Lengths of four bytes each: 10 of the inner field, 5 of what is in it. */
	assert_int_equal(out.length, 15);
	assert_memory_equal(out.data,
			    "\x1a\x8a\x80\x80\x00"
			    "\x12\x85\x80\x80\x00"
			    "\x0a\x03"
			    "abc",
			    15);
	text_fini(&out);
}

/* The first page that the ring hands out. */
static void ring_page(struct ring *ring, unsigned char *page)
{
	struct error err = {0};

	assert_int_equal(ring_flush(ring, &err), 0);
	rewind(ring->scratch);
	assert_int_equal(fread(page, RING_PAGE, 1, ring->scratch), 1);
}

static uint32_t word_at(const unsigned char *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static void a_ring_tells_times_by_what_has_passed(void **state)
{
	static unsigned char page[RING_PAGE];
	struct ring ring = {.scratch = tmpfile()};
	struct text event = TEXT_INIT;
	struct error err = {0};
	uint64_t far = 5000 + ((uint64_t)3 << 27) + 7;

	text_add(&event, "12345678");
	assert_int_equal(ring_add(&ring, 0, 5000, &event, &err), 0);
	assert_int_equal(ring_add(&ring, 0, 5010, &event, &err), 0);
	assert_int_equal(ring_add(&ring, 0, far, &event, &err), 0);
	ring_page(&ring, page);
	assert_int_equal(word_at(page), 5000);
	assert_int_equal(word_at(page + 8), 12 + 12 + 8 + 12);
	/* Two words each; ten nanoseconds later; a prolongation in front of the third. */
	assert_int_equal(word_at(page + 16), 2 | 0 << 5);
	assert_int_equal(word_at(page + 28), 2 | 10 << 5);
	assert_int_equal(word_at(page + 40) & 31, 30);
	assert_int_equal(word_at(page + 40) >> 5, (far - 5010) & ((1u << 27) - 1));
	assert_int_equal(word_at(page + 44), (far - 5010) >> 27);
	assert_int_equal(word_at(page + 48), 2 | 0 << 5);
	text_fini(&event);
	fclose(ring.scratch);
	ring_fini(&ring);
}

static void a_ring_begins_a_page_when_time_goes_back_or_room_ends(void **state)
{
	struct ring ring = {.scratch = tmpfile()};
	struct text event = TEXT_INIT;
	struct error err = {0};

	text_add(&event, "12345678");
	assert_int_equal(ring_add(&ring, 2, 5000, &event, &err), 0);
	assert_int_equal(ring_add(&ring, 2, 4000, &event, &err), 0);
	assert_int_equal(ring.n_cpus, 3);
	assert_int_equal(ring.cpus[2].n_pages, 1);
	assert_int_equal(ring.cpus[2].begin, 4000);
	while (event.length < RING_MAX_EVENT)
		text_add_char(&event, 'x');
	assert_int_equal(ring_add(&ring, 2, 4001, &event, &err), 0);
	assert_int_equal(ring.cpus[2].n_pages, 1);
	assert_int_equal(ring_add(&ring, 2, 4001, &event, &err), 0);
	assert_int_equal(ring.cpus[2].n_pages, 2);
	text_add_char(&event, 'x');
	assert_int_equal(ring_add(&ring, 2, 4002, &event, &err), -1);
	text_fini(&event);
	fclose(ring.scratch);
	ring_fini(&ring);
}

static void idle_threads_are_told_apart_by_their_processors(void **state)
{
	struct kmn_header zero = {.cpu = 0, .comm = "swapper/0"}, one = {.cpu = 1};
	struct kmn_header thread = {.cpu = 1, .pid = 4, .tid = 5};

	assert_int_not_equal(naming_thread(&zero), naming_thread(&one));
	assert_int_equal(naming_thread(&thread), 5);
}

static void names_come_out_as_one_line_of_utf8(void **state)
{
	struct kmn_header header = {.comm = "a\nb\xff\xc3\xa9"};
	struct text out = TEXT_INIT;

	naming_comm(&header, &out);
	assert_string_equal(text_string(&out), "a\\nb\\xff\xc3\xa9");
	text_fini(&out);
}

static void an_unknown_format_is_told_with_the_nearest(void **state)
{
	struct error err = {0};

	assert_null(export_format_find("sqlit", &err));
	assert_int_equal(err.status, STATUS_USAGE);
	assert_non_null(strstr(err.hint, "sqlite"));
	assert_null(export_format_find("spreadsheet", &err));
	assert_non_null(strstr(err.hint, "perfetto"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_varints),
		cmocka_unit_test(a_message_knows_its_length_when_it_ends),
		cmocka_unit_test(a_ring_tells_times_by_what_has_passed),
		cmocka_unit_test(a_ring_begins_a_page_when_time_goes_back_or_room_ends),
		cmocka_unit_test(idle_threads_are_told_apart_by_their_processors),
		cmocka_unit_test(names_come_out_as_one_line_of_utf8),
		cmocka_unit_test(an_unknown_format_is_told_with_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
