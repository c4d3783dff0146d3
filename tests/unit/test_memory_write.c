/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports for other programs, one statement of each at a time; whole reports are read by those
 * programs' own means in tests/export.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory/facts.h"
#include "memory/write.h"
#include "memory_sample.h"

#define AT(function, offset) sample_address(SAMPLE_##function, offset)

struct reporting {
	struct catalog catalog;
	struct memory memory;
	struct memory_selection selection;
	struct memory_report report;
	char *written;
	size_t length;
};

static struct reporting reporting;

static int set_up(void **state)
{
	memset(&reporting, 0, sizeof(reporting));
	sample_memory_catalog_init(&reporting.catalog);
	sample_memory_init(&reporting.memory);
	reporting.report = (struct memory_report){
		.catalog = &reporting.catalog,
		.memory = &reporting.memory,
		.selection = &reporting.selection,
		.by = {.keys = {GROUP_TAG}, .n = 1},
	};
	*state = &reporting;
	return 0;
}

static int tear_down(void **state)
{
	free(reporting.written);
	memory_fini(&reporting.memory);
	catalog_fini(&reporting.catalog);
	sample_slide = 0;
	return 0;
}

static struct memory_block *add(uint64_t bytes, uint64_t owner)
{
	const uint64_t frames[] = {AT(KMALLOC, 1), owner, AT(INITCALL, 3)};
	struct memory_block *block =
		sample_block(&reporting.memory, SAMPLE_KMALLOC_64, bytes, 150 * SECOND);

	block->stack = sample_stack(&reporting.catalog, frames, 3);
	return block;
}

/* What was written last. */
static const char *written(void)
{
	return reporting.written ? reporting.written : "";
}

static const char *write_as(const char *form)
{
	struct error err = {0};
	memory_write *write_form = memory_writer_find(form, &err);
	FILE *file;

	assert_non_null(write_form);
	free(reporting.written);
	file = open_memstream(&reporting.written, &reporting.length);
	assert_non_null(file);
	if (write_form(&reporting.report, file, &err))
		fail_msg("%s", err.message);
	fclose(file);
	return written();
}

static void assert_has(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("'%s' is not in %s", part, text ? text : "nothing");
}

static void assert_lacks(const char *text, const char *part)
{
	if (text && strstr(text, part))
		fail_msg("'%s' is in it", part);
}

static void a_mistyped_form_is_guessed(void **state)
{
	struct error err = {0};

	assert_null(memory_writer_find("junti", &err));
	assert_int_equal(err.status, STATUS_USAGE);
	assert_string_equal(err.hint, "did you mean junit?");
	assert_null(memory_writer_find("something-else", &err));
	assert_string_equal(err.hint, "there are: json, folded, pprof, junit, sarif");
	assert_ptr_equal(memory_writer_find("sarif", &err), memory_write_sarif);
}

static void folded_stacks_end_in_the_tag(void **state)
{
	add(10, AT(LEAKY_PROBE, 4));
	add(30, AT(LEAKY_PROBE, 8)); /* offsets are not told apart */
	assert_string_equal(write_as("folded"),
			    "do_one_initcall;leaky_probe [leaky];__kmalloc_noprof;kmalloc-64 40\n");
}

static void folded_stacks_tell_what_is_not_certain(void **state)
{
	add(10, AT(LEAKY_PROBE, 4))->grade = MEMORY_DOUBTFUL;
	add(30, AT(LEAKY_PROBE, 4))->grade = MEMORY_DEFERRED;
	assert_string_equal(
		write_as("folded"),
		"do_one_initcall;leaky_probe [leaky];__kmalloc_noprof;kmalloc-64 (deferred) 30\n"
		"do_one_initcall;leaky_probe [leaky];__kmalloc_noprof;kmalloc-64 (doubtful) 10\n");
}

static void folded_stacks_of_no_stack_have_the_caller(void **state)
{
	sample_block(&reporting.memory, SAMPLE_PERCPU, 9, 1)->site = AT(LEAKY_INIT, 4);
	sample_block(&reporting.memory, SAMPLE_ODD_TAG, 8, 1);
	assert_string_equal(write_as("folded"),
			    "leaky_init [leaky];percpu 9\n"
			    "(no stack);t\"a<g>&'\\\\\\x01 \\xfe:\xe2\x82\xac 8\n");
}

static void what_is_outstanding_is_a_leak_only_after_an_unload(void **state)
{
	const char *text;

	add(64, AT(LEAKY_PROBE, 4));
	text = write_as("junit");
	assert_has(text, "tests=\"4\" failures=\"0\" errors=\"0\" skipped=\"1\"");
	assert_has(text, "<skipped message=\"1 block may still be in use\"/>");
	assert_has(write_as("sarif"), "\"level\":\"note\",\"message\"");
	assert_lacks(written(), "\"ruleId\":\"kernel-memory-leak\"");
	assert_has(write_as("json"), "\"leaked\":false");

	reporting.report.unloaded = "leaky";
	text = write_as("junit");
	assert_has(text, "tests=\"5\" failures=\"2\" errors=\"0\" skipped=\"0\"");
	assert_has(text, "<failure message=\"1 block of kmalloc-64, 64 bytes, is leaked\"");
	assert_has(write_as("sarif"), "\"ruleId\":\"kernel-memory-leak\",\"ruleIndex\":0,"
				      "\"level\":\"error\"");
	assert_has(write_as("json"), "\"leaked\":true");
}

