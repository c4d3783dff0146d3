/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source lines, from files that tests/unit/meson.build has compiled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "symbol/dwarf_file.h"
#include "symbol/lines.h"
#include "symbol/missing.h"

#define KERNEL_BASE 0xffffffff81000000ull
#define MODULE_BASE 0xffffffffc0200000ull
#define BUILD_ID "00112233445566778899aabbccddeeff00112233"

static const uint8_t build_id[20] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
				     0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11, 0x22, 0x33};
static char directory[] = "/tmp/kapimon-lines-XXXXXX";

static const char *sample(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", getenv("KAPIMON_TEST_BUILD"), name);
	return path;
}

static struct dwarf_file *open_sample(const char *name)
{
	struct dwarf_file *file = NULL;
	struct error err = {0};

	if (dwarf_file_open(sample(name), build_id, sizeof(build_id), &file, &err))
		fail_msg("%s", err.message);
	return file;
}

static uint64_t address_of(const struct dwarf_file *file, const char *symbol)
{
	uint64_t address = 0;

	if (!dwarf_file_address(file, symbol, 0, 0, &address))
		fail_msg("%s is not there", symbol);
	return address;
}

static void assert_place(const struct place *place, const char *function, const char *file,
			 unsigned line)
{
	size_t length = strlen(place->file), ending = strlen(file);

	if (function)
		assert_string_equal(place->function, function);
	else
		assert_null(place->function);
	assert_true(length >= ending);
	assert_string_equal(place->file + length - ending, file);
	assert_int_equal(place->line, line);
}

static void assert_mark(const struct place *places, size_t n)
{
	assert_int_equal(n, 3);
	assert_place(&places[0], "inner", "lines_sample.c", 9);
	assert_place(&places[1], "middle", "lines_sample.c", 15);
	assert_place(&places[2], NULL, "lines_sample.c", 20);
}

static void inlined_functions_are_told_innermost_first(void **state)
{
	static const char *const samples[] = {"lines_module.ko", "lines_vmlinux",
					      "lines_module.debug", "lines_kernel.debug"};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct dwarf_file *file = open_sample(samples[i]);
		struct place places[PLACE_DEPTH];
		uint64_t outer = address_of(file, "sample_outer"),
			 mark = address_of(file, "sample_mark"), same = 0;

		assert_mark(places, dwarf_file_places(file, mark, places));
		/* From the function's beginning it is the same place. */
		assert_true(dwarf_file_address(file, "sample_outer", mark - outer, 0, &same));
		assert_int_equal(same, mark);
		/* There is nothing inlined at the function's entry. */
		assert_int_equal(dwarf_file_places(file, outer, places), 1);
		assert_null(places[0].function);
		assert_in_range(places[0].line, 19, 20);
		dwarf_file_close(file);
	}
}

static void of_two_symbols_of_one_name_the_distance_decides(void **state)
{
	static const char *const samples[] = {"lines_module.ko", "lines_vmlinux",
					      "lines_module.debug", "lines_kernel.debug"};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct dwarf_file *file = open_sample(samples[i]);
		uint64_t first = address_of(file, "first_mark"),
			 second = address_of(file, "second_mark"), text = 0, address = 0;

		assert_true(dwarf_file_address(file, NULL, 0, 0, &text));
		assert_true(dwarf_file_address(file, "twin", 0, first - text, &address));
		assert_int_equal(address, first);
		assert_true(dwarf_file_address(file, "twin", 0, second - text, &address));
		assert_int_equal(address, second);
		assert_false(dwarf_file_address(file, "twin", 0, second - text + 1, &address));
		assert_false(dwarf_file_address(file, "twin", 0, UINT64_MAX, &address));
		/* The distance alone will do. */
		assert_true(dwarf_file_address(file, NULL, 0, second - text, &address));
		assert_int_equal(address, second);
		assert_false(dwarf_file_address(file, NULL, 0, 1 << 20, &address));
		assert_false(dwarf_file_address(file, "nothing", 0, 0, &address));
		dwarf_file_close(file);
	}
}

