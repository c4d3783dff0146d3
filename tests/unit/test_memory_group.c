/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outstanding blocks, those alike together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory/group.h"
#include "memory_sample.h"

#define AT(function, offset) sample_address(SAMPLE_##function, offset)

struct gathering {
	struct catalog catalog;
	struct memory memory;
	struct memory_selection selection;
};

static int set_up(void **state)
{
	static struct gathering gathering;

	memset(&gathering, 0, sizeof(gathering));
	sample_memory_catalog_init(&gathering.catalog);
	sample_memory_init(&gathering.memory);
	*state = &gathering;
	return 0;
}

static int tear_down(void **state)
{
	struct gathering *gathering = *state;

	memory_fini(&gathering->memory);
	catalog_fini(&gathering->catalog);
	return 0;
}

static struct memory_block *add(struct gathering *gathering, uint32_t tag, uint64_t bytes,
				uint64_t time, uint64_t owner)
{
	const uint64_t allocator = tag == SAMPLE_VMALLOC_TAG ? AT(VMALLOC, 1) : AT(KMALLOC, 1),
		       frames[] = {allocator, owner, AT(INITCALL, 3)};
	struct memory_block *block = sample_block(&gathering->memory, tag, bytes, time);

	block->stack = sample_stack(&gathering->catalog, frames, 3);
	return block;
}

/* The groups as lines: "key|key blocks bytes". */
static void assert_groups(struct gathering *gathering, const char *by_text, const char *expected)
{
	struct text text = TEXT_INIT;
	struct error err = {0};
	struct groups groups;
	struct group_by by;

	assert_int_equal(group_by_parse(by_text, &by, &err), 0);
	assert_int_equal(groups_make(&gathering->catalog, &gathering->memory, &gathering->selection,
				     &by, &groups, &err),
			 0);
	for (size_t i = 0; i < groups.n; i++) {
		const struct group *group = &groups.groups[i];

		for (size_t k = 0; k < by.n; k++) {
			if (k)
				text_add_char(&text, '|');
			group_print_key(&gathering->catalog, &gathering->memory, group, by.keys[k],
					&text);
		}
		text_addf(&text, " %llu %llu\n", (unsigned long long)group->blocks,
			  (unsigned long long)group->bytes);
	}
	assert_string_equal(text_string(&text), expected);
	text_fini(&text);
	groups_fini(&groups);
}

static void fill(struct gathering *gathering)
{
	struct memory_block *block;

	add(gathering, SAMPLE_KMALLOC_64, 64, 159 * SECOND, AT(LEAKY_PROBE, 1));
	add(gathering, SAMPLE_KMALLOC_64, 40, 150 * SECOND, AT(LEAKY_PROBE, 1));
	block = add(gathering, SAMPLE_KMALLOC_1K, 1000, 120 * SECOND, AT(LEAKY_INIT, 2));
	block->pid = 7;
	strcpy(block->comm, "ba\nd");
	block = add(gathering, SAMPLE_VMALLOC_TAG, 9000, 159 * SECOND, AT(SENDMSG, 2));
	block->context = KMN_SOFTIRQ;
	block->grade = MEMORY_DOUBTFUL;
}

