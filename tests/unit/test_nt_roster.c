/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules that come and go while NT is recorded: their bits, and in which of them addresses are. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <nt/ranges.h>
#include <nt/roster.h>

#define ROOM 80

/* "+a" came, "-a" has gone; modules are letters. */
static char seen[256];

static void changed(void *context, const struct trace_module *module, bool comes)
{
	size_t n = strlen(seen);

	assert_ptr_equal(context, seen);
	assert_in_range(n, 0, sizeof(seen) - 3);
	seen[n] = comes ? '+' : '-';
	seen[n + 1] = module->name[0];
	seen[n + 2] = '\0';
}

static struct trace_module module_at(char name, uint64_t base)
{
	return (struct trace_module){.base = base, .size = 0x1000, .name = {name}};
}

/* Letters, each at a place of its own. */
static const char *look(struct roster *roster, const char *loaded, uint64_t came, uint64_t time)
{
	struct trace_module modules[ROOM];
	size_t n = 0;

	for (; loaded[n]; n++)
		modules[n] = module_at(loaded[n], (uint64_t)loaded[n] << 16);
	seen[0] = '\0';
	roster_look(roster, modules, n, came, time, changed, seen);
	return seen;
}

static const struct trace_module *last(const struct roster *roster, char name)
{
	for (size_t i = roster->n; i-- > 0;)
		if (roster->modules[i].name[0] == name)
			return &roster->modules[i];
	return NULL;
}

static void roster_create(struct roster *roster, size_t room)
{
	roster_init(roster, calloc(room, sizeof(*roster->modules)), room);
	assert_non_null(roster->modules);
}

static void test_what_is_there_first_is_no_change(void **state)
{
	struct roster roster;

	roster_create(&roster, ROOM);
	assert_string_equal(look(&roster, "kab", 0, 5), "");
	assert_int_equal(roster.n, 3);
	assert_int_equal(last(&roster, 'k')->bit, 0);
	assert_int_equal(last(&roster, 'b')->bit, 2);
	assert_int_equal(last(&roster, 'b')->loaded, 0);
	assert_int_equal(roster.changes, 3);
	assert_string_equal(look(&roster, "bak", 0, 6), "");
	assert_int_equal(roster.changes, 3);
	free(roster.modules);
}

static void test_one_that_comes_takes_no_bit_of_another(void **state)
{
	struct roster roster;

	roster_create(&roster, ROOM);
	look(&roster, "kab", 0, 5);
	assert_string_equal(look(&roster, "kb", 0, 10), "-a");
	assert_int_equal(last(&roster, 'a')->unloaded, 10);
	assert_false(roster_is_here(last(&roster, 'a')));
	/* Also where the other has gone. */
	assert_string_equal(look(&roster, "kbc", 0, 20), "+c");
	assert_int_equal(last(&roster, 'c')->bit, 3);
	assert_int_equal(last(&roster, 'c')->loaded, 20);
	assert_int_equal(roster.changes, 5);
	free(roster.modules);
}

static void test_one_that_comes_back_has_its_bit(void **state)
{
	struct roster roster;

	roster_create(&roster, ROOM);
	look(&roster, "kab", 0, 5);
	look(&roster, "kb", 0, 10);
	assert_string_equal(look(&roster, "kba", 0, 20), "+a");
	assert_int_equal(last(&roster, 'a')->bit, 1);
	assert_int_equal(last(&roster, 'a')->loaded, 20);
	assert_int_equal(roster.n, 4);
	free(roster.modules);
}

static void test_what_looks_the_same_is_another_when_it_was_loaded(void **state)
{
	struct roster roster;

	roster_create(&roster, ROOM);
	look(&roster, "kab", 0, 5);
	assert_string_equal(look(&roster, "kab", (uint64_t)'a' << 16, 10), "-a+a");
	assert_int_equal(last(&roster, 'a')->loaded, 10);
	assert_int_equal(last(&roster, 'a')->bit, 1);
	free(roster.modules);
}

static void test_first_ones_leave_bits(void **state)
{
	struct trace_module modules[64];
	struct roster roster;

	roster_create(&roster, ROOM);
	for (size_t i = 0; i < 60; i++) {
		modules[i] = module_at('x', 0x1000 * (i + 1));
		snprintf(modules[i].name, sizeof(modules[i].name), "m%zu.sys", i);
	}
	roster_look(&roster, modules, 60, 0, 1, NULL, NULL);
	assert_int_equal(roster.modules[47].bit, 47);
	assert_int_equal(roster.modules[48].bit, TRACE_SHARED_BIT);
	/* One that a filter names gets its own, while it may. */
	assert_int_equal(roster_bit(&roster, "m50.sys", false), TRACE_SHARED_BIT);
	assert_int_equal(roster_bit(&roster, "M50.SYS", true), 48);
	assert_int_equal(roster.modules[50].bit, 48);
	assert_int_equal(roster_bit(&roster, "m3.sys", true), 3);
	/* Those that come later have the others, as long as there are any. */
	for (size_t i = 60; i < 64; i++) {
		modules[i] = module_at('y', 0x1000 * (i + 1));
		snprintf(modules[i].name, sizeof(modules[i].name), "m%zu.sys", i);
	}
	roster_look(&roster, modules, 64, 0, 2, NULL, NULL);
	assert_int_equal(roster.modules[60].bit, 49);
	assert_int_equal(roster.modules[63].bit, 52);
	for (uint32_t i = 53; i < TRACE_SHARED_BIT; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%u", i);
		assert_int_equal(roster_bit(&roster, name, true), i);
	}
	assert_int_equal(roster_bit(&roster, "one-too-many", true), TRACE_SHARED_BIT);
	free(roster.modules);
}

