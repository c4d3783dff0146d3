/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which blocks a report is about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory/select.h"
#include "memory/walk.h"
#include "memory_sample.h"

#define AT(function, offset) sample_address(SAMPLE_##function, offset)

static void tags_match_by_the_classics_rule(void **state)
{
	static const struct {
		const char *pattern, *tag;
		bool matches;
	} cases[] = {
		{"", "anything", true},
		{"", "", true},
		{"T", "Tcpt", true},
		{"T", "Thre", true},
		{"T", "tcpt", false},
		{"Tcpt", "Tcpt", true},
		{"Tcpt", "Tcp", false},
		{"T  t", "Tcpt", true},
		{"T  t", "Tcpq", false},
		{"T   ", "T", true},
		{"T   ", "Tcpt", true},
		{" c", "Tcpt", true},
		{"d ntry", "dentry", true},
		{"d ntry", "dentry_2", true},
		{"T x", "T", false},
		{"kmalloc-", "kmalloc-64", true},
		{"kmalloc-", "kmalloc-cg-64", true},
		{"kmalloc-", "kmalloc", false},
		{"kmalloc-64", "kmalloc-64", true},
		{"kmalloc-6", "kmalloc-64", true},
		{"kmalloc-64-and-more", "kmalloc-64", false},
		{"kmalloc-?", "kmalloc-8", true},
		{"kmalloc-?", "kmalloc-64", false},
		{"*skb*", "my_skb_cache", true},
		{"*skb", "my_skb_cache", false},
		{"kmalloc-[0-9]*", "kmalloc-64", true},
		{"kmalloc-[0-9]*", "kmalloc-cg-64", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (memory_tag_matches(cases[i].pattern, cases[i].tag) != cases[i].matches)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].tag);
	}
}

/* Blocks of different owners, tags, sizes and ages, and which of them are selected. */
struct choice {
	struct catalog catalog;
	struct memory memory;
	struct memory_selection selection;
	uint64_t selected; /* a bit for each */
	uint64_t left_out;
};

enum { OF_LEAKY, THROUGH_LEAKY, OF_KERNEL, WITHOUT_STACK, OF_NOBODY, OF_USER, INNER, N_BLOCKS };

#define BIT(block) (1ull << (block))

static int set_up(void **state)
{
	static struct choice choice;
	const uint64_t leaky[] = {AT(KMALLOC, 1), AT(LEAKY_PROBE, 2), AT(INITCALL, 3)};
	const uint64_t through[] = {AT(ALLOC_SKB, 1), AT(SENDMSG, 2), AT(LEAKY_INIT, 3)};
	const uint64_t kernel[] = {AT(CACHE_ALLOC, 1), AT(SENDMSG, 2), AT(SYSCALL, 3)};
	struct memory *memory = &choice.memory;
	struct catalog *catalog = &choice.catalog;

	memset(&choice, 0, sizeof(choice));
	sample_memory_catalog_init(catalog);
	sample_memory_init(memory);
	sample_block(memory, SAMPLE_KMALLOC_64, 64, 110 * SECOND)->stack =
		sample_stack(catalog, leaky, 3);
	sample_block(memory, SAMPLE_KMALLOC_1K, 700, 120 * SECOND)->stack =
		sample_stack(catalog, through, 3);
	sample_block(memory, SAMPLE_DENTRY, 192, 130 * SECOND)->stack =
		sample_stack(catalog, kernel, 3);
	sample_block(memory, SAMPLE_VMALLOC_TAG, 8192, 140 * SECOND)->site = AT(LEAKY_INIT, 9);
	sample_block(memory, SAMPLE_PERCPU, 8, 150 * SECOND);
	sample_block(memory, SAMPLE_USER_PAGES, 4096, 155 * SECOND)->site = AT(SYSCALL, 9);
	sample_block(memory, SAMPLE_INNER, 4096, 101 * SECOND)->site = AT(LEAKY_INIT, 9);
	*state = &choice;
	return 0;
}

static void names_fini(struct spec_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
}

static int tear_down(void **state)
{
	struct choice *choice = *state;

	names_fini(&choice->selection.tags);
	names_fini(&choice->selection.modules);
	memory_fini(&choice->memory);
	catalog_fini(&choice->catalog);
	return 0;
}

static int take(void *context, const struct memory_block *block, const struct owner *owner,
		struct error *err)
{
	struct choice *choice = context;

	choice->selected |= BIT(block - choice->memory.blocks);
	return 0;
}

