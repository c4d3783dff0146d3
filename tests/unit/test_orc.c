/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of the kernel's unwinder tables, laid out as before and since Linux 6.4, to rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "symbol/orc.h"

struct field {
	const char *name;
	uint32_t bit, bits;
};

/* struct orc_entry with these fields behind its offsets and registers; the caller frees it. */
static struct btf *make_types(const struct field *fields, size_t n, uint32_t bytes)
{
	struct btf *btf = btf__new_empty();
	int s16, number;

	assert_non_null(btf);
	s16 = btf__add_int(btf, "short", 2, BTF_INT_SIGNED);
	number = btf__add_int(btf, "unsigned int", 4, 0);
	assert_true(btf__add_struct(btf, "orc_entry", bytes) > 0);
	assert_int_equal(btf__add_field(btf, "sp_offset", s16, 0, 0), 0);
	assert_int_equal(btf__add_field(btf, "bp_offset", s16, 16, 0), 0);
	assert_int_equal(btf__add_field(btf, "sp_reg", number, 32, 4), 0);
	assert_int_equal(btf__add_field(btf, "bp_reg", number, 36, 4), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
			btf__add_field(btf, fields[i].name, number, fields[i].bit, fields[i].bits),
			0);
	return btf;
}

static const struct field old_fields[] = {{"type", 40, 2}, {"end", 42, 1}};
static const struct field new_fields[] = {{"type", 40, 3}, {"signal", 43, 1}};

static struct kmn_orc_layout find_layout(const struct field *fields, size_t n)
{
	struct btf *btf = make_types(fields, n, 6);
	struct kmn_orc_layout layout;

	assert_true(orc_layout_find(btf, &layout));
	btf__free(btf);
	return layout;
}

/* The bytes of an entry: offsets, sp and bp register, and what is behind them. */
static uint64_t entry(int sp_offset, int bp_offset, unsigned sp_reg, unsigned bp_reg, unsigned rest)
{
	return (uint64_t)(uint16_t)sp_offset | (uint64_t)(uint16_t)bp_offset << 16 |
	       (uint64_t)(sp_reg | bp_reg << 4 | rest << 8) << 32;
}

struct row {
	uint64_t entry;
	enum kmn_rule_kind kind;
	int offset;
	unsigned saved;
};

static void check_rows(const struct kmn_orc_layout *layout, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t rule = kmn_orc_rule(rows[i].entry, layout);

		if (RULE_KIND(rule) != (uint32_t)rows[i].kind ||
		    RULE_OFFSET(rule) != rows[i].offset || RULE_BP_SAVED(rule) != rows[i].saved ||
		    rule >> RULE_BITS)
			fail_msg("row %zu: kind %u, offset %lld, saved %u", i, RULE_KIND(rule),
				 (long long)RULE_OFFSET(rule), RULE_BP_SAVED(rule));
	}
}

static void entries_of_before_6_4_become_rules(void **state)
{
	struct kmn_orc_layout layout = find_layout(old_fields, 2);
	const struct row rows[] = {
		/* a call's: sp alone, with rbp pushed, found through rbp */
		{entry(8, 0, KMN_ORC_SP, KMN_ORC_UNDEFINED, 0), RULE_SP, 8, 0},
		{entry(56, -16, KMN_ORC_SP, KMN_ORC_PREV_SP, 0), RULE_SP, 56, 2},
		{entry(16, -16, KMN_ORC_BP, KMN_ORC_PREV_SP, 0), RULE_BP, 16, 2},
		{entry(8184, -1008, KMN_ORC_SP, KMN_ORC_PREV_SP, 0), RULE_SP, 8184, 126},
		/* another stack; an aligned frame */
		{entry(8, 0, KMN_ORC_SP_INDIRECT, KMN_ORC_UNDEFINED, 0), RULE_SP_LOAD, 8, 0},
		{entry(-8, 0, KMN_ORC_BP_INDIRECT, KMN_ORC_BP, 0), RULE_BP_LOAD, -8, RULE_BP_AT_BP},
		/* registers */
		{entry(0, 0, KMN_ORC_SP, KMN_ORC_UNDEFINED, 1), RULE_REGS, 0, 0},
		{entry(16, 0, KMN_ORC_SP, KMN_ORC_UNDEFINED, 2), RULE_REGS_SHORT, 16, 0},
		/* the end, and text that nothing is known of */
		{entry(0, 0, KMN_ORC_UNDEFINED, KMN_ORC_UNDEFINED, 4), RULE_END, 0, 0},
		{entry(0, 0, KMN_ORC_UNDEFINED, KMN_ORC_UNDEFINED, 0), RULE_NONE, 0, 0},
		{0, RULE_NONE, 0, 0},
	};

	check_rows(&layout, rows, sizeof(rows) / sizeof(rows[0]));
}

