/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who asked for a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory/owner.h"
#include "memory_sample.h"

#define AT(function, offset) sample_address(SAMPLE_##function, offset)

/* The owner of a block with this stack; the site may be 0. */
static void find(struct catalog *catalog, const uint64_t *frames, uint16_t n, uint64_t site,
		 struct owner *owner)
{
	struct memory_block block = {.stack = sample_stack(catalog, frames, n), .site = site};

	owner_find(catalog, MEMORY_SLAB, &block, owner);
	assert_non_null(owner->stack);
	assert_int_equal(owner->address, owner->stack->frames[owner->at]);
}

static int set_up(void **state)
{
	static struct catalog catalog;

	sample_memory_catalog_init(&catalog);
	*state = &catalog;
	return 0;
}

static int tear_down(void **state)
{
	catalog_fini(*state);
	return 0;
}

static void helpers_that_hand_an_allocation_on_are_no_owners(void **state)
{
	const uint64_t frames[] = {AT(KMALLOC, 8), AT(KSTRDUP, 9), AT(DEVM, 1),
				   AT(LEAKY_PROBE, 0x1c), AT(INITCALL, 3)};
	struct owner owner;

	find(*state, frames, 5, 0, &owner);
	assert_int_equal(owner.first, 0);
	assert_int_equal(owner.at, 3);
	assert_string_equal(owner.frame.symbol, "leaky_probe");
	assert_int_equal(owner.frame.offset, 0x1c);
	assert_string_equal(owner_module(&owner), "leaky");
}

static void frames_of_the_tracing_are_left_out(void **state)
{
	const uint64_t frames[] = {AT(BPF_PROG, 1), AT(TRACEITER, 2), AT(KMALLOC, 8),
				   AT(SENDMSG, 4), AT(SYSCALL, 5)};
	struct owner owner;

	find(*state, frames, 5, 0, &owner);
	assert_int_equal(owner.first, 2);
	assert_int_equal(owner.at, 3);
	assert_string_equal(owner_module(&owner), "vmlinux");
}

static void a_trampoline_has_no_name_and_an_allocator_behind_it(void **state)
{
	const uint64_t frames[] = {SAMPLE_NOWHERE, SAMPLE_NOWHERE + 64, AT(CACHE_ALLOC, 8),
				   AT(ALLOC_SKB, 1), AT(SENDMSG, 4)};
	struct owner owner;

	find(*state, frames, 5, 0, &owner);
	assert_int_equal(owner.first, 2);
	assert_int_equal(owner.at, 4);
}

static void a_module_that_has_gone_is_not_taken_for_tracing(void **state)
{
	const uint64_t frames[] = {AT(KMALLOC, 8), SAMPLE_NOWHERE, AT(INITCALL, 4)};
	struct owner owner;

	find(*state, frames, 3, 0, &owner);
	assert_int_equal(owner.at, 1);
	assert_string_equal(owner_module(&owner), "?");
	find(*state, frames + 1, 2, SAMPLE_NOWHERE, &owner);
	assert_int_equal(owner.at, 0);
	assert_string_equal(owner_module(&owner), "?");
}

static void behind_the_allocations_caller_nothing_is_tracing(void **state)
{
	/* A program of BPF may allocate itself. */
	const uint64_t frames[] = {AT(SENDMSG, 4), AT(BPF_PROG, 1), AT(SYSCALL, 5)};
	struct owner owner;

	find(*state, frames, 3, frames[0], &owner);
	assert_int_equal(owner.first, 0);
	assert_int_equal(owner.at, 0);
}

static void a_modules_function_is_its_own_whatever_its_name(void **state)
{
	const uint64_t frames[] = {AT(KMALLOC, 8), AT(LEAKY_KMALLOC, 2), AT(LEAKY_PROBE, 1)};
	struct owner owner;

	find(*state, frames, 3, 0, &owner);
	assert_string_equal(owner.frame.symbol, "kmalloc_of_leaky");
}

static void where_all_are_helpers_the_first_is_named(void **state)
{
	const uint64_t frames[] = {AT(TRACEITER, 1), AT(KMALLOC, 8), AT(KSTRDUP, 2)};
	struct owner owner;

	find(*state, frames, 3, 0, &owner);
	assert_int_equal(owner.first, 1);
	assert_int_equal(owner.at, 1);
	/* Nothing but tracing: it is shown whole. */
	find(*state, frames, 1, 0, &owner);
	assert_int_equal(owner.first, 0);
	assert_int_equal(owner.at, 0);
}