static void blocks_are_put_together_by_each_key(void **state)
{
	static const struct {
		const char *by, *groups;
	} cases[] = {
		{"tag", "vmalloc 1 9000\nkmalloc-1k 1 1000\nkmalloc-64 2 104\n"},
		{"module", "vmlinux 1 9000\nleaky 3 1104\n"},
		{"site", "tcp_sendmsg_locked+0x2 1 9000\nleaky_init+0x2 [leaky] 1 1000\n"
			 "leaky_probe+0x1 [leaky] 2 104\n"},
		{"stack", "tcp_sendmsg_locked+0x2 1 9000\nleaky_init+0x2 [leaky] 1 1000\n"
			  "leaky_probe+0x1 [leaky] 2 104\n"},
		{"process", "bash[412] 3 9104\nba\\nd[7] 1 1000\n"},
		{"size",
		 "8,192 - 16,383 1 9000\n512 - 1,023 1 1000\n64 - 127 1 64\n32 - 63 1 40\n"},
		{"family", "vmalloc 1 9000\nslab 3 1104\n"},
		{"context", "softirq 1 9000\ntask 3 1104\n"},
		{"grade", "doubtful 1 9000\noutstanding 3 1104\n"},
		{"module,tag", "vmlinux|vmalloc 1 9000\nleaky|kmalloc-1k 1 1000\n"
			       "leaky|kmalloc-64 2 104\n"},
		{"tag,process", "vmalloc|bash[412] 1 9000\nkmalloc-1k|ba\\nd[7] 1 1000\n"
				"kmalloc-64|bash[412] 2 104\n"},
	};

	fill(*state);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_groups(*state, cases[i].by, cases[i].groups);
}

static void ages_are_classes_of_powers_of_two(void **state)
{
	struct gathering *gathering = *state;

	gathering->memory.end = 100 * SECOND + 4096;
	add(gathering, SAMPLE_DENTRY, 1, 100 * SECOND, AT(SENDMSG, 0));
	add(gathering, SAMPLE_DENTRY, 2, 100 * SECOND + 2048, AT(SENDMSG, 0));
	add(gathering, SAMPLE_DENTRY, 4, 100 * SECOND + 2000, AT(SENDMSG, 0));
	/* Of the age 0, though its time is behind the end. */
	add(gathering, SAMPLE_DENTRY, 3, 100 * SECOND + 9999, AT(SENDMSG, 0));
	assert_groups(gathering, "age",
		      "2.04us - 4.09us 2 6\n0ns - 1ns 1 3\n4.09us - 8.19us 1 1\n");
}

static void the_extremes_of_size_have_classes(void **state)
{
	struct gathering *gathering = *state;

	add(gathering, SAMPLE_DENTRY, 0, 1, AT(SENDMSG, 0));
	add(gathering, SAMPLE_DENTRY, 1, 1, AT(SENDMSG, 0));
	add(gathering, SAMPLE_DENTRY, 1ull << 63, 1, AT(SENDMSG, 0));
	assert_groups(gathering, "size",
		      "9,223,372,036,854,775,808 - 18,446,744,073,709,551,615 1 "
		      "9223372036854775808\n0 - 1 2 1\n");
}

static void equal_sums_are_ordered_by_count_then_age(void **state)
{
	struct gathering *gathering = *state;

	add(gathering, SAMPLE_DENTRY, 100, 120 * SECOND, AT(SENDMSG, 0));
	add(gathering, SAMPLE_VMALLOC_TAG, 100, 110 * SECOND, AT(SENDMSG, 0));
	add(gathering, SAMPLE_PERCPU, 50, 130 * SECOND, AT(SENDMSG, 0));
	add(gathering, SAMPLE_PERCPU, 50, 131 * SECOND, AT(SENDMSG, 0));
	assert_groups(gathering, "tag", "percpu 2 100\nvmalloc 1 100\ndentry 1 100\n");
}

static void a_module_that_is_loaded_elsewhere_is_the_same_place(void **state)
{
	struct gathering *gathering = *state;
	struct memory_block *block;

	/* The function of the module stands for one that was loaded twice. */
	add(gathering, SAMPLE_DENTRY, 100, 120 * SECOND, AT(LEAKY_PROBE, 4));
	block = sample_block(&gathering->memory, SAMPLE_DENTRY, 10, 121 * SECOND);
	block->site = AT(LEAKY_PROBE, 4);
	add(gathering, SAMPLE_DENTRY, 1, 121 * SECOND, AT(LEAKY_PROBE, 5));
	assert_groups(gathering, "site",
		      "leaky_probe+0x4 [leaky] 2 110\nleaky_probe+0x5 [leaky] 1 1\n");
}

