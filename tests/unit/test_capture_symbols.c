/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source lines in captures: put in, read again, damaged; and the command for them. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/add_symbols.h"
#include "capture/decode.h"
#include "capture/reader.h"
#include "capture/writer.h"
#include "capture_sample.h"
#include "command/command.h"
#include "command/hook_options.h"
#include "model/record.h"
#include "symbol/lines.h"
#include "symbol/missing.h"

#define N_RECORDS 1000
#define KERNEL_BASE 0xffffffff81000000ull
#define MARK (KERNEL_BASE + 0x40)

static char directory[] = "/tmp/kapimon-test-XXXXXX";
static char from[64], to[64];

/* Places made of the address: every third has none, every second is in an inlined function. */
struct maker {
	struct place_finder finder;
	const char *file;
	struct place places[2];
};

static size_t make_places(struct place_finder *finder, const struct catalog *catalog,
			  uint64_t address, bool returned, const struct place **places)
{
	struct maker *maker = (struct maker *)finder;
	unsigned line = (unsigned)(address & 0xfff) + (returned ? 0 : 5000);
	size_t n = 0;

	if (address % 3 == 0)
		return 0;
	if (address % 2)
		maker->places[n++] = (struct place){"inlined", "include/inlined.h", 7};
	/* Some have the same line whether a call returns there or not. */
	maker->places[n++] = (struct place){NULL, maker->file, address % 5 ? line : 1};
	*places = maker->places;
	return n;
}

static size_t make_no_places(struct place_finder *finder, const struct catalog *catalog,
			     uint64_t address, bool returned, const struct place **places)
{
	return 0;
}

static struct maker maker_of(const char *file)
{
	return (struct maker){.finder.find = make_places, .file = file};
}

static void assert_same_places(const struct place *a, const struct place *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(a[i].file, b[i].file);
		assert_int_equal(a[i].line, b[i].line);
		assert_int_equal(!a[i].function, !b[i].function);
		if (a[i].function)
			assert_string_equal(a[i].function, b[i].function);
	}
}

static unsigned char *load(const char *path, size_t *length)
{
	unsigned char *bytes = malloc(4 << 20);
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	*length = fread(bytes, 1, 4 << 20, file);
	fclose(file);
	return bytes;
}

static void store(const char *path, const unsigned char *bytes, size_t length)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

/* Names made of module and offset: every fifth has none. */
static bool make_name(struct namer *namer, const struct catalog *catalog,
		      const struct module *module, bool kernel, uint64_t offset,
		      const char **symbol, uint64_t *symbol_offset)
{
	if (offset % 5 == 0)
		return false;
	*symbol = kernel ? "kernel_function" : "module_function";
	*symbol_offset = offset & 0xff;
	return true;
}

static struct symbols_added add_both(struct maker *maker)
{
	struct namer namer = {make_name};
	struct symbols_added added = {0};
	struct error err = {0};

	unlink(to);
	if (capture_add_symbols(from, to, &namer, &maker->finder, &added, &err))
		fail_msg("%s", err.message);
	return added;
}

static struct symbols_added add(struct maker *maker)
{
	struct symbols_added added = {0};
	struct error err = {0};

	unlink(to);
	if (capture_add_symbols(from, to, NULL, &maker->finder, &added, &err))
		fail_msg("%s", err.message);
	return added;
}

/* What has the copy that the maker makes; returns how many addresses that are. */
static size_t assert_lines(const char *path, struct maker *maker)
{
	const struct kmn_header *const *records;
	struct error err = {0};
	struct capture_reader *reader = capture_open(path, &err);
	const struct catalog *catalog = capture_catalog(reader);
	const struct frame_table *frames;
	size_t n, n_with = 0;

	while (capture_next(reader, -1, &records, &n, &err) > 0)
		;
	assert_string_equal(capture_trouble(reader), "");
	frames = capture_frames(reader);
	for (size_t i = 0; i < frame_table_count(frames); i++) {
		uint64_t address = frame_table_address(frames, i);

		for (int returned = 0; returned < 2; returned++) {
			const struct place *expected = NULL, *found = NULL;
			size_t n_expected =
				make_places(&maker->finder, catalog, address, returned, &expected);

			assert_int_equal(catalog->places->find(catalog->places, catalog, address,
							       returned, &found),
					 n_expected);
			assert_same_places(found, expected, n_expected);
			n_with += n_expected && returned;
		}
	}
	capture_close(reader);
	return n_with;
}