static void a_file_that_will_not_do_is_refused(void **state)
{
	static const struct {
		const char *name, *told;
		uint8_t first; /* byte of the build id that is asked for */
	} cases[] = {
		{"lines_module.ko", "is of another build", 1},
		{"lines_vmlinux", "is of another build", 1},
		{"lines_module.stripped", "has no debug information", 0},
		{"lines_kernel.stripped", "has no debug information", 0},
		{"no such file", "can't be read", 0},
		{"build.ninja", "can't be read", 0},
		{"", "can't be read", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t id[sizeof(build_id)];
		struct dwarf_file *file = NULL;
		struct error err = {0};

		memcpy(id, build_id, sizeof(id));
		id[0] = cases[i].first;
		assert_int_equal(
			dwarf_file_open(sample(cases[i].name), id, sizeof(id), &file, &err), -1);
		assert_null(file);
		if (!strstr(err.message, cases[i].told))
			fail_msg("%s: %s", cases[i].name, err.message);
	}
}

/* A recording of a kernel and of the module "lines_module", both of the samples' build. */
struct recording {
	struct catalog catalog;
	const char *symbol; /* what every address is called */
	uint64_t offset;
	const char *module;
	struct builds *builds;
	struct lines *lines;
	struct place places[PLACE_DEPTH]; /* found last */
};

static bool resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	const struct recording *recording = catalog->resolver;

	*frame = (struct frame){recording->symbol, recording->offset, recording->module};
	return true;
}

static void recording_init(struct recording *recording, const char *path, bool modules)
{
	struct module kernel = {.name = (char *)"vmlinux",
				.base = KERNEL_BASE,
				.size = 1 << 20,
				.bit = MODULE_NO_BIT};
	struct module module = {.name = (char *)"lines_module",
				.base = MODULE_BASE,
				.size = 1 << 16,
				.bit = MODULE_NO_BIT};
	struct error err = {0};

	memset(recording, 0, sizeof(*recording));
	memcpy(kernel.build_id, build_id, sizeof(build_id));
	memcpy(module.build_id, build_id, sizeof(build_id));
	kernel.build_id_length = module.build_id_length = sizeof(build_id);
	assert_int_equal(catalog_init(&recording->catalog, &err), 0);
	assert_int_equal(module_table_add(&recording->catalog.modules, &kernel, &err), 0);
	assert_int_equal(module_table_add(&recording->catalog.modules, &module, &err), 1);
	recording->catalog.kernel = strdup("0.0.0-9-amd64");
	recording->catalog.resolve = resolve;
	recording->catalog.resolver = recording;
	recording->builds = builds_create(&(struct builds_options){.path = path,
								   .path_option = "-P PATH",
								   .modules = modules,
								   .servers = true},
					  &err);
	assert_non_null(recording->builds);
	recording->lines = lines_create(recording->builds, &err);
	assert_non_null(recording->lines);
	recording->symbol = "sample_mark";
}

static void recording_fini(struct recording *recording)
{
	lines_destroy(recording->lines);
	builds_destroy(recording->builds);
	catalog_fini(&recording->catalog);
}

static size_t find(struct recording *recording, uint64_t address, bool returned)
{
	struct place_finder *finder = lines_finder(recording->lines);
	const struct place *places = NULL;
	size_t n = finder->find(finder, &recording->catalog, address, returned, &places);

	if (n)
		memcpy(recording->places, places, n * sizeof(places[0]));
	return n;
}

static void assert_missing(const struct recording *recording, const char *told)
{
	struct text text = TEXT_INIT;

	missing_tell(recording->builds, &text);
	if (told ? !strstr(text_string(&text), told) : text.length)
		fail_msg("'%s' is not what '%s' is about", text_string(&text), told ? told : "");
	text_fini(&text);
}

static void lines_are_found_wherever_the_kernel_was(void **state)
{
	struct recording recording;

	recording_init(&recording, sample("lines_vmlinux"), false);
	assert_mark(recording.places, find(&recording, KERNEL_BASE + 0x40, false));
	recording.catalog.modules.modules[0].base += 0x12000000;
	assert_mark(recording.places, find(&recording, KERNEL_BASE + 0x12000040, false));
	assert_missing(&recording, NULL);
	recording_fini(&recording);
}

