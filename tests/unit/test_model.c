/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <record.h>

#include "model/catalog.h"
#include "model/namer.h"
#include "model/verdict.h"

static void apis_are_found_by_id_in_whatever_order_they_came(void **state)
{
	static const uint32_t ids[] = {5, 0, 1000000, 3, 1, 4, 2};
	struct api_table table;
	struct error err = {0};
	char name[16];

	api_table_init(&table);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct api api = {.id = ids[i]};

		snprintf(name, sizeof(name), "api%u", ids[i]);
		api.name = strdup(name);
		assert_int_equal(api_table_add(&table, &api, &err), 0);
		assert_null(api.name);
	}
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		snprintf(name, sizeof(name), "api%u", ids[i]);
		assert_string_equal(api_table_find(&table, ids[i])->name, name);
	}
	for (size_t i = 1; i < table.n_apis; i++)
		assert_true(table.apis[i - 1]->id < table.apis[i]->id);
	assert_null(api_table_find(&table, 6));
	assert_null(api_table_find(&table, KMN_NO_HOOK));
	api_table_fini(&table);
}

static void an_api_number_is_given_once(void **state)
{
	struct api first = {.id = 1, .name = strdup("kfree")};
	struct api second = {.id = 1, .name = strdup("vfs_open")};
	struct api_table table;
	struct error err = {0};

	api_table_init(&table);
	assert_int_equal(api_table_add(&table, &first, &err), 0);
	assert_int_equal(api_table_add(&table, &second, &err), -1);
	assert_non_null(strstr(err.message, "kfree and vfs_open"));
	assert_string_equal(second.name, "vfs_open");
	api_fini(&second);
	api_table_fini(&table);
}

static void a_module_is_found_by_address_and_time(void **state)
{
	const struct module modules[] = {
		{.name = "vmlinux", .base = 0x1000, .size = 0x1000},
		{.name = "gone", .base = 0x4000, .size = 0x100, .loaded = 10, .unloaded = 20},
		{.name = "come", .base = 0x4080, .size = 0x100, .loaded = 30},
	};
	static const struct {
		uint64_t address, time;
		const char *name;
	} cases[] = {
		{0x1000, 0, "vmlinux"}, {0x1fff, 5, "vmlinux"}, {0x2000, 0, NULL},
		{0xfff, 0, NULL},	{0x4000, 10, "gone"},	{0x4000, 19, "gone"},
		{0x4000, 20, NULL},	{0x4000, 9, NULL},	{0x4000, 0, "gone"},
		{0x4080, 15, "gone"},	{0x4080, 30, "come"},	{0x4080, 0, "come"},
	};
	struct module_table table;
	struct error err = {0};

	module_table_init(&table);
	for (int i = 0; i < 3; i++)
		assert_int_equal(module_table_add(&table, &modules[i], &err), i);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct module *module =
			module_table_find(&table, cases[i].address, cases[i].time);

		if (!cases[i].name)
			assert_null(module);
		else
			assert_string_equal(module->name, cases[i].name);
	}
	module_table_fini(&table);
}

static void stacks_stay_where_they_are_while_the_table_grows(void **state)
{
	struct stack_table *table = stack_table_create();
	const struct stack *first = NULL;
	struct error err = {0};
	bool added;

	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t frames[64] = {i, i + 1, i + 2};
		struct stack stack = {.hash = i << 40,
				      .modules = i,
				      .n_frames = (uint16_t)(i % 64),
				      .frames = frames};

		assert_int_equal(stack_table_add(table, &stack, &added, &err), 0);
		assert_true(added);
		if (!i)
			first = stack_table_find(table, 0);
	}
	assert_int_equal(stack_table_count(table), 20000);
	assert_ptr_equal(stack_table_find(table, 0), first);
	for (uint64_t i = 0; i < 20000; i++) {
		const struct stack *stack = stack_table_find(table, i << 40);

		assert_ptr_equal(stack, stack_table_at(table, i));
		assert_int_equal(stack->modules, i);
		assert_int_equal(stack->n_frames, i % 64);
		if (i % 64 > 1)
			assert_int_equal(stack->frames[1], i + 1);
	}
	assert_null(stack_table_find(table, 12345));
	assert_null(stack_table_at(table, 20000));
	stack_table_destroy(table);
}