static size_t read_on(struct capture_reader *reader, const struct kmn_header **copies)
{
	const struct kmn_header *const *records;
	struct error err = {0};
	size_t n, n_all = 0;

	while (capture_next(reader, -1, &records, &n, &err) > 0) {
		for (size_t i = 0; i < n; i++) {
			struct kmn_header *copy = malloc(records[i]->length);

			memcpy(copy, records[i], records[i]->length);
			copies[n_all++] = copy;
		}
	}
	return n_all;
}

/* From the time on; 0: from the beginning. Both have an index if has_index. */
static void assert_same_records(uint64_t time, bool has_index)
{
	static const struct kmn_header *a[N_RECORDS], *b[N_RECORDS];
	struct error err = {0};
	struct capture_reader *one = capture_open(from, &err), *other = capture_open(to, &err);
	struct ledger ledgers[2];
	size_t n;

	assert_non_null(one);
	assert_non_null(other);
	if (time) {
		assert_int_equal(capture_seek(one, time, &err), has_index);
		assert_int_equal(capture_seek(other, time, &err), has_index);
	}
	n = read_on(one, a);
	assert_int_equal(read_on(other, b), n);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		assert_memory_equal(a[i], b[i], a[i]->length);
		free((void *)a[i]);
		free((void *)b[i]);
	}
	/* A cut is at another byte there. */
	assert_int_equal(!*capture_trouble(one), !*capture_trouble(other));
	for (int i = 0; i < 2; i++) {
		ledger_init(&ledgers[i]);
		assert_int_equal(capture_ledger(i ? other : one, &ledgers[i], &err), 0);
	}
	assert_int_equal(ledgers[0].n_rows, ledgers[1].n_rows);
	assert_int_equal(ledgers[0].damaged, ledgers[1].damaged);
	assert_int_equal(ledgers[0].interrupted, ledgers[1].interrupted);
	ledger_fini(&ledgers[0]);
	ledger_fini(&ledgers[1]);
	capture_close(one);
	capture_close(other);
}

static void lines_come_back_and_all_else_is_the_same(void **state)
{
	struct maker maker = maker_of("fs/open.c");
	struct symbols_added added;

	sample_capture_write(from, N_RECORDS, 50);
	added = add(&maker);
	assert_true(added.n_added > 0);
	assert_false(added.cut);
	assert_int_equal(assert_lines(to, &maker), added.n_added);
	assert_same_records(0, true);
	/* The index leads to the same records: its offsets have moved. */
	assert_same_records(5000000000ull + 1357 * 700, true);
}

static void what_is_there_already_is_not_added_again(void **state)
{
	struct maker first = maker_of("fs/open.c"), other = maker_of("fs/other.c");
	struct symbols_added added;
	size_t n_added;

	sample_capture_write(from, N_RECORDS, 50);
	n_added = add(&first).n_added;
	assert_int_equal(rename(to, from), 0);
	added = add(&first);
	assert_int_equal(added.n_added, 0);
	assert_int_equal(added.n_found, n_added);
	assert_lines(to, &first);
	/* New ones win. */
	assert_int_equal(add(&other).n_added, n_added);
	assert_lines(to, &other);
	assert_same_records(5000000000ull + 1357 * 700, true);
}