static void without_a_stack_the_caller_is_the_owner(void **state)
{
	struct memory_block block = {.site = AT(LEAKY_INIT, 7)};
	struct owner owner;

	owner_find(*state, MEMORY_SLAB, &block, &owner);
	assert_null(owner.stack);
	assert_int_equal(owner.address, block.site);
	assert_string_equal(owner.frame.symbol, "leaky_init");
	assert_string_equal(owner_module(&owner), "leaky");
	block.stack = 12345; /* its frames never came */
	owner_find(*state, MEMORY_SLAB, &block, &owner);
	assert_null(owner.stack);
	assert_string_equal(owner_module(&owner), "leaky");
}

static void with_nothing_at_all_nobody_is_known(void **state)
{
	const struct memory_block block = {0};
	struct owner owner;

	owner_find(*state, MEMORY_SLAB, &block, &owner);
	assert_int_equal(owner.address, 0);
	assert_string_equal(owner_module(&owner), "?");
}

static void without_symbols_the_kernel_is_told_by_its_range(void **state)
{
	const uint64_t frames[] = {AT(KMALLOC, 8), AT(SENDMSG, 4)};
	struct catalog *catalog = *state;
	struct owner owner;

	catalog->resolve = NULL;
	find(catalog, frames, 2, 0, &owner);
	assert_int_equal(owner.at, 0);
	assert_string_equal(owner_module(&owner), "vmlinux");
}

static void an_object_that_vmalloc_takes_is_its_own(void **state)
{
	const uint64_t frames[] = {AT(KMALLOC, 8), AT(VMALLOC, 2), AT(LEAKY_PROBE, 1)};
	struct memory_block block = {.stack = sample_stack(*state, frames, 3)};
	struct owner owner;

	owner_find(*state, MEMORY_SLAB, &block, &owner);
	assert_string_equal(owner.frame.symbol, "vmalloc");
	block.stack = sample_stack(*state, frames + 1, 2);
	owner_find(*state, MEMORY_VMALLOC, &block, &owner);
	assert_string_equal(owner.frame.symbol, "leaky_probe");
}

static void helpers_are_told_by_their_names(void **state)
{
	static const struct {
		const char *name;
		enum memory_family family;
		bool helper;
	} cases[] = {
		{"__kmalloc_noprof", MEMORY_SLAB, true},
		{"__kmalloc_noprof", MEMORY_VMALLOC, false},
		{"kzalloc", MEMORY_SLAB, true},
		{"kmem_cache_alloc_lru", MEMORY_SLAB, true},
		{"__alloc_skb", MEMORY_SLAB, true},
		{"__alloc_skb", MEMORY_PAGES, true},
		{"__alloc_skb", MEMORY_PERCPU, false},
		{"devm_kasprintf", MEMORY_SLAB, true},
		{"mempool_alloc", MEMORY_PERCPU, true},
		{"kvmalloc_node", MEMORY_VMALLOC, true},
		{"alloc_inode", MEMORY_SLAB, false},
		{"d_alloc", MEMORY_SLAB, false},
		{"skb_put", MEMORY_SLAB, false},
		{"", MEMORY_SLAB, false},
		{"ExAllocatePoolWithTag", MEMORY_POOL, true},
		{"ExAllocatePoolWithTag", MEMORY_SLAB, false},
		{"mempool_alloc", MEMORY_POOL, false},
		{"IoAllocateIrp", MEMORY_POOL, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (owner_is_helper(cases[i].name, cases[i].family) != cases[i].helper)
			fail_msg("%s", cases[i].name);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(helpers_that_hand_an_allocation_on_are_no_owners),
		TEST(frames_of_the_tracing_are_left_out),
		TEST(a_trampoline_has_no_name_and_an_allocator_behind_it),
		TEST(a_module_that_has_gone_is_not_taken_for_tracing),
		TEST(behind_the_allocations_caller_nothing_is_tracing),
		TEST(a_modules_function_is_its_own_whatever_its_name),
		TEST(where_all_are_helpers_the_first_is_named),
		TEST(without_a_stack_the_caller_is_the_owner),
		TEST(with_nothing_at_all_nobody_is_known),
		TEST(without_symbols_the_kernel_is_told_by_its_range),
		TEST(an_object_that_vmalloc_takes_is_its_own),
		cmocka_unit_test(helpers_are_told_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