static void test_a_bit_waits_for_its_module(void **state)
{
	struct roster roster;
	uint32_t bit;

	roster_create(&roster, ROOM);
	look(&roster, "kab", 0, 5);
	bit = roster_bit(&roster, "Z", true);
	assert_int_equal(bit, 3);
	assert_int_equal(roster_bit(&roster, "z", false), bit);
	assert_false(roster_is_here(last(&roster, 'Z')));
	assert_string_equal(look(&roster, "kab", 0, 6), "");
	look(&roster, "kabc", 0, 7);
	assert_int_equal(last(&roster, 'c')->bit, 4);
	assert_string_equal(look(&roster, "kabcz", 0, 8), "+z");
	assert_int_equal(last(&roster, 'z')->bit, bit);
	free(roster.modules);
}

static void test_without_room_the_one_that_has_gone_longest_is_forgotten(void **state)
{
	struct roster roster;

	roster_create(&roster, 4);
	look(&roster, "kab", 0, 5);
	look(&roster, "k", 0, 6);
	assert_string_equal(look(&roster, "kc", 0, 7), "+c");
	assert_string_equal(look(&roster, "kcd", 0, 8), "+d");
	assert_int_equal(roster.n, 4);
	assert_null(last(&roster, 'a'));
	assert_non_null(last(&roster, 'b'));
	/* Its bit stands for nobody else. */
	assert_int_equal(last(&roster, 'd')->bit, 4);
	/* All are there: what comes is left out. */
	assert_string_equal(look(&roster, "kcde", 0, 9), "+e");
	assert_string_equal(look(&roster, "kcdef", 0, 10), "");
	free(roster.modules);
}

static void test_addresses_are_found_in_any_order(void **state)
{
	const struct range some[] = {
		{0x3000, 0x4000, 2}, {0x1000, 0x2000, 1}, {0x4000, 0x5000, 63}};
	const uint64_t inside[] = {0x1000, 0x1fff, 0x3800};
	const uint64_t outside[] = {0, 0xfff, 0x2000, 0x2fff, 0x5000, UINT64_MAX};
	void *memory = malloc(ranges_size(3));
	struct ranges ranges;

	ranges_init(&ranges, memory, 3);
	assert_int_equal(ranges_mask(&ranges, inside, 3), 0);
	ranges_set(&ranges, some, 3);
	assert_int_equal(ranges_mask(&ranges, inside, 3), 1 << 1 | 1 << 2);
	assert_int_equal(ranges_mask(&ranges, outside, 6), 0);
	assert_int_equal(ranges_mask(&ranges, &(uint64_t){0x4fff}, 1), 1ull << 63);
	ranges_set(&ranges, some, 1);
	assert_int_equal(ranges_mask(&ranges, inside, 3), 1 << 2);
	/* More than there is room for. */
	ranges_init(&ranges, memory, 1);
	ranges_set(&ranges, some, 3);
	assert_int_equal(ranges_mask(&ranges, inside, 3), 1 << 2);
	free(memory);
}

/* Tables of two kinds in turn; in none are both bits, nor is any other. */
static struct ranges shared;
static int stopping;

static void *read_ranges(void *context)
{
	const uint64_t addresses[] = {0x1800, 0x5800, 0x9800};
	uint64_t *wrong = context;

	while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
		uint64_t mask = ranges_mask(&shared, addresses, 3);

		*wrong += mask != 1 << 1 && mask != 1 << 2;
	}
	return NULL;
}

static void test_readers_see_one_table_or_the_other(void **state)
{
	enum { N = 40 };
	struct range tables[2][N];
	uint64_t wrong[2] = {0};
	pthread_t threads[2];
	void *memory = malloc(ranges_size(N));

	for (size_t i = 0; i < N; i++) {
		tables[0][i] = (struct range){0x1000 * i, 0x1000 * (i + 1), 1};
		tables[1][i] = (struct range){0x1000 * i, 0x1000 * (i + 1), 2};
	}
	ranges_init(&shared, memory, N);
	ranges_set(&shared, tables[0], N);
	stopping = 0;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_ranges, &wrong[i]), 0);
	for (unsigned i = 0; i < 200000; i++)
		ranges_set(&shared, tables[i & 1], N - (i & 3));
	__atomic_store_n(&stopping, 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(wrong[0] + wrong[1], 0);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_there_first_is_no_change),
		cmocka_unit_test(test_one_that_comes_takes_no_bit_of_another),
		cmocka_unit_test(test_one_that_comes_back_has_its_bit),
		cmocka_unit_test(test_what_looks_the_same_is_another_when_it_was_loaded),
		cmocka_unit_test(test_first_ones_leave_bits),
		cmocka_unit_test(test_a_bit_waits_for_its_module),
		cmocka_unit_test(test_without_room_the_one_that_has_gone_longest_is_forgotten),
		cmocka_unit_test(test_addresses_are_found_in_any_order),
		cmocka_unit_test(test_readers_see_one_table_or_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