static void a_capture_that_was_cut_stays_cut(void **state)
{
	struct maker maker = maker_of("fs/open.c");
	unsigned char *bytes;
	size_t length;

	sample_capture_write(from, N_RECORDS, 50);
	bytes = load(from, &length);
	store(from, bytes, length * 2 / 3);
	free(bytes);
	assert_true(add(&maker).cut);
	assert_same_records(5000000000ull + 1357 * 200, false);
}

static void captures_of_older_versions_get_lines_too(void **state)
{
	static const char *const names[] = {"golden-1.kmn", "golden-2.kmn"};

	for (size_t i = 0; i < 2; i++) {
		struct maker maker = maker_of("fs/open.c");
		unsigned char *bytes;
		char name[4096];
		size_t length;

		snprintf(name, sizeof(name), "%s/%s", getenv("KAPIMON_TEST_DATA"), names[i]);
		bytes = load(name, &length);
		store(from, bytes, length);
		free(bytes);
		assert_true(add(&maker).n_added > 0);
		assert_lines(to, &maker);
		assert_same_records(0, true);
		bytes = load(to, &length);
		assert_int_equal(bytes[8], i + 1);
		assert_int_equal(bytes[10], 1);
		free(bytes);
	}
}

static void a_damaged_capture_is_refused(void **state)
{
	struct maker maker = maker_of("fs/open.c");
	struct symbols_added added;
	struct error err = {0};
	unsigned char *bytes;
	size_t length;

	sample_capture_write(from, N_RECORDS, 50);
	bytes = load(from, &length);
	bytes[length / 2] ^= 1;
	store(from, bytes, length);
	unlink(to);
	assert_int_equal(capture_add_symbols(from, to, NULL, &maker.finder, &added, &err), -1);
	assert_non_null(strstr(err.message, "is damaged, so it is left as it is"));
	free(bytes);
}

/* Any byte may be wrong, the file may end anywhere: it is told, and nothing else happens. */
static void damaged_lines_are_told(void **state)
{
	struct maker maker = maker_of("fs/open.c");
	unsigned char *bytes, *copy;
	size_t length;

	sample_capture_write(from, 60, 0);
	add(&maker);
	bytes = load(to, &length);
	copy = malloc(length);
	for (size_t i = 0; i < 2 * length; i++) {
		const struct kmn_header *const *records;
		struct capture_reader *reader;
		struct error err = {0};
		size_t n, cut = i < length ? length : i - length;

		memcpy(copy, bytes, cut);
		if (i < length)
			copy[i] ^= 0x11;
		reader = capture_open_input(capture_input_memory(copy, cut), &err);
		if (!reader)
			continue;
		while (capture_next(reader, -1, &records, &n, &err) > 0)
			;
		if (!*capture_trouble(reader))
			fail_msg("byte %zu of %zu", i, length);
		capture_close(reader);
	}
	free(copy);
	free(bytes);
}

/* A payload with right checksums may still be nonsense. */
static void senseless_lines_are_refused(void **state)
{
	static const struct {
		unsigned char payload[40];
		size_t length;
	} cases[] = {
		{"\x0a\0\0\0"
		 "12345678"
		 "\x03\x21",
		 14}, /* too many places */
		{"\x0a\0\0\0"
		 "12345678"
		 "\x03\x01",
		 14}, /* one, which is not there */
		{"\x12\0\0\0"
		 "12345678"
		 "\x03\x01"
		 "\xff\0\0\0"
		 "\0\0\0\0",
		 22}, /* a long name */
		{"\x09\0\0\0"
		 "12345678"
		 "\x03",
		 13}, /* no number of places */
		{"\xff\0\0\0"
		 "12345678"
		 "\x03\x00",
		 14}, /* leaves the block */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame_table *frames = frame_table_create();
		struct decoded decoded = {.frames = frames};
		struct error err = {0};

		assert_int_equal(decode_block(BLOCK_LINES, cases[i].payload, cases[i].length,
					      &decoded, &err),
				 -1);
		assert_int_equal(frame_table_count(frames), 0);
		frame_table_destroy(frames);
	}
}

