/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture_sample.h"
#include "model/record.h"

static void every_sample_record_is_parsed_to_its_last_byte(void **state)
{
	struct sample_record record;

	for (uint64_t i = 0; i < 1000; i++) {
		const struct kmn_header *header = sample_record_make(&record, i, NULL);
		struct record_view view;
		struct error err = {0};

		assert_int_equal(record_parse(header, header->length, &view, &err), header->length);
		assert_ptr_equal(view.header, header);
		assert_true(!!view.ret == (header->kind == KMN_RETURN));
		assert_true(!!view.stack == !!(header->flags & KMN_HAS_STACK));
		assert_true(!!view.frames == !!(header->flags & KMN_STACK_INLINE));
		if (view.frames)
			assert_ptr_equal((const char *)(view.frames + header->n_frames),
					 (const char *)header + header->length);
		assert_int_equal(view.args[1], i % 4);
	}
}

static void a_record_cut_anywhere_is_refused(void **state)
{
	struct sample_record record;

	for (uint64_t i = 0; i < 200; i++) {
		const struct kmn_header *header = sample_record_make(&record, i, NULL);
		/* Of its own, so that a byte read beyond the cut is seen by a sanitizer. */
		unsigned char *cut;

		for (size_t length = 0; length < header->length; length++) {
			struct record_view view = {0};
			struct error err = {0};

			cut = malloc(length ? length : 1);
			memcpy(cut, header, length);
			assert_int_equal(record_parse(cut, length, &view, &err), -1);
			assert_true(err.message[0] != '\0');
			assert_null(view.header);
			free(cut);
		}
	}
}

static void fetched_data_are_found_by_their_index(void **state)
{
	struct sample_record record;
	const struct kmn_header *header = sample_record_make(&record, 1, NULL);
	const unsigned char *data;
	struct record_view view;
	struct kmn_fetched what;

	assert_true(record_parse(header, header->length, &view, NULL) > 0);
	assert_true(record_fetched(&view, 0, &what, &data));
	assert_int_equal(what.length, 6);
	assert_memory_equal(data, "passwd", 6);
	assert_false(record_fetched(&view, 1, &what, &data));
}

/* Changes one field of record 1, an entry with a stack, its frames, 2 arguments and a string. */
struct mistake {
	const char *what;
	void (*make)(struct kmn_header *header);
	const char *message; /* a part of it */
};

static struct kmn_fetched *fetched_of(struct kmn_header *header)
{
	return (struct kmn_fetched *)((char *)(header + 1) + sizeof(struct kmn_stack) + 16);
}

#define MISTAKE(name, statement)                                                                   \
	static void name(struct kmn_header *header)                                                \
	{                                                                                          \
		statement;                                                                         \
	}
MISTAKE(length_odd, header->length -= 4)
MISTAKE(length_zero, header->length = 0)
MISTAKE(length_short, header->length -= 8)
MISTAKE(length_long, header->length += 8)
MISTAKE(length_huge, header->length = 0xfff8)
MISTAKE(kind_zero, header->kind = 0)
MISTAKE(kind_new, header->kind = 10)
MISTAKE(kind_return, header->kind = KMN_RETURN)
MISTAKE(kind_loss, (header->kind = KMN_LOSS, header->n_args = 1))
MISTAKE(context_new, header->context = 4)
MISTAKE(flag_new, header->flags |= 0x40)
MISTAKE(args_many, header->n_args = 13)
MISTAKE(args_more, header->n_args = 3)
MISTAKE(fetches_many, header->n_fetches = 13)
MISTAKE(fetches_none, header->n_fetches = 0)
MISTAKE(frames_many, header->n_frames = 65)
MISTAKE(frames_more, header->n_frames++)
MISTAKE(frames_without_flag, header->flags &= (uint16_t)~KMN_STACK_INLINE)
MISTAKE(inline_without_stack, header->flags &= (uint16_t)~KMN_HAS_STACK)
MISTAKE(fetched_long, fetched_of(header)->length = 0xffff)
MISTAKE(fetched_index, fetched_of(header)->fetch = 12)
MISTAKE(fetched_status, fetched_of(header)->status = 4)
MISTAKE(fetched_fault, fetched_of(header)->status = KMN_FETCH_FAULT)

static const struct mistake mistakes[] = {
	{"a length that is no multiple of 8", length_odd, "bytes long"},
	{"no length", length_zero, "bytes long"},
	{"a length too short for its parts", length_short, "leaves it"},
	{"a length too long for its parts", length_long, "parts need"},
	{"a length beyond the longest record", length_huge, "none can be"},
	{"kind 0", kind_zero, "kind 0"},
	{"a kind after the last", kind_new, "kind 10"},
	{"a return without its part", kind_return, "parts need"},
	{"a loss marker without its arguments", kind_loss, "arguments"},
	{"an unknown context", context_new, "context 4"},
	{"an unknown flag", flag_new, "flags"},
	{"too many arguments", args_many, "13 arguments"},
	{"more arguments than there are", args_more, "makes no sense"},
	{"too many fetched data", fetches_many, "13 fetched"},
	{"fetched data that are not counted", fetches_none, "parts need"},
	{"too many frames", frames_many, "65 frames"},
	{"more frames than there are", frames_more, "leaves it"},
	{"frames without the flag for them", frames_without_flag, "contradict"},
	{"frames without a stack", inline_without_stack, "contradict"},
	{"a fetched datum that leaves the record", fetched_long, "leaves it"},
	{"a fetched datum of a fetch that can't be", fetched_index, "makes no sense"},
	{"a fetched datum with an unknown status", fetched_status, "makes no sense"},
	{"a fault that yet has bytes", fetched_fault, "makes no sense"},
};

static void every_mistake_in_a_record_is_refused_and_named(void **state)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct sample_record record;
		struct record_view view = {0};
		struct error err = {0};

		sample_record_make(&record, 1, NULL);
		mistakes[i].make((struct kmn_header *)record.words);
		if (record_parse(record.words, sizeof(record), &view, &err) != -1)
			fail_msg("%s is taken", mistakes[i].what);
		if (!strstr(err.message, mistakes[i].message))
			fail_msg("%s: '%s'", mistakes[i].what, err.message);
		assert_null(view.header);
	}
}

static void kinds_and_contexts_have_names(void **state)
{
	assert_string_equal(kmn_kind_name(KMN_ENTRY), "entry");
	assert_string_equal(kmn_kind_name(KMN_RESUME), "resume");
	assert_string_equal(kmn_kind_name(99), "unknown");
	assert_string_equal(kmn_context_name(KMN_NMI), "nmi");
	assert_string_equal(kmn_context_name(4), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sample_record_is_parsed_to_its_last_byte),
		cmocka_unit_test(a_record_cut_anywhere_is_refused),
		cmocka_unit_test(fetched_data_are_found_by_their_index),
		cmocka_unit_test(every_mistake_in_a_record_is_refused_and_named),
		cmocka_unit_test(kinds_and_contexts_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