static void entries_of_6_4_and_later_become_rules(void **state)
{
	struct kmn_orc_layout layout = find_layout(new_fields, 2);
	const struct row rows[] = {
		{entry(8, 0, KMN_ORC_SP, KMN_ORC_UNDEFINED, 2), RULE_SP, 8, 0},
		{entry(56, -48, KMN_ORC_SP, KMN_ORC_PREV_SP, 2), RULE_SP, 56, 6},
		{entry(16, -16, KMN_ORC_BP, KMN_ORC_PREV_SP, 2), RULE_BP, 16, 2},
		/* "signal" changes nothing: which address counts is known from the frame below */
		{entry(0, 0, KMN_ORC_SP, KMN_ORC_UNDEFINED, 3 | 8), RULE_REGS, 0, 0},
		{entry(8, 0, KMN_ORC_SP, KMN_ORC_UNDEFINED, 4 | 8), RULE_REGS_SHORT, 8, 0},
		{entry(0, 0, KMN_ORC_UNDEFINED, KMN_ORC_UNDEFINED, 1), RULE_END, 0, 0},
		{entry(0, 0, KMN_ORC_UNDEFINED, KMN_ORC_UNDEFINED, 0), RULE_NONE, 0, 0},
		{0, RULE_NONE, 0, 0},
	};

	check_rows(&layout, rows, sizeof(rows) / sizeof(rows[0]));
}

static void what_is_odd_is_left_to_the_kernel(void **state)
{
	struct kmn_orc_layout layout = find_layout(new_fields, 2);
	const uint64_t odd[] = {
		entry(8, 0, 6 /* r10 */, KMN_ORC_UNDEFINED, 2),
		entry(8, 0, 7 /* r13 */, KMN_ORC_UNDEFINED, 2),
		entry(8, 0, 2 /* rdx */, KMN_ORC_UNDEFINED, 2),
		entry(12, 0, KMN_ORC_SP, KMN_ORC_UNDEFINED, 2),
		entry(8192, 0, KMN_ORC_SP, KMN_ORC_UNDEFINED, 2),
		entry(-8200, 0, KMN_ORC_SP, KMN_ORC_UNDEFINED, 2),
		entry(56, 16, KMN_ORC_SP, KMN_ORC_PREV_SP, 2),
		entry(56, -12, KMN_ORC_SP, KMN_ORC_PREV_SP, 2),
		entry(2000, -1016, KMN_ORC_SP, KMN_ORC_PREV_SP, 2),
		entry(8, 0, KMN_ORC_SP, KMN_ORC_BP, 2),
		entry(8, 8, KMN_ORC_BP_INDIRECT, KMN_ORC_BP, 2),
		entry(0, 0, KMN_ORC_SP_INDIRECT, KMN_ORC_UNDEFINED, 3),
		entry(0, -16, KMN_ORC_SP, KMN_ORC_PREV_SP, 3),
		entry(8, 0, KMN_ORC_SP, KMN_ORC_UNDEFINED, 5),
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		if (kmn_orc_rule(odd[i], &layout) != RULE_NONE)
			fail_msg("entry %zu has a rule", i);
	}
}

static void a_layout_that_is_not_known_is_refused(void **state)
{
	static const struct field none[] = {{"kind", 40, 3}};
	static const struct field wide[] = {{"type", 40, 4}};
	static const struct field low[] = {{"type", 38, 3}};
	static const struct field far[] = {{"type", 40, 2}, {"end", 48, 1}};
	static const struct {
		const struct field *fields;
		size_t n;
		uint32_t bytes;
	} rows[] = {
		{none, 1, 6}, {wide, 1, 6}, {low, 1, 6}, {far, 2, 6}, {new_fields, 2, 8},
	};
	struct btf *btf = btf__new_empty();
	struct kmn_orc_layout layout = {.call = 77};

	assert_false(orc_layout_find(btf, &layout));
	btf__free(btf);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		btf = make_types(rows[i].fields, rows[i].n, rows[i].bytes);
		if (orc_layout_find(btf, &layout))
			fail_msg("layout %zu was taken", i);
		btf__free(btf);
	}
	assert_int_equal(layout.call, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_of_before_6_4_become_rules),
		cmocka_unit_test(entries_of_6_4_and_later_become_rules),
		cmocka_unit_test(what_is_odd_is_left_to_the_kernel),
		cmocka_unit_test(a_layout_that_is_not_known_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