static void a_new_name_has_no_lines_yet(void **state)
{
	const struct frame old = {"old", 1, "gone"}, new = {"new", 2, "come"};
	const struct place place = {NULL, "old.c", 3};
	struct frame_table *frames = frame_table_create();
	struct place_finder *finder = frame_table_finder(frames);
	const struct place *found;
	struct error err = {0};

	/* Nobody has named it. */
	assert_int_equal(frame_table_set_places(frames, 5, true, &place, 1, &err), 0);
	assert_int_equal(finder->find(finder, NULL, 5, true, &found), 0);
	assert_int_equal(frame_table_set(frames, 5, &old, &err), 0);
	assert_int_equal(frame_table_set_places(frames, 5, true, &place, 1, &err), 0);
	assert_int_equal(finder->find(finder, NULL, 5, true, &found), 1);
	assert_string_equal(found->file, "old.c");
	assert_int_equal(finder->find(finder, NULL, 5, false, &found), 0);
	assert_int_equal(frame_table_set(frames, 5, &new, &err), 0);
	assert_int_equal(finder->find(finder, NULL, 5, true, &found), 0);
	frame_table_destroy(frames);
}

struct named {
	size_t n, n_symbols, n_offsets, n_addresses;
};

/* What of its frames a capture has by name, by module and offset, or by address alone. */
static struct named count_named(const char *path)
{
	const struct kmn_header *const *records;
	struct error err = {0};
	struct capture_reader *reader = capture_open(path, &err);
	const struct frame_table *frames;
	struct named named = {0};
	size_t n;

	assert_non_null(reader);
	while (capture_next(reader, -1, &records, &n, &err) > 0)
		;
	assert_string_equal(capture_trouble(reader), "");
	frames = capture_frames(reader);
	named.n = frame_table_count(frames);
	for (size_t i = 0; i < named.n; i++) {
		uint64_t address = frame_table_address(frames, i);
		const struct frame *frame = frame_table_find(frames, address);
		const struct module *module =
			catalog_frame_module(capture_catalog(reader), frame, address);

		named.n_symbols += frame->symbol != NULL;
		named.n_offsets += !frame->symbol && frame->module;
		named.n_addresses += !frame->symbol && !frame->module;
		if (!frame->symbol && frame->module)
			assert_int_equal(frame->offset, address - module->base);
	}
	capture_close(reader);
	return named;
}

static void a_minimal_capture_has_modules_and_offsets_only(void **state)
{
	struct named full, minimal;

	sample_capture_write(from, N_RECORDS, 50);
	full = count_named(from);
	assert_true(full.n_symbols > 0);
	unlink(from);
	sample_capture_write_minimal(from, N_RECORDS, 50);
	minimal = count_named(from);
	assert_int_equal(minimal.n, full.n);
	assert_int_equal(minimal.n_offsets, full.n);
}

static bool resolve_made(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	/* Init code of the module, and what the kernel has made: in no module's text. */
	if (address < KERNEL_BASE)
		*frame = (struct frame){"init_code", 3, "made"};
	else
		*frame = (struct frame){"bpf_prog_1", 5, "bpf"};
	return true;
}

