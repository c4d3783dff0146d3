/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names that an image exports, also from files that are cut off or changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "symbol/file_read.h"
#include "symbol/pe_exports.h"

static char *read_sample(const char *name, size_t *size)
{
	struct error err;
	char path[4096], *bytes;

	snprintf(path, sizeof(path), "%s/%s", getenv("KAPIMON_TEST_BUILD"), name);
	if (file_read(path, &bytes, size, &err))
		fail_msg("%s", err.message);
	return bytes;
}

static void check_names(const char *sample)
{
	size_t size;
	unsigned char *bytes = (unsigned char *)read_sample(sample, &size);
	const struct pe_export *plain, *variable;
	struct pe_exports exports;
	struct error err;

	assert_int_equal(pe_exports_parse(bytes, size, &exports, &err), 0);
	plain = pe_exports_named(&exports, "plain");
	variable = pe_exports_named(&exports, "variable");
	assert_non_null(plain);
	assert_true(plain->code);
	assert_non_null(variable);
	assert_false(variable->code);
	assert_null(pe_exports_named(&exports, "padded"));    /* it has a number only */
	assert_null(pe_exports_named(&exports, "forwarded")); /* another module's */
	assert_string_equal(pe_exports_at(&exports, plain->rva)->name, "plain");
	assert_string_equal(pe_exports_at(&exports, plain->rva + 1)->name, "plain");
	assert_null(pe_exports_at(&exports, 0));
	assert_true(pe_exports_is_code(&exports, plain->rva));
	assert_false(pe_exports_is_code(&exports, variable->rva));
	assert_false(pe_exports_is_code(&exports, 0));
	assert_false(pe_exports_is_code(&exports, UINT32_MAX));
	pe_exports_fini(&exports);
}

static void test_names(void **state)
{
	check_names("pe_sample_i386.dll");
	check_names("pe_sample_x64.dll");
}

/* Nothing but names that are in the file comes out, whatever is in it. */
static void test_damage(void **state)
{
	size_t size, length, parsed = 0;
	char *sample = read_sample("pe_sample_x64.dll", &size);

	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		struct pe_exports exports;
		unsigned char *bytes;

		length = i % 4 ? size : (size_t)rand() % (size + 1);
		bytes = malloc(length + 1);
		memcpy(bytes, sample, length);
		for (unsigned j = 0; j < 8 && length; j++)
			bytes[(size_t)rand() % (j % 2 && length > 1024 ? 1024 : length)] =
				(unsigned char)rand();
		if (pe_exports_parse(bytes, length, &exports, NULL))
			continue;
		parsed++;
		for (size_t j = 0; j < exports.n_exports; j++)
			assert_true((const unsigned char *)exports.exports[j].name >=
					    exports.bytes &&
				    (const unsigned char *)exports.exports[j].name +
						    strlen(exports.exports[j].name) <
					    exports.bytes + length);
		pe_exports_fini(&exports);
	}
	assert_in_range(parsed, 1000, 19999);
	free(sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