static void a_stack_that_is_known_is_left_as_it_is(void **state)
{
	const uint64_t frames[] = {1, 2};
	struct stack stack = {.hash = 7, .n_frames = 2, .frames = frames};
	struct stack_table *table = stack_table_create();
	struct error err = {0};
	bool added = false;

	assert_int_equal(stack_table_add(table, &stack, &added, &err), 0);
	assert_true(added);
	stack.n_frames = 1;
	assert_int_equal(stack_table_add(table, &stack, &added, &err), 0);
	assert_false(added);
	assert_int_equal(stack_table_find(table, 7)->n_frames, 2);
	stack_table_destroy(table);
	stack_table_destroy(NULL);
}

static void an_address_without_a_symbol_is_named_by_its_module(void **state)
{
	const struct module modules[] = {
		{.name = "vmlinux", .base = 0x1000, .size = 0x1000},
		{.name = "ext4", .base = 0x4000, .size = 0x100},
	};
	struct catalog catalog;
	struct error err = {0};
	struct frame frame;

	assert_int_equal(catalog_init(&catalog, &err), 0);
	module_table_add(&catalog.modules, &modules[0], &err);
	module_table_add(&catalog.modules, &modules[1], &err);
	catalog_frame(&catalog, 0x4010, &frame);
	assert_null(frame.symbol);
	assert_string_equal(frame.module, "ext4");
	assert_int_equal(frame.offset, 0x10);
	catalog_frame(&catalog, 0x1010, &frame);
	assert_string_equal(frame.module, "vmlinux");
	assert_int_equal(frame.offset, 0x10);
	assert_true(catalog_frame_is_kernel(&catalog, &frame));
	assert_ptr_equal(catalog_frame_module(&catalog, &frame, 0x1010),
			 &catalog.modules.modules[0]);
	catalog_frame(&catalog, 0x9000, &frame);
	assert_null(frame.module);
	assert_int_equal(frame.offset, 0x9000);
	assert_null(catalog_frame_module(&catalog, &frame, 0x9000));
	/* Init text is in no range: it has its module by name, if it has a name itself. */
	frame = (struct frame){.symbol = "ext4_init_fs", .module = "ext4"};
	assert_ptr_equal(catalog_frame_module(&catalog, &frame, 0x9000),
			 &catalog.modules.modules[1]);
	frame.symbol = NULL;
	assert_null(catalog_frame_module(&catalog, &frame, 0x9000));
	catalog_fini(&catalog);
}

struct sure {
	struct namer namer;
	const struct module *asked;
	bool kernel;
};

static bool name_all(struct namer *namer, const struct catalog *catalog,
		     const struct module *module, bool kernel, uint64_t offset, const char **symbol,
		     uint64_t *symbol_offset)
{
	struct sure *sure = (struct sure *)namer;

	sure->asked = module;
	sure->kernel = kernel;
	*symbol = "somewhere";
	*symbol_offset = offset & 0xf;
	return true;
}

static bool resolve_one(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	if (address == 0x4020)
		*frame = (struct frame){"known", 1, "ext4"};
	/* Counted from where an earlier module was. */
	if (address == 0x4030)
		*frame = (struct frame){NULL, 0x99, "ext4"};
	return address == 0x4020 || address == 0x4030;
}