static void where_a_call_returns_to_the_call_is_meant(void **state)
{
	struct recording recording;

	recording_init(&recording, sample("lines_vmlinux"), false);
	recording.offset = 1;
	assert_mark(recording.places, find(&recording, KERNEL_BASE + 0x41, true));
	recording_fini(&recording);
}

static void modules_take_being_asked_for(void **state)
{
	struct recording recording;

	recording_init(&recording, sample("lines_module.ko"), false);
	recording.module = "lines_module";
	assert_int_equal(find(&recording, MODULE_BASE + 0x40, false), 0);
	assert_missing(&recording, "lines of modules were not looked for: -A does\n");
	recording_fini(&recording);

	recording_init(&recording, sample("lines_module.ko"), true);
	recording.module = "lines_module";
	assert_mark(recording.places, find(&recording, MODULE_BASE + 0x40, false));
	assert_missing(&recording, NULL);
	/* Outside of the text there was the init text: by its name alone. */
	assert_mark(recording.places, find(&recording, MODULE_BASE + (1 << 20), false));
	recording.symbol = "nothing";
	assert_int_equal(find(&recording, MODULE_BASE + (2 << 20), false), 0);
	recording.symbol = NULL;
	assert_int_equal(find(&recording, MODULE_BASE + (3 << 20), false), 0);
	recording_fini(&recording);
}

/* A directory of its own for each case, with a copy of a sample in it. */
static const char *place_sample(const char *name, const char *folder, const char *called)
{
	static char root[64];
	static unsigned number;
	char command[8192];

	snprintf(root, sizeof(root), "%s/%u", directory, number++);
	snprintf(command, sizeof(command), "mkdir -p '%s/%s' && cp '%s' '%s/%s/%s'", root, folder,
		 sample(name), root, folder, called);
	assert_int_equal(system(command), 0);
	return root;
}