static void without_stacks_callers_are_kept_apart(void **state)
{
	struct gathering *gathering = *state;

	sample_block(&gathering->memory, SAMPLE_DENTRY, 10, 1)->site = AT(SENDMSG, 1);
	sample_block(&gathering->memory, SAMPLE_DENTRY, 20, 1)->site = AT(SENDMSG, 2);
	sample_block(&gathering->memory, SAMPLE_DENTRY, 5, 1);
	assert_groups(
		gathering, "stack",
		"tcp_sendmsg_locked+0x2 1 20\ntcp_sendmsg_locked+0x1 1 10\n(not known) 1 5\n");
}

static void a_group_knows_its_grades_and_its_oldest(void **state)
{
	struct gathering *gathering = *state;
	const struct group_by by = {.keys = {GROUP_TAG}, .n = 1};
	struct error err = {0};
	struct groups groups;

	add(gathering, SAMPLE_DENTRY, 1, 130 * SECOND, AT(SENDMSG, 0))->grade = MEMORY_DOUBTFUL;
	add(gathering, SAMPLE_DENTRY, 2, 110 * SECOND, AT(LEAKY_INIT, 0))->grade = MEMORY_DEFERRED;
	add(gathering, SAMPLE_DENTRY, 4, 140 * SECOND, AT(SENDMSG, 0));
	add(gathering, SAMPLE_USER_PAGES, 4096, 140 * SECOND, AT(SENDMSG, 0));
	add(gathering, SAMPLE_INNER, 4096, 140 * SECOND, AT(SENDMSG, 0));
	assert_int_equal(groups_make(&gathering->catalog, &gathering->memory, &gathering->selection,
				     &by, &groups, &err),
			 0);
	assert_int_equal(groups.n, 1);
	assert_int_equal(groups.blocks, 3);
	assert_int_equal(groups.bytes, 7);
	assert_int_equal(groups.left_out, 1);
	for (int grade = 0; grade < MEMORY_INNER; grade++) {
		assert_int_equal(groups.grades[grade], 1);
		assert_int_equal(groups.groups[0].grades[grade], 1);
	}
	assert_int_equal(groups.groups[0].oldest, 110 * SECOND);
	assert_int_equal(groups.groups[0].newest, 140 * SECOND);
	assert_ptr_equal(groups.groups[0].first, &gathering->memory.blocks[1]);
	assert_string_equal(groups.groups[0].owner.frame.symbol, "leaky_init");
	groups_fini(&groups);
}

static void of_nothing_there_are_no_groups(void **state)
{
	assert_groups(*state, "tag,module,site,process", "");
}

static void mistyped_keys_are_told(void **state)
{
	struct group_by by = {.n = 3};
	struct error err = {0};

	assert_int_equal(group_by_parse("tag,modul", &by, &err), -1);
	assert_int_equal(err.status, STATUS_USAGE);
	assert_non_null(strstr(err.hint, "'module'"));
	assert_int_equal(group_by_parse("tag,", &by, &err), -1);
	assert_int_equal(group_by_parse("", &by, &err), -1);
	assert_int_equal(group_by_parse("tag,module,site,stack,age", &by, &err), -1);
	assert_int_equal(by.n, 3);
	assert_int_equal(group_by_parse("age,size", &by, &err), 0);
	assert_int_equal(by.n, 2);
	assert_string_equal(group_key_title(by.keys[1]), "SIZE");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(blocks_are_put_together_by_each_key),
		TEST(ages_are_classes_of_powers_of_two),
		TEST(the_extremes_of_size_have_classes),
		TEST(equal_sums_are_ordered_by_count_then_age),
		TEST(a_module_that_is_loaded_elsewhere_is_the_same_place),
		TEST(without_stacks_callers_are_kept_apart),
		TEST(a_group_knows_its_grades_and_its_oldest),
		TEST(of_nothing_there_are_no_groups),
		cmocka_unit_test(mistyped_keys_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