static void a_namer_is_asked_for_what_has_no_name(void **state)
{
	const struct module modules[] = {
		{.name = "vmlinux", .base = 0x1000, .size = 0x1000},
		{.name = "ext4", .base = 0x4000, .size = 0x100},
	};
	struct sure sure = {.namer.name = name_all};
	struct catalog catalog;
	struct error err = {0};
	struct frame frame;

	assert_int_equal(catalog_init(&catalog, &err), 0);
	module_table_add(&catalog.modules, &modules[0], &err);
	module_table_add(&catalog.modules, &modules[1], &err);
	catalog.resolve = resolve_one;
	catalog.namer = &sure.namer;
	catalog_frame(&catalog, 0x4013, &frame);
	assert_string_equal(frame.symbol, "somewhere");
	assert_string_equal(frame.module, "ext4");
	assert_int_equal(frame.offset, 3);
	assert_false(sure.kernel);
	catalog_frame(&catalog, 0x1014, &frame);
	assert_string_equal(frame.symbol, "somewhere");
	assert_null(frame.module);
	assert_true(sure.kernel);
	sure.asked = NULL;
	catalog_frame(&catalog, 0x4020, &frame);
	assert_string_equal(frame.symbol, "known");
	catalog_frame(&catalog, 0x4030, &frame);
	assert_null(frame.symbol);
	catalog_frame(&catalog, 0x9000, &frame);
	assert_null(frame.symbol);
	catalog_frame_alone(&catalog, 0x4013, &frame);
	assert_null(frame.symbol);
	assert_null(sure.asked);
	catalog_fini(&catalog);
}

/* 12:01:03 UTC of some day. */
#define LOSS_BEGIN 43263000000000ull
#define LOSS_END 43265000000000ull