static void files_are_found_by_build_id_and_by_name(void **state)
{
	static const struct {
		const char *name, *folder, *called;
		const char *module;
	} cases[] = {
		{"lines_vmlinux", ".", "vmlinux", NULL},
		{"lines_vmlinux", "boot", "vmlinux-0.0.0-9-amd64", NULL},
		{"lines_kernel.debug", ".build-id/00",
		 "112233445566778899aabbccddeeff00112233.debug", NULL},
		{"lines_module.ko", ".", "lines_module.ko", "lines_module"},
		{"lines_module.ko", "kernel/fs", "lines-module.ko", "lines_module"},
		{"lines_module.debug", "kernel", "lines_module.ko.debug", "lines_module"},
		{"lines_module.debug", ".build-id/00",
		 "112233445566778899aabbccddeeff00112233.debug", "lines_module"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *root = place_sample(cases[i].name, cases[i].folder, cases[i].called);
		struct recording recording;
		char path[200];

		snprintf(path, sizeof(path), "/no/such/place:%s", root);
		recording_init(&recording, path, true);
		recording.module = cases[i].module;
		assert_mark(recording.places,
			    find(&recording, (cases[i].module ? MODULE_BASE : KERNEL_BASE) + 0x40,
				 false));
		recording_fini(&recording);
		/* The environment's is used where there is no other. */
		setenv(SYMBOL_PATH_VARIABLE, root, 1);
		recording_init(&recording, NULL, true);
		recording.module = cases[i].module;
		assert_int_equal(find(&recording,
				      (cases[i].module ? MODULE_BASE : KERNEL_BASE) + 0x40, false),
				 3);
		recording_fini(&recording);
		unsetenv(SYMBOL_PATH_VARIABLE);
	}
}

static void a_file_that_will_not_do_does_not_hide_one_that_does(void **state)
{
	const char *root = place_sample("lines_kernel.stripped", ".", "vmlinux");
	struct recording recording;
	char path[9000];

	snprintf(path, sizeof(path), "%s:%s", root, sample("lines_vmlinux"));
	recording_init(&recording, path, false);
	assert_mark(recording.places, find(&recording, KERNEL_BASE + 0x40, false));
	assert_missing(&recording, NULL);
	recording_fini(&recording);
}

static void what_is_missing_is_told_with_what_would_have_it(void **state)
{
	const char *root = place_sample("lines_kernel.stripped", ".", "vmlinux");
	struct recording recording;

	recording_init(&recording, root, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(find(&recording, KERNEL_BASE + 0x40, false), 0);
	assert_missing(&recording, "no lines of vmlinux (build id " BUILD_ID "): ");
	assert_missing(&recording, "/vmlinux has no debug information; ");
	assert_missing(&recording, "in the package linux-image-0.0.0-9-amd64-dbg\n"
				   "-P PATH or KAPIMON_SYMBOL_PATH says where");
	recording.module = "lines_module";
	assert_int_equal(find(&recording, MODULE_BASE + 0x40, false), 0);
	assert_missing(&recording, "no lines of lines_module (build id " BUILD_ID
				   "): there is no file; lines_module.ko with debug information");
	recording_fini(&recording);

	/* The right name, another build. */
	recording_init(&recording, sample("lines_vmlinux"), false);
	recording.catalog.modules.modules[0].build_id[7] ^= 1;
	assert_int_equal(find(&recording, KERNEL_BASE + 0x40, false), 0);
	assert_missing(&recording, "lines_vmlinux is of another build; ");
	recording_fini(&recording);

	recording_init(&recording, sample("lines_vmlinux"), false);
	recording.catalog.modules.modules[0].build_id_length = 0;
	assert_int_equal(find(&recording, KERNEL_BASE + 0x40, false), 0);
	assert_missing(&recording, "no lines of vmlinux: its build id is not known");
	recording_fini(&recording);

	recording_init(&recording, sample("lines_vmlinux"), false);
	recording.symbol = "twin";
	assert_int_equal(find(&recording, KERNEL_BASE + 0x40000, false), 0);
	assert_missing(&recording, "no lines of 1 frames of vmlinux: ");
	recording_fini(&recording);
}

/* What stands for debuginfod-find(1) answers for one build id only. */
static void servers_are_asked_only_when_some_are_named(void **state)
{
	const char *root = place_sample("lines_vmlinux", "cache", "debuginfo");
	char script[200], text[600], *path = strdup(getenv("PATH"));
	struct recording recording;
	FILE *file;

	snprintf(script, sizeof(script), "%s/debuginfod-find", root);
	file = fopen(script, "w");
	assert_non_null(file);
	fprintf(file,
		"#!/bin/sh\n[ \"$*\" = \"debuginfo " BUILD_ID
		"\" ] || exit 1\necho %s/cache/debuginfo\n",
		root);
	fclose(file);
	assert_int_equal(chmod(script, 0755), 0);
	snprintf(text, sizeof(text), "%s:%s", root, path);
	setenv("PATH", text, 1);

	recording_init(&recording, NULL, false);
	assert_int_equal(find(&recording, KERNEL_BASE + 0x40, false), 0);
	recording_fini(&recording);
	setenv("DEBUGINFOD_URLS", "https://symbols.example/", 1);
	recording_init(&recording, NULL, false);
	assert_mark(recording.places, find(&recording, KERNEL_BASE + 0x40, false));
	recording.catalog.modules.modules[0].build_id[3] ^= 1;
	assert_int_equal(find(&recording, KERNEL_BASE + 0x40, false), 0);
	recording_fini(&recording);
	unsetenv("DEBUGINFOD_URLS");
	setenv("PATH", path, 1);
	free(path);
}

static int make_directory(void **state)
{
	unsetenv(SYMBOL_PATH_VARIABLE);
	unsetenv("DEBUGINFOD_URLS");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inlined_functions_are_told_innermost_first),
		cmocka_unit_test(of_two_symbols_of_one_name_the_distance_decides),
		cmocka_unit_test(a_file_that_will_not_do_is_refused),
		cmocka_unit_test(lines_are_found_wherever_the_kernel_was),
		cmocka_unit_test(where_a_call_returns_to_the_call_is_meant),
		cmocka_unit_test(modules_take_being_asked_for),
		cmocka_unit_test(files_are_found_by_build_id_and_by_name),
		cmocka_unit_test(a_file_that_will_not_do_does_not_hide_one_that_does),
		cmocka_unit_test(what_is_missing_is_told_with_what_would_have_it),
		cmocka_unit_test(servers_are_asked_only_when_some_are_named),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