static void what_is_doubtful_is_never_called_leaked(void **state)
{
	const char *text;

	reporting.report.unloaded = "leaky";
	add(64, AT(LEAKY_PROBE, 4))->grade = MEMORY_DOUBTFUL;
	text = write_as("junit");
	assert_has(text, "tests=\"4\" failures=\"0\" errors=\"0\" skipped=\"1\"");
	text = write_as("sarif");
	assert_lacks(text, "\"ruleId\":\"kernel-memory-leak\"");
	assert_has(text, "\"ruleId\":\"kernel-memory-doubtful\"");
	assert_has(write_as("json"), "\"leaked\":false");
}

static void what_is_deferred_is_no_finding(void **state)
{
	reporting.report.unloaded = "leaky";
	add(64, AT(LEAKY_PROBE, 4))->grade = MEMORY_DEFERRED;
	assert_has(write_as("junit"), "failures=\"0\" errors=\"0\" skipped=\"0\"");
	assert_lacks(write_as("sarif"), "\"ruleId\"");
}

static void one_place_is_one_result_whatever_the_stacks(void **state)
{
	const uint64_t frames[] = {AT(KMALLOC, 1), AT(LEAKY_PROBE, 4), AT(SYSCALL, 3)};

	reporting.report.unloaded = "leaky";
	add(64, AT(LEAKY_PROBE, 4));
	add(32, AT(LEAKY_PROBE, 4))->stack = sample_stack(&reporting.catalog, frames, 3);
	assert_has(write_as("junit"), "2 blocks of kmalloc-64, 96 bytes, are leaked");
	assert_has(write_as("sarif"), "\"count\":2,\"bytes\":96");
}

/* The value behind a key, up to the next quote. */
static void value_of(const char *text, const char *key, char *value, size_t size)
{
	const char *at = strstr(text, key);

	assert_non_null(at);
	at += strlen(key);
	snprintf(value, size, "%.*s", (int)strcspn(at, "\""), at);
}

static void fingerprints_stay_wherever_the_kernel_lies(void **state)
{
	static const uint64_t slides[] = {0, 0x1e00000};
	char fingerprints[2][3][200];

	for (int i = 0; i < 2; i++) {
		tear_down(state);
		sample_slide = slides[i];
		set_up(state);
		reporting.report.unloaded = "leaky";
		add(64, AT(LEAKY_PROBE, 4));
		value_of(write_as("sarif"), "\"kapimonPlace/v1\":\"", fingerprints[i][0], 200);
		value_of(write_as("junit"),
			 "nothing was lost\" time=\"0\"/>\n    <testcase "
			 "classname=\"kapimon.mem.leaky\" name=\"",
			 fingerprints[i][1], 200);
		/* Without a name, where in the kernel it is. */
		reporting.memory.blocks[0].stack = 0;
		reporting.memory.blocks[0].site = AT(SENDMSG, 4);
		reporting.catalog.resolve = NULL;
		value_of(write_as("sarif"), "\"kapimonPlace/v1\":\"", fingerprints[i][2], 200);
	}
	assert_string_equal(fingerprints[0][0], "leaky_probe+0x4 [leaky] / kmalloc-64");
	assert_string_equal(fingerprints[1][0], fingerprints[0][0]);
	assert_string_equal(fingerprints[0][1], "leaky_probe+0x4 [leaky]: kmalloc-64");
	assert_string_equal(fingerprints[1][1], fingerprints[0][1]);
	assert_string_equal(fingerprints[0][2], "+0x804 [vmlinux] / kmalloc-64");
	assert_string_equal(fingerprints[1][2], fingerprints[0][2]);
}

static void a_place_is_the_line_that_asks_not_an_inlined_helper(void **state)
{
	const char *text;

	reporting.report.unloaded = "leaky";
	reporting.report.places = sample_places();
	add(64, AT(LEAKY_PROBE, 4));
	text = write_as("sarif");
	assert_has(text, "\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":"
			 "\"drv/leaky.c\",\"uriBaseId\":\"SRCROOT\"},"
			 "\"region\":{\"startLine\":42}}");
	assert_has(write_as("junit"), "file=\"drv/leaky.c\" line=\"42\"");
	assert_has(written(), "kzalloc [leaky] include/linux/slab.h:7 (inlined)");
}

static void file_names_are_uris_relative_where_they_can_be(void **state)
{
	char folder[4096], path[5000];

	assert_non_null(getcwd(folder, sizeof(folder)));
	snprintf(path, sizeof(path), "%s/drv/a.c", folder);
	assert_string_equal(facts_path(path), "drv/a.c");
	snprintf(path, sizeof(path), "%s-other/a.c", folder);
	assert_string_equal(facts_path(path), path);
	assert_string_equal(facts_path("././a.c"), "a.c");
	assert_string_equal(facts_path("../a.c"), "../a.c");
	reporting.report.places = sample_places();
	add(64, AT(LEAKY_KMALLOC, 4));
	assert_has(write_as("sarif"), "\"uri\":\"file:///src/my%20drv/%25.c\"}");
}