static void the_verdict_says_what_is_missing(void **state)
{
	static const struct {
		struct ledger_row rows[5];
		uint64_t damaged;
		bool interrupted;
		const char *verdict;
	} cases[] = {
		{{{.hits = 9, .recorded = 5, .filtered = 3, .suspended = 1, .self = 4}},
		 0,
		 false,
		 "COMPLETE"},
		{{{0}}, 0, false, "COMPLETE"},
		{{{.hits = 1000,
		   .recorded = 997,
		   .lost = 3,
		   .first_lost = LOSS_BEGIN,
		   .last_lost = LOSS_END}},
		 0,
		 false,
		 "INCOMPLETE: 0.3% lost, kfree, 12:01:03-12:01:05"},
		{{{.hits = 100,
		   .recorded = 50,
		   .lost = 50,
		   .first_lost = LOSS_BEGIN,
		   .last_lost = LOSS_BEGIN + 5},
		  {.hook = 1, .hits = 9, .recorded = 8, .lost = 1},
		  {.hook = 1, .point = LEDGER_RETURN, .hits = 9, .recorded = 8, .lost = 1},
		  {.hook = 2, .missed = 2},
		  {.hook = 3, .missed = 1}},
		 0,
		 false,
		 "INCOMPLETE: 50.0% lost, kfree, 12:01:03, and 3 more hooks"},
		/* Entries and returns of a hook count together, and against its own calls. */
		{{{.hits = 100, .recorded = 100},
		  {.hook = 1, .hits = 10, .recorded = 7, .lost = 3},
		  {.hook = 1, .point = LEDGER_RETURN, .hits = 10, .recorded = 8, .lost = 2},
		  {.hook = 9, .hits = 9, .recorded = 5, .lost = 4}},
		 0,
		 false,
		 "INCOMPLETE: 25.0% lost, vfs_open, and 1 more hook"},
		{{{.hook = 1, .hits = 999999, .recorded = 999999, .missed = 1}},
		 0,
		 false,
		 "INCOMPLETE: 1 of 1,000,000 missed, vfs_open"},
		{{{.hits = 1000000, .recorded = 1, .lost = 999999}},
		 0,
		 false,
		 "INCOMPLETE: 999,999 of 1,000,000 lost, kfree"},
		{{{.hits = 4, .lost = 4}}, 0, false, "INCOMPLETE: 100% lost, kfree"},
		{{{.hits = 90, .recorded = 80, .lost = 10, .missed = 10}},
		 0,
		 false,
		 "INCOMPLETE: 10.0% lost, 10.0% missed, kfree"},
		{{{.hook = KMN_NO_HOOK, .hits = 10, .lost = 10}, {.hits = 90, .recorded = 90}},
		 0,
		 false,
		 "INCOMPLETE: 10.0% lost, of no single hook"},
		{{{.hook = 42, .hits = 2, .recorded = 1, .lost = 1}},
		 0,
		 false,
		 "INCOMPLETE: 50.0% lost, hook 42"},
		{{{0}},
		 0,
		 true,
		 "INCOMPLETE: the capture ends before its ledger (the writer was killed?)"},
		{{{.hits = 2, .recorded = 1, .lost = 1}},
		 2,
		 false,
		 "INCOMPLETE: 50.0% lost, kfree; the capture is damaged in 2 places, what was "
		 "there "
		 "is not shown"},
		{{{.hits = 10, .recorded = 9}},
		 0,
		 false,
		 "INCOMPLETE: the counts of kfree do not add up (a fault of Kapimon)"},
	};
	struct api kfree = {.id = 0, .name = strdup("kfree")};
	struct api vfs_open = {.id = 1, .name = strdup("vfs_open")};
	struct catalog catalog;
	struct error err = {0};

	setenv("TZ", "UTC", 1);
	tzset();
	assert_int_equal(catalog_init(&catalog, &err), 0);
	catalog.clock_offset = 1700006400ll * 1000000000; /* midnight */
	assert_int_equal(api_table_add(&catalog.apis, &kfree, &err), 0);
	assert_int_equal(api_table_add(&catalog.apis, &vfs_open, &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text out = TEXT_INIT;
		struct ledger ledger;

		ledger_init(&ledger);
		for (size_t j = 0; j < 5; j++)
			ledger_add(&ledger, &cases[i].rows[j], &err);
		ledger.damaged = cases[i].damaged;
		ledger.interrupted = cases[i].interrupted;
		ledger_verdict(&ledger, &catalog, &out);
		assert_string_equal(text_string(&out), cases[i].verdict);
		assert_int_equal(ledger_complete(&ledger), !strcmp(cases[i].verdict, "COMPLETE"));
		text_fini(&out);
		ledger_fini(&ledger);
	}
	catalog_fini(&catalog);
}

static void the_total_is_the_sum_of_all_rows(void **state)
{
	const struct ledger_row rows[] = {
		{.hits = 10, .recorded = 1, .filtered = 2, .lost = 3, .suspended = 4},
		{.hook = 1, .hits = 1, .lost = 1, .first_lost = 70, .last_lost = 90},
		{.hook = 2, .missed = 5, .self = 6, .first_lost = 60, .last_lost = 80},
	};
	struct ledger ledger;
	struct ledger_row total;
	struct error err = {0};

	ledger_init(&ledger);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(ledger_add(&ledger, &rows[i], &err), 0);
	ledger_total(&ledger, &total);
	assert_int_equal(total.hits, 11);
	assert_int_equal(total.recorded, 1);
	assert_int_equal(total.filtered, 2);
	assert_int_equal(total.lost, 4);
	assert_int_equal(total.suspended, 4);
	assert_int_equal(total.missed, 5);
	assert_int_equal(total.self, 6);
	assert_int_equal(total.first_lost, 60);
	assert_int_equal(total.last_lost, 90);
	assert_null(ledger_broken(&ledger));
	ledger.rows[1].hits++;
	assert_ptr_equal(ledger_broken(&ledger), &ledger.rows[1]);
	ledger_fini(&ledger);
}

static void hook_methods_have_names(void **state)
{
	assert_string_equal(hook_method_name(METHOD_NONE), "none");
	assert_string_equal(hook_method_name(METHOD_KPROBE_MULTI), "kprobe.multi");
	assert_string_equal(hook_method_name((enum hook_method)77), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apis_are_found_by_id_in_whatever_order_they_came),
		cmocka_unit_test(an_api_number_is_given_once),
		cmocka_unit_test(a_module_is_found_by_address_and_time),
		cmocka_unit_test(stacks_stay_where_they_are_while_the_table_grows),
		cmocka_unit_test(a_stack_that_is_known_is_left_as_it_is),
		cmocka_unit_test(an_address_without_a_symbol_is_named_by_its_module),
		cmocka_unit_test(a_namer_is_asked_for_what_has_no_name),
		cmocka_unit_test(the_verdict_says_what_is_missing),
		cmocka_unit_test(the_total_is_the_sum_of_all_rows),
		cmocka_unit_test(hook_methods_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