static void assert_selected(struct choice *choice, uint64_t selected)
{
	struct error err = {0};

	choice->selected = 0;
	assert_int_equal(memory_walk(&choice->catalog, &choice->memory, &choice->selection, take,
				     choice, &choice->left_out, &err),
			 0);
	assert_int_equal(choice->selected, selected);
	/* What other families are made of is not even left out. */
	assert_int_equal(choice->left_out, N_BLOCKS - 1 - __builtin_popcountll(selected));
}

#define ALL                                                                                        \
	(BIT(OF_LEAKY) | BIT(THROUGH_LEAKY) | BIT(OF_KERNEL) | BIT(WITHOUT_STACK) | BIT(OF_NOBODY))

static void all_but_user_memory_is_selected_by_default(void **state)
{
	struct choice *choice = *state;

	assert_selected(choice, ALL);
	choice->selection.user = true;
	assert_selected(choice, ALL | BIT(OF_USER));
	/* A part of another block goes with it. */
	choice->memory.blocks[INNER].tag = SAMPLE_DENTRY;
	choice->memory.blocks[INNER].grade = MEMORY_INNER;
	assert_selected(choice, ALL | BIT(OF_USER));
}

static void by_tag_any_of_several(void **state)
{
	struct choice *choice = *state;

	assert_int_equal(spec_names_add(&choice->selection.tags, "kmalloc-", NULL), 0);
	assert_selected(choice, BIT(OF_LEAKY) | BIT(THROUGH_LEAKY));
	assert_int_equal(spec_names_add(&choice->selection.tags, "per", NULL), 0);
	assert_selected(choice, BIT(OF_LEAKY) | BIT(THROUGH_LEAKY) | BIT(OF_NOBODY));
	/* Asked for by name, user memory is there; what others are made of never is. */
	assert_int_equal(spec_names_add(&choice->selection.tags, "pages", NULL), 0);
	assert_selected(choice, BIT(OF_LEAKY) | BIT(THROUGH_LEAKY) | BIT(OF_NOBODY) | BIT(OF_USER));
}

static void by_module_its_own_blocks(void **state)
{
	struct choice *choice = *state;

	assert_int_equal(spec_names_add(&choice->selection.modules, "leaky", NULL), 0);
	assert_selected(choice, BIT(OF_LEAKY) | BIT(WITHOUT_STACK));
	choice->selection.through = true;
	assert_selected(choice, BIT(OF_LEAKY) | BIT(THROUGH_LEAKY) | BIT(WITHOUT_STACK));
}

static void the_kernel_is_a_module_too(void **state)
{
	struct choice *choice = *state;

	assert_int_equal(spec_names_add(&choice->selection.modules, "vmlinux", NULL), 0);
	assert_selected(choice, BIT(THROUGH_LEAKY) | BIT(OF_KERNEL));
}

static void by_size(void **state)
{
	struct choice *choice = *state;

	choice->selection.min_bytes = 192;
	assert_selected(choice, BIT(THROUGH_LEAKY) | BIT(OF_KERNEL) | BIT(WITHOUT_STACK));
}

static void by_age_at_the_end(void **state)
{
	struct choice *choice = *state;

	choice->selection.min_age = 40 * SECOND;
	assert_selected(choice, BIT(OF_LEAKY) | BIT(THROUGH_LEAKY));
	/* A block that came while the end was being taken has no age yet. */
	choice->memory.blocks[OF_LEAKY].time = choice->memory.end + 1;
	assert_selected(choice, BIT(THROUGH_LEAKY));
}

static void all_conditions_must_hold(void **state)
{
	struct choice *choice = *state;

	assert_int_equal(spec_names_add(&choice->selection.modules, "leaky", NULL), 0);
	choice->selection.min_bytes = 100;
	assert_selected(choice, BIT(WITHOUT_STACK));
	choice->selection.min_age = 30 * SECOND;
	assert_selected(choice, 0);
}

static int refuse(void *context, const struct memory_block *block, const struct owner *owner,
		  struct error *err)
{
	return error_set(err, "no more");
}

static void a_failing_visit_ends_the_walk(void **state)
{
	struct choice *choice = *state;
	uint64_t left_out = 77;
	struct error err = {0};

	assert_int_equal(memory_walk(&choice->catalog, &choice->memory, &choice->selection, refuse,
				     NULL, &left_out, &err),
			 -1);
	assert_string_equal(err.message, "no more");
	assert_int_equal(left_out, 77);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_match_by_the_classics_rule),
		TEST(all_but_user_memory_is_selected_by_default),
		TEST(by_tag_any_of_several),
		TEST(by_module_its_own_blocks),
		TEST(the_kernel_is_a_module_too),
		TEST(by_size),
		TEST(by_age_at_the_end),
		TEST(all_conditions_must_hold),
		TEST(a_failing_visit_ends_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