static void what_is_not_whole_is_told(void **state)
{
	struct ledger ledger = {.interrupted = true};
	const char *text;

	assert_has(write_as("sarif"), "\"executionSuccessful\":true");
	assert_has(write_as("junit"), "name=\"nothing was lost\" time=\"0\"/>");
	reporting.report.ledger = &ledger;
	reporting.memory.no_room = 1;
	reporting.memory.capacity = 512;
	*memory_add_doubt(&reporting.memory) = (struct memory_doubt){1, 2, MEMORY_PAGES, 7};
	text = write_as("sarif");
	assert_has(text, "\"executionSuccessful\":false");
	assert_has(text, "1 allocation found no room in the table of 512 blocks");
	assert_has(text, "7 frees of pages may have been missed");
	assert_has(text, "the capture ends before its ledger");
	assert_has(write_as("junit"), "type=\"incomplete\"");
	assert_has(written(), "<skipped message=\"not everything was seen\"/>");
	assert_has(write_as("json"), "\"complete\":false,\"reasons\":[\"INCOMPLETE");
}

static void double_frees_and_unseen_frees_are_findings(void **state)
{
	const uint64_t frames[] = {AT(LEAKY_INIT, 8)};
	const char *text;

	*memory_add_finding(&reporting.memory) = (struct memory_finding){
		.address = 0x1000,
		.tag = SAMPLE_KMALLOC_64,
		.stack = sample_stack(&reporting.catalog, frames, 1),
		.comm = "rmmod",
		.pid = 5,
	};
	reporting.memory.freed_twice = 1;
	reporting.memory.tags[SAMPLE_ODD_TAG].unknown = 2; /* of a new cache */
	reporting.memory.tags[SAMPLE_DENTRY].unknown = 9;  /* of before */
	text = write_as("sarif");
	assert_has(text,
		   "A block of kmalloc-64 was freed a second time, by leaky_init+0x8 [leaky].");
	assert_has(text, "\"ruleId\":\"kernel-invalid-free\"");
	text = write_as("junit");
	assert_has(text, "<failure message=\"1 block was freed twice\" type=\"double-free\">");
	assert_has(text, "<failure message=\"2 objects were freed and never allocated\"");
	assert_has(write_as("json"), "\"kind\":\"freed unseen\"");
	assert_has(written(), "\"kind\":\"freed twice\"");
}

static void quadrants_are_sums_without_what_others_are_made_of(void **state)
{
	struct memory_tag *tags = reporting.memory.tags;

	tags[SAMPLE_DENTRY] = (struct memory_tag){tags[SAMPLE_DENTRY].name, .allocs = 10,
						  .alloc_bytes = 100,	    .frees = 4,
						  .free_bytes = 30,	    .unknown = 3};
	tags[SAMPLE_PERCPU].allocs = 1;
	tags[SAMPLE_PERCPU].alloc_bytes = 8;
	tags[SAMPLE_INNER].allocs = 1000;
	assert_has(write_as("json"),
		   "\"quadrants\":{"
		   "\"allocated_inside_freed_inside\":{\"blocks\":4,\"bytes\":30},"
		   "\"allocated_inside_still_there\":{\"blocks\":7,\"bytes\":78},"
		   "\"allocated_before_freed_inside\":{\"blocks\":3}}");
}

static void a_file_that_can_not_be_written_is_a_failure(void **state)
{
	static const char *const forms[] = {"json", "folded", "pprof", "junit", "sarif"};

	add(64, AT(LEAKY_PROBE, 4));
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct error err = {0};
		FILE *full = fopen("/dev/full", "w");

		assert_non_null(full);
		assert_int_equal(memory_writer_find(forms[i], &err)(&reporting.report, full, &err),
				 -1);
		assert_has(err.message, "can't write the output");
		fclose(full);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mistyped_form_is_guessed),
		TEST(folded_stacks_end_in_the_tag),
		TEST(folded_stacks_tell_what_is_not_certain),
		TEST(folded_stacks_of_no_stack_have_the_caller),
		TEST(what_is_outstanding_is_a_leak_only_after_an_unload),
		TEST(what_is_doubtful_is_never_called_leaked),
		TEST(what_is_deferred_is_no_finding),
		TEST(one_place_is_one_result_whatever_the_stacks),
		TEST(fingerprints_stay_wherever_the_kernel_lies),
		TEST(a_place_is_the_line_that_asks_not_an_inlined_helper),
		TEST(file_names_are_uris_relative_where_they_can_be),
		TEST(what_is_not_whole_is_told),
		TEST(double_frees_and_unseen_frees_are_findings),
		TEST(quadrants_are_sums_without_what_others_are_made_of),
		TEST(a_file_that_can_not_be_written_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