static void names_that_no_file_could_give_back_stay_in_a_minimal_capture(void **state)
{
	static const uint64_t addresses[] = {0xffffffff70000000ull, 0xffffffffc1000000ull};
	const struct stack stack = {.hash = 1, .n_frames = 2, .frames = addresses};
	struct module modules[] = {
		{.name = (char *)"vmlinux", .base = KERNEL_BASE, .size = 4096},
		{.name = (char *)"made", .base = KERNEL_BASE + (1 << 20), .size = 4096},
	};
	struct capture_writer *writer;
	struct catalog catalog;
	struct ledger ledger;
	struct error err = {0};
	struct named named;
	bool added;

	assert_int_equal(catalog_init(&catalog, &err), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(module_table_add(&catalog.modules, &modules[i], &err), i);
	catalog.resolve = resolve_made;
	assert_int_equal(stack_table_add(catalog.stacks, &stack, &added, &err), 0);
	writer = capture_writer_create(from, false, &err);
	capture_writer_be_minimal(writer);
	ledger_init(&ledger);
	assert_int_equal(capture_writer_begin(writer, &catalog, &err), 0);
	assert_int_equal(capture_writer_end(writer, &ledger, &err), 0);
	capture_writer_destroy(writer);
	named = count_named(from);
	assert_int_equal(named.n, 2);
	assert_int_equal(named.n_symbols, 2);
	ledger_fini(&ledger);
	catalog_fini(&catalog);
}

static void names_and_lines_are_added_to_a_minimal_capture(void **state)
{
	struct maker first = maker_of("fs/open.c"), none = {.finder.find = make_no_places};
	struct symbols_added added;
	struct named before, after;

	sample_capture_write_minimal(from, N_RECORDS, 50);
	before = count_named(from);
	/* Lines without names, as earlier programs may have added; the names then leave them. */
	assert_int_equal(add(&first).n_named, 0);
	assert_int_equal(rename(to, from), 0);
	added = add_both(&none);
	assert_int_equal(added.n_frames, before.n);
	assert_true(added.n_named > 0);
	assert_int_equal(added.n_added, 0);
	after = count_named(to);
	assert_int_equal(after.n, before.n);
	assert_int_equal(after.n_symbols, added.n_named);
	assert_int_equal(after.n_offsets, before.n - added.n_named);
	assert_lines(to, &first);
	assert_same_records(0, true);
	assert_same_records(5000000000ull + 1357 * 700, true);
	/* The second time there is nothing left to name, and no frame is counted twice. */
	assert_int_equal(rename(to, from), 0);
	added = add_both(&first);
	assert_int_equal(added.n_frames, before.n);
	assert_int_equal(added.n_named, 0);
	assert_int_equal(added.n_added, 0);
	assert_lines(to, &first);
}

static bool resolve_mark(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	*frame = (struct frame){"sample_mark", 0, NULL};
	return true;
}

/* A capture of the kernel that tests/unit/meson.build has compiled, with one frame. */
static void write_mark_as(const char *path, bool minimal)
{
	static const uint8_t id[20] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
				       0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11, 0x22, 0x33};
	struct module kernel = {.name = (char *)"vmlinux",
				.base = KERNEL_BASE,
				.size = 1 << 20,
				.bit = MODULE_NO_BIT,
				.build_id_length = sizeof(id)};
	/* A minimal one says truly where it is. */
	uint64_t mark = minimal ? KERNEL_BASE + 1 : MARK;
	const struct stack stack = {.hash = 1, .n_frames = 1, .frames = &mark};
	struct capture_writer *writer;
	struct catalog catalog;
	struct ledger ledger;
	struct error err = {0};
	bool added;

	memcpy(kernel.build_id, id, sizeof(id));
	assert_int_equal(catalog_init(&catalog, &err), 0);
	assert_int_equal(module_table_add(&catalog.modules, &kernel, &err), 0);
	catalog.resolve = resolve_mark;
	assert_int_equal(stack_table_add(catalog.stacks, &stack, &added, &err), 0);
	unlink(path);
	writer = capture_writer_create(path, false, &err);
	if (minimal)
		capture_writer_be_minimal(writer);
	ledger_init(&ledger);
	assert_int_equal(capture_writer_begin(writer, &catalog, &err), 0);
	assert_int_equal(capture_writer_end(writer, &ledger, &err), 0);
	capture_writer_destroy(writer);
	ledger_fini(&ledger);
	catalog_fini(&catalog);
}

static void write_mark(const char *path)
{
	write_mark_as(path, false);
}

static int symbols(struct error *err, const char *first, const char *second, const char *third,
		   const char *fourth)
{
	char *argv[] = {(char *)"symbols", (char *)first,  (char *)second,
			(char *)third,	   (char *)fourth, NULL};
	int argc = 1;

	while (argv[argc])
		argc++;
	return command_symbols(argc, argv, err);
}

