/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a module has come and gone is told by the records of that very module. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "records.h"
#include "session/module_sink.h"

#define SECOND 1000000000ull

static void send(struct sink *sink, enum kmn_kind kind, const char *module)
{
	struct record_builder record;
	const struct kmn_header *const records[] = {&record.header};
	const struct batch batch = {records, 1};
	struct error err = {0};
	char name[56] = "";

	memcpy(name, module, strlen(module));
	record_begin(&record, kind, KMN_NO_HOOK, SECOND, 1);
	record_add_arg(&record, 0xffffffffc0200000);
	record_add_arg(&record, 0x1000);
	record_add_fetched(&record, 0, KMN_FETCHED, name, sizeof(name));
	assert_int_equal(sink->ops->events(sink, &batch, &err), 0);
}

static void a_module_comes_and_goes(void **state)
{
	struct error err = {0};
	struct sink *sink = module_sink_create("kmn_gate", &err);

	assert_non_null(sink);
	assert_int_equal(sink->ops->begin(sink, NULL, &err), 0);
	assert_false(module_sink_loaded(sink));
	send(sink, KMN_MODULE_LOAD, "kmn_gates");
	send(sink, KMN_MODULE_LOAD, "kmn_gat");
	assert_false(module_sink_loaded(sink));
	send(sink, KMN_MODULE_LOAD, "kmn_gate");
	assert_true(module_sink_loaded(sink));
	assert_false(module_sink_unloaded(sink));
	send(sink, KMN_MODULE_UNLOAD, "kmn_gates");
	assert_false(module_sink_unloaded(sink));
	send(sink, KMN_MODULE_UNLOAD, "kmn_gate");
	assert_true(module_sink_unloaded(sink));
	/* It is there again: what it has now is not leaked. */
	send(sink, KMN_MODULE_LOAD, "kmn_gate");
	assert_false(module_sink_unloaded(sink));
	sink->ops->destroy(sink);
}

static void one_that_was_there_before_can_go(void **state)
{
	struct error err = {0};
	struct sink *sink = module_sink_create("kmn_gate", &err);

	assert_non_null(sink);
	send(sink, KMN_MODULE_UNLOAD, "kmn_gate");
	assert_false(module_sink_loaded(sink));
	assert_true(module_sink_unloaded(sink));
	sink->ops->destroy(sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_comes_and_goes),
		cmocka_unit_test(one_that_was_there_before_can_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
