/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report on memory for people: each of its parts says what is there, and nothing more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory/report.h"
#include "memory_sample.h"

#define AT(function, offset) sample_address(SAMPLE_##function, offset)

struct reporting {
	struct catalog catalog;
	struct memory memory;
	struct memory_selection selection;
	struct memory_report report;
	struct memory_text_options options;
	struct text text;
};

static int set_up(void **state)
{
	struct reporting *me = calloc(1, sizeof(*me));

	assert_non_null(me);
	sample_memory_catalog_init(&me->catalog);
	sample_memory_init(&me->memory);
	me->report = (struct memory_report){
		.catalog = &me->catalog,
		.memory = &me->memory,
		.selection = &me->selection,
		.by = {.keys = {GROUP_TAG, GROUP_SITE}, .n = 2},
		.stacks = 1,
	};
	*state = me;
	return 0;
}

static int tear_down(void **state)
{
	struct reporting *me = *state;

	text_fini(&me->text);
	memory_fini(&me->memory);
	catalog_fini(&me->catalog);
	free(me);
	return 0;
}

static struct memory_block *add(struct reporting *me, uint32_t tag, uint64_t bytes, uint64_t owner)
{
	const uint64_t frames[] = {AT(KMALLOC, 1), owner, AT(INITCALL, 3)};
	struct memory_block *block = sample_block(&me->memory, tag, bytes, 150 * SECOND);

	block->stack = sample_stack(&me->catalog, frames, 3);
	return block;
}

static const char *print(struct reporting *me)
{
	struct error err = {0};

	text_fini(&me->text);
	me->text = (struct text)TEXT_INIT;
	assert_int_equal(memory_report_text(&me->report, &me->options, &me->text, &err), 0);
	return text_string(&me->text);
}

static void expect(struct reporting *me, const char *part)
{
	if (!strstr(print(me), part))
		fail_msg("'%s' is not in:\n%s", part, text_string(&me->text));
}

static void expect_not(struct reporting *me, const char *part)
{
	if (strstr(print(me), part))
		fail_msg("'%s' is in:\n%s", part, text_string(&me->text));
}

static void blocks_of_a_place_are_a_line(void **state)
{
	struct reporting *me = *state;

	add(me, SAMPLE_KMALLOC_64, 40, AT(LEAKY_PROBE, 0x1c));
	add(me, SAMPLE_KMALLOC_64, 60, AT(LEAKY_PROBE, 0x1c));
	add(me, SAMPLE_DENTRY, 192, AT(SENDMSG, 0x10));
	expect(me,
	       "     2    100         0         0   10.0s  kmalloc-64  leaky_probe+0x1c [leaky]");
	expect(me, "3 blocks outstanding; 292 bytes in all");
	/* One stack was asked for: that of the most bytes, with the owner marked. */
	expect(me, "1 block of dentry, 192 bytes, by ");
	expect(me, "  > tcp_sendmsg_locked+0x10\n    do_one_initcall+0x3\n");
	expect_not(me, "  > leaky_probe");
	me->report.stacks = 2;
	expect(me, "  > leaky_probe+0x1c [leaky]\n    do_one_initcall+0x3\n");
	me->report.stacks = 0;
	expect_not(me, "do_one_initcall");
	me->report.rows = 1;
	expect(me, "(1 more)");
}

static void only_what_nobody_can_free_is_leaked(void **state)
{
	struct reporting *me = *state;

	add(me, SAMPLE_KMALLOC_64, 40, AT(LEAKY_PROBE, 0x1c));
	expect_not(me, "leaked");
	me->report.unloaded = "leaky";
	expect(me, "1 block leaked; 40 bytes in all, of leaky");
	add(me, SAMPLE_KMALLOC_64, 40, AT(LEAKY_PROBE, 0x1c))->grade = MEMORY_DOUBTFUL;
	add(me, SAMPLE_KMALLOC_64, 40, AT(LEAKY_PROBE, 0x1c))->grade = MEMORY_DEFERRED;
	expect(me, "1 block leaked, 1 waits to be freed by kfree_rcu(), 1 is doubtful; "
		   "120 bytes in all, of leaky");
}