static size_t find_mark(struct place_finder *finder, const struct catalog *catalog)
{
	const struct place *places = NULL;
	size_t n = finder->find(finder, catalog, MARK, false, &places);

	if (n) {
		assert_int_equal(n, 3);
		assert_string_equal(places[0].function, "inner");
		assert_int_equal(places[0].line, 9);
		assert_string_equal(places[1].function, "middle");
		assert_null(places[2].function);
		assert_int_equal(places[2].line, 20);
	}
	return n;
}

static void a_capture_with_lines_needs_no_files(void **state)
{
	struct text missing = TEXT_INIT;
	struct capture_reader *reader;
	struct error err = {0};
	struct builds *builds;
	struct lines *lines;
	char vmlinux[4096];
	struct stat before, after;

	snprintf(vmlinux, sizeof(vmlinux), "%s/lines_vmlinux", getenv("KAPIMON_TEST_BUILD"));
	write_mark(from);
	assert_int_equal(chmod(from, 0640), 0);
	/* Without debug information nothing is changed. */
	assert_int_equal(stat(from, &before), 0);
	assert_int_equal(symbols(&err, "add", from, "-P", directory), -1);
	assert_non_null(strstr(err.message, "no names and no lines were found for the 1 frames"));
	assert_int_equal(stat(from, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);

	assert_int_equal(symbols(&err, "add", from, "-P", vmlinux), STATUS_OK);
	assert_int_equal(stat(from, &after), 0);
	assert_int_equal(after.st_mode & 07777, 0640);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_int_equal(symbols(&err, "add", from, "-P", vmlinux), STATUS_OK);
	assert_int_equal(stat(from, &before), 0);
	assert_int_equal(before.st_ino, after.st_ino);

	/* With no path and with one that has nothing. */
	for (int i = 0; i < 2; i++) {
		reader = capture_open(from, &err);
		builds =
			builds_create(&(struct builds_options){.path = i ? directory : NULL}, &err);
		lines = lines_create(builds, &err);
		assert_int_equal(find_mark(lines_finder(lines), capture_catalog(reader)), 3);
		missing_tell(builds, &missing);
		assert_string_equal(text_string(&missing), "");
		lines_destroy(lines);
		builds_destroy(builds);
		capture_close(reader);
	}
	text_fini(&missing);
}

static void files_without_debug_information_name_a_minimal_capture(void **state)
{
	struct error err = {0};
	char vmlinux[4096];

	snprintf(vmlinux, sizeof(vmlinux), "%s/lines_kernel.stripped",
		 getenv("KAPIMON_TEST_BUILD"));
	write_mark_as(from, true);
	assert_int_equal(count_named(from).n_offsets, 1);
	assert_int_equal(symbols(&err, "add", from, "-P", directory), -1);
	assert_non_null(strstr(err.message, "no names and no lines were found for the 1 frames"));
	assert_int_equal(symbols(&err, "add", from, "-P", vmlinux), STATUS_OK);
	assert_int_equal(count_named(from).n_symbols, 1);
}

static void a_full_disk_leaves_the_capture_as_it_was(void **state)
{
	struct rlimit limit, small;
	struct error err = {0};
	unsigned char *before, *after;
	size_t length, length_after;
	char vmlinux[4096];

	snprintf(vmlinux, sizeof(vmlinux), "%s/lines_vmlinux", getenv("KAPIMON_TEST_BUILD"));
	write_mark(from);
	before = load(from, &length);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = length - 1;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(symbols(&err, "add", from, "-P", vmlinux), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_non_null(strstr(err.message, "File too large"));
	assert_non_null(strstr(err.hint, "the capture is as it was"));
	after = load(from, &length_after);
	assert_int_equal(length_after, length);
	assert_memory_equal(after, before, length);
	free(before);
	free(after);
	/* The directory is removed at last: nothing else is in it. */
}

static void a_wrong_command_line_is_refused(void **state)
{
	struct error err = {0};

	assert_int_equal(symbols(&err, NULL, NULL, NULL, NULL), -1);
	assert_int_equal(err.status, STATUS_USAGE);
	assert_int_equal(symbols(&err, "take", from, NULL, NULL), -1);
	assert_int_equal(err.status, STATUS_USAGE);
	assert_int_equal(symbols(&err, "list", from, "-A", NULL), -1);
	assert_int_equal(err.status, STATUS_USAGE);
	assert_int_equal(symbols(&err, "add", directory, NULL, NULL), -1);
	assert_non_null(strstr(err.message, "is not a file"));
}

static void a_recording_gets_lines_only_in_a_file_of_its_own(void **state)
{
	static const struct {
		const char *options[2];
		bool right;
	} cases[] = {
		{{"--output=x.kmn", "--symbol-path=/srv"}, true},
		{{"--output=x.kmn", "--all-modules"}, true},
		{{"--output=x.kmn", "--print"}, true},
		{{"--print", "--return"}, false}, /* no file */
		{{"--output=-", "--return"}, false},
		{{"--output=x.kmn", "--split=1M"}, false},
		{{"--output=x.kmn", "--no-stack"}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *argv[] = {(char *)"hook",
				(char *)"vfs_read",
				(char *)"--with-symbols",
				(char *)cases[i].options[0],
				(char *)cases[i].options[1],
				NULL};
		struct hook_options options;
		struct error err = {0};

		assert_int_equal(hook_options_parse(5, argv, &options, &err),
				 cases[i].right ? 0 : -1);
		assert_int_equal(err.status, cases[i].right ? STATUS_OK : STATUS_USAGE);
		if (!cases[i].right)
			assert_non_null(strstr(err.message, "--with-symbols"));
		hook_options_fini(&options);
	}
}

static int make_directory(void **state)
{
	unsetenv(SYMBOL_PATH_VARIABLE);
	unsetenv("DEBUGINFOD_URLS");
	if (!mkdtemp(directory))
		return -1;
	snprintf(from, sizeof(from), "%s/from.kmn", directory);
	snprintf(to, sizeof(to), "%s/to.kmn", directory);
	return 0;
}

/* It fails when a file is left over. */
static int remove_directory(void **state)
{
	return rmdir(directory);
}

static int remove_files(void **state)
{
	unlink(from);
	unlink(to);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(lines_come_back_and_all_else_is_the_same, remove_files),
		cmocka_unit_test_teardown(what_is_there_already_is_not_added_again, remove_files),
		cmocka_unit_test_teardown(a_capture_that_was_cut_stays_cut, remove_files),
		cmocka_unit_test_teardown(captures_of_older_versions_get_lines_too, remove_files),
		cmocka_unit_test_teardown(a_damaged_capture_is_refused, remove_files),
		cmocka_unit_test_teardown(damaged_lines_are_told, remove_files),
		cmocka_unit_test(senseless_lines_are_refused),
		cmocka_unit_test(a_new_name_has_no_lines_yet),
		cmocka_unit_test_teardown(a_capture_with_lines_needs_no_files, remove_files),
		cmocka_unit_test_teardown(a_minimal_capture_has_modules_and_offsets_only,
					  remove_files),
		cmocka_unit_test_teardown(
			names_that_no_file_could_give_back_stay_in_a_minimal_capture, remove_files),
		cmocka_unit_test_teardown(names_and_lines_are_added_to_a_minimal_capture,
					  remove_files),
		cmocka_unit_test_teardown(files_without_debug_information_name_a_minimal_capture,
					  remove_files),
		cmocka_unit_test_teardown(a_full_disk_leaves_the_capture_as_it_was, remove_files),
		cmocka_unit_test(a_wrong_command_line_is_refused),
		cmocka_unit_test(a_recording_gets_lines_only_in_a_file_of_its_own),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