static void what_was_missed_is_told(void **state)
{
	struct reporting *me = *state;
	struct memory_doubt *doubt;

	expect_not(me, "note: ");
	doubt = memory_add_doubt(&me->memory);
	*doubt = (struct memory_doubt){
		.from = 100 * SECOND, .to = 110 * SECOND, .family = MEMORY_SLAB, .missed = 7};
	expect(me, "note: 7 frees of slab may have been missed: what was there at that time is "
		   "doubtful");
	me->memory.no_room = 3;
	me->memory.capacity = 1024;
	expect(me, "note: 3 allocations found no room in the table of 1,024 blocks");
	me->memory.tags[SAMPLE_DENTRY].replaced = 1;
	expect(me,
	       "note: 1 block of dentry freed without a word, whose address was allocated again");
}

static void user_memory_is_shown_when_it_is_asked_for(void **state)
{
	struct reporting *me = *state;

	add(me, SAMPLE_USER_PAGES, 4096, AT(SENDMSG, 0x10));
	expect(me, "0 blocks outstanding");
	expect(me, "note: 1 block of user memory and page cache not shown; --user shows them");
	me->selection.user = true;
	expect(me, "1 block outstanding; 4,096 bytes in all");
	expect_not(me, "note: ");
}

static void add_check(struct reporting *me, const char *name, int64_t followed, int64_t counted,
		      uint64_t slack)
{
	struct memory_check *check = memory_add_check(&me->memory);

	*check = (struct memory_check){.name = strdup(name),
				       .unit = "objects",
				       .followed = followed,
				       .counted = counted,
				       .slack = (int64_t)slack};
}

static void the_kernels_counters_that_differ_are_shown(void **state)
{
	struct reporting *me = *state;

	add_check(me, "exact", 12345, 12345, 0);
	expect(me, "1 of the kernel's 1 own counters have grown by just what was followed");
	expect_not(me, "12,345");
	add_check(me, "near", 10000, 10100, 0);
	add_check(me, "slack", 10, 40, 32);
	add_check(me, "off", 10, 43, 32);
	expect(me, "near              objects    10,000   10,100       100  within 1 %");
	expect(me, "slack             objects        10       40        30  within what the "
		   "kernel's own");
	expect(me, "off               objects        10       43        33  unexplained");
	expect(me, "1 of the kernel's 4 own counters have grown by just what was followed, "
		   "2 otherwise explained, 1 not");
	assert_int_equal(report_unexplained(&me->report), 1);
	me->options.counters = true;
	expect(me, "12,345   12,345         0");
}

static void findings_are_told(void **state)
{
	struct reporting *me = *state;

	me->memory.tags[SAMPLE_DENTRY].fresh = true;
	me->memory.tags[SAMPLE_DENTRY].unknown = 2;
	expect(me, "2 objects of dentry");
	expect(me, "never");
}

static void lifetimes_and_sizes_are_drawn(void **state)
{
	struct reporting *me = *state;

	add(me, SAMPLE_KMALLOC_64, 40, AT(LEAKY_PROBE, 0x1c));
	me->memory.lifetime[20] = 5;
	expect_not(me, "#");
	me->options.histogram = true;
	expect(me, "#");
	expect(me, "1.04ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(blocks_of_a_place_are_a_line),
		TEST(only_what_nobody_can_free_is_leaked),
		TEST(what_was_missed_is_told),
		TEST(user_memory_is_shown_when_it_is_asked_for),
		TEST(the_kernels_counters_that_differ_are_shown),
		TEST(findings_are_told),
		TEST(lifetimes_and_sizes_are_drawn),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
