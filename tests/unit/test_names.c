/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names by module and offset: of files that meson.build has compiled, and of a running system. */
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
#include "symbol/missing.h"
#include "symbol/names.h"
#include "symbol/symbol_file.h"

#define KERNEL_BASE 0xffffffff81000000ull
#define MODULE_BASE 0xffffffffc0200000ull
#define BUILD_ID "00112233445566778899aabbccddeeff00112233"

static const uint8_t build_id[20] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
				     0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00, 0x11, 0x22, 0x33};
static char directory[] = "/tmp/kapimon-names-XXXXXX";

static const char *sample(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", getenv("KAPIMON_TEST_BUILD"), name);
	return path;
}

static struct symbol_file *open_sample(const char *name)
{
	struct symbol_file *file = NULL;
	struct error err = {0};

	if (symbol_file_open(sample(name), build_id, sizeof(build_id), &file, &err))
		fail_msg("%s", err.message);
	return file;
}

/* How far the symbol is from the beginning of the text, as debug information has it. */
static uint64_t distance_of(const char *name, const char *symbol)
{
	struct dwarf_file *file = NULL;
	struct error err = {0};
	uint64_t address, text;

	if (dwarf_file_open(sample(name), build_id, sizeof(build_id), &file, &err))
		fail_msg("%s", err.message);
	assert_true(dwarf_file_address(file, symbol, 0, 0, &address));
	assert_true(dwarf_file_address(file, NULL, 0, 0, &text));
	dwarf_file_close(file);
	return address - text;
}

static void functions_are_named_without_debug_information(void **state)
{
	static const struct {
		const char *name, *measured;
	} cases[] = {
		{"lines_module.ko", "lines_module.ko"},
		{"lines_module.stripped", "lines_module.ko"},
		{"lines_module.debug", "lines_module.ko"},
		{"lines_vmlinux", "lines_vmlinux"},
		{"lines_kernel.stripped", "lines_vmlinux"},
		{"lines_kernel.debug", "lines_vmlinux"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct symbol_file *file = open_sample(cases[i].name);
		const char *symbol = NULL;
		uint64_t offset = 99;

		assert_true(symbol_file_name(file, distance_of(cases[i].measured, "sample_second"),
					     &symbol, &offset));
		assert_string_equal(symbol, "sample_second");
		assert_int_equal(offset, 0);
		assert_true(symbol_file_name(file, distance_of(cases[i].measured, "second_mark"),
					     &symbol, &offset));
		/* Of two at one place: neither is weak or has underscores, so the alphabet decides.
		 */
		assert_true(!strcmp(symbol, "second_mark") || !strcmp(symbol, "sample_second"));
		assert_false(symbol_file_name(file, 1 << 20, &symbol, &offset));
		assert_false(symbol_file_name(file, UINT64_MAX, &symbol, &offset));
		symbol_file_close(file);
	}
}

/* Behind .text, aligned as it wants to be; what is for initialisation has no place there. */
static void sections_of_modules_lie_as_the_kernel_lays_them(void **state)
{
	struct symbol_file *file = open_sample("lines_module.ko");
	uint64_t second = distance_of("lines_module.ko", "sample_second"), at, offset = 0;
	const char *symbol = NULL;

	for (at = (second + 63) & ~63ull; at < 4096; at += 64)
		if (symbol_file_name(file, at, &symbol, &offset) && !strcmp(symbol, "sample_exit"))
			break;
	assert_true(at < 4096);
	assert_int_equal(offset, 0);
	for (at = 0; at < 4096; at++)
		if (symbol_file_name(file, at, &symbol, &offset))
			assert_string_not_equal(symbol, "sample_init");
	symbol_file_close(file);
}

static void a_file_of_another_build_is_refused(void **state)
{
	uint8_t other[sizeof(build_id)];
	struct symbol_file *file = NULL;
	struct error err = {0};

	memcpy(other, build_id, sizeof(other));
	other[19] ^= 1;
	assert_int_equal(
		symbol_file_open(sample("lines_vmlinux"), other, sizeof(other), &file, &err), -1);
	assert_non_null(strstr(err.message, "is of another build"));
	assert_int_equal(symbol_file_open(sample("build.ninja"), other, sizeof(other), &file, &err),
			 -1);
	assert_non_null(strstr(err.message, "can't be read"));
	assert_null(file);
}

/* A capture without names, shown on a system that runs what it says in `directory`. */
struct shown {
	struct catalog catalog;
	struct builds *builds;
	struct running *running;
	struct symbol_names *names;
	char kallsyms[64], modules[64], sys[64], notes[64];
	struct running_paths paths;
};

static void add_module(struct shown *shown, const char *name, uint64_t base)
{
	struct module module = {.name = (char *)name,
				.base = base,
				.size = 1 << 16,
				.bit = MODULE_NO_BIT,
				.build_id_length = sizeof(build_id)};
	struct error err = {0};

	memcpy(module.build_id, build_id, sizeof(build_id));
	assert_true(module_table_add(&shown->catalog.modules, &module, &err) >= 0);
}

static void shown_init(struct shown *shown, const struct builds_options *options, bool running)
{
	struct error err = {0};

	memset(shown, 0, sizeof(*shown));
	assert_int_equal(catalog_init(&shown->catalog, &err), 0);
	add_module(shown, "vmlinux", KERNEL_BASE);
	add_module(shown, "lines_module", MODULE_BASE);
	shown->catalog.kernel = strdup("0.0.0-9-amd64");
	snprintf(shown->kallsyms, sizeof(shown->kallsyms), "%s/kallsyms", directory);
	snprintf(shown->modules, sizeof(shown->modules), "%s/modules", directory);
	snprintf(shown->sys, sizeof(shown->sys), "%s/sys", directory);
	snprintf(shown->notes, sizeof(shown->notes), "%s/notes", directory);
	shown->paths =
		(struct running_paths){shown->kallsyms, {shown->modules, shown->sys, shown->notes}};
	shown->builds = builds_create(options, &err);
	assert_non_null(shown->builds);
	if (running)
		shown->running = running_create(&shown->paths, &err);
	shown->names = symbol_names_create(shown->builds, shown->running, &err);
	shown->catalog.namer = symbol_names_namer(shown->names);
}

static void shown_fini(struct shown *shown)
{
	symbol_names_destroy(shown->names);
	running_destroy(shown->running);
	builds_destroy(shown->builds);
	catalog_fini(&shown->catalog);
}

static void assert_frame(struct shown *shown, uint64_t address, const char *symbol, uint64_t offset,
			 const char *module)
{
	struct frame frame = {0};

	catalog_frame(&shown->catalog, address, &frame);
	if (symbol)
		assert_string_equal(frame.symbol ? frame.symbol : "", symbol);
	else
		assert_null(frame.symbol);
	assert_int_equal(frame.offset, offset);
	if (module)
		assert_string_equal(frame.module, module);
	else
		assert_null(frame.module);
}

static void assert_missing(struct shown *shown, const char *told)
{
	struct text text = TEXT_INIT;

	missing_tell(shown->builds, &text);
	if (told ? !strstr(text_string(&text), told) : text.length)
		fail_msg("'%s' is not what '%s' is about", text_string(&text), told ? told : "");
	assert_int_equal(missing_has_names(shown->builds), told != NULL);
	text_fini(&text);
}

static void write_file(const char *name, const void *bytes, size_t length)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void write_note(const char *name, unsigned char first)
{
	unsigned char note[36] = {4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0};

	memcpy(note + 16, build_id, sizeof(build_id));
	note[16] = first;
	write_file(name, note, sizeof(note));
}

/* The system is another boot: kernel and module lie elsewhere. */
static void write_system(unsigned char kernel, unsigned char module)
{
	static const char kallsyms[] = "ffffffff9a000000 T _stext\n"
				       "ffffffff9a000100 T vfs_open\n"
				       "ffffffff9a000200 t do_open\n"
				       "ffffffff9a800000 T _etext\n"
				       "ffffffffc0700000 t lines_here	[lines_module]\n"
				       "ffffffffc0700040 t lines_there	[lines_module]\n"
				       "ffffffffc0800000 t other	[other]\n";
	static const char modules[] = "lines_module 16384 0 - Live 0xffffffffc0700000\n"
				      "other 16384 0 - Live 0xffffffffc0800000\n";
	char command[400];

	snprintf(command, sizeof(command), "mkdir -p %s/sys/lines_module/notes", directory);
	assert_int_equal(system(command), 0);
	write_file("kallsyms", kallsyms, sizeof(kallsyms) - 1);
	write_file("modules", modules, sizeof(modules) - 1);
	write_note("notes", kernel);
	write_note("sys/lines_module/notes/.note.gnu.build-id", module);
}

static void the_same_build_that_runs_elsewhere_names_frames(void **state)
{
	struct shown shown;

	write_system(build_id[0], build_id[0]);
	shown_init(&shown, &(struct builds_options){0}, true);
	assert_frame(&shown, KERNEL_BASE + 0x123, "vfs_open", 0x23, NULL);
	assert_frame(&shown, KERNEL_BASE + 0x200, "do_open", 0, NULL);
	assert_frame(&shown, MODULE_BASE + 0x41, "lines_there", 1, "lines_module");
	assert_missing(&shown, NULL);
	shown_fini(&shown);
}

static void another_build_never_gives_a_name(void **state)
{
	struct shown shown;

	write_system(0x77, build_id[0]);
	shown_init(&shown, &(struct builds_options){.alone = true}, true);
	assert_frame(&shown, KERNEL_BASE + 0x123, NULL, 0x123, "vmlinux");
	assert_frame(&shown, MODULE_BASE + 0x41, "lines_there", 1, "lines_module");
	shown_fini(&shown);
	write_system(build_id[0], 0x77);
	shown_init(&shown, &(struct builds_options){.alone = true, .modules = true}, true);
	assert_frame(&shown, KERNEL_BASE + 0x123, "vfs_open", 0x23, NULL);
	assert_frame(&shown, MODULE_BASE + 0x41, NULL, 0x41, "lines_module");
	assert_missing(&shown, "no names of lines_module (build id " BUILD_ID "): ");
	shown_fini(&shown);
}

static void symbols_that_are_hidden_are_told_to_be(void **state)
{
	static const char kallsyms[] = "0000000000000000 T _stext\n0000000000000000 T vfs_open\n";
	struct shown shown;

	write_system(build_id[0], build_id[0]);
	write_file("kallsyms", kallsyms, sizeof(kallsyms) - 1);
	shown_init(&shown, &(struct builds_options){.alone = true}, true);
	for (int i = 0; i < 2; i++)
		assert_frame(&shown, KERNEL_BASE + 0x123, NULL, 0x123, "vmlinux");
	assert_missing(&shown,
		       "/kallsyms hides the addresses of the kernel's symbols (run as root");
	shown_fini(&shown);
}

static void files_name_what_does_not_run_here(void **state)
{
	uint64_t second = distance_of("lines_vmlinux", "sample_second");
	char path[9000];
	struct shown shown;

	/* The sample's file is not called vmlinux, but it is named itself. */
	snprintf(path, sizeof(path), "%s", sample("lines_kernel.stripped"));
	shown_init(&shown, &(struct builds_options){.path = path}, false);
	assert_frame(&shown, KERNEL_BASE + second, "sample_second", 0, NULL);
	assert_missing(&shown, NULL);
	assert_frame(&shown, MODULE_BASE, NULL, 0, "lines_module");
	assert_missing(&shown, "names of modules were not looked for: -A does\n");
	shown_fini(&shown);

	second = distance_of("lines_module.ko", "sample_second");
	snprintf(path, sizeof(path), "%s", sample("lines_module.stripped"));
	shown_init(&shown, &(struct builds_options){.path = path, .modules = true}, false);
	assert_frame(&shown, MODULE_BASE + second, "sample_second", 0, "lines_module");
	assert_missing(&shown, NULL);
	shown_fini(&shown);
}

static void what_would_have_the_names_is_told(void **state)
{
	struct shown shown;

	shown_init(
		&shown,
		&(struct builds_options){.alone = true, .modules = true, .path_option = "--path X"},
		false);
	assert_frame(&shown, KERNEL_BASE + 0x123, NULL, 0x123, "vmlinux");
	assert_frame(&shown, MODULE_BASE + 0x41, NULL, 0x41, "lines_module");
	assert_missing(&shown,
		       "no names of vmlinux (build id " BUILD_ID
		       "): the capture was opened alone; a vmlinux with symbols would have them, "
		       "as is in the package linux-image-0.0.0-9-amd64-dbg\n"
		       "no names of lines_module (build id " BUILD_ID
		       "): the capture was opened alone; lines_module.ko would have them; if it "
		       "came with the kernel, it is in the package linux-image-0.0.0-9-amd64\n"
		       "--path X says where to look for such files\n");
	shown_fini(&shown);
	shown_init(&shown, &(struct builds_options){.path = directory}, false);
	assert_frame(&shown, KERNEL_BASE + 0x123, NULL, 0x123, "vmlinux");
	assert_missing(&shown, ": there is no file; a vmlinux with symbols");
	assert_missing(&shown, "\nKAPIMON_SYMBOL_PATH says where");
	shown_fini(&shown);
}

static int asked;

static char *answer_nothing(const struct build *build)
{
	asked++;
	return NULL;
}

static char *answer_file(const struct build *build)
{
	asked++;
	assert_string_equal(build->module.name, "vmlinux");
	return strdup(sample("lines_kernel.stripped"));
}

static void a_path_is_asked_for_once_and_only_when_something_is_missing(void **state)
{
	uint64_t second = distance_of("lines_vmlinux", "sample_second");
	struct shown shown;

	asked = 0;
	shown_init(&shown, &(struct builds_options){.ask = answer_file}, false);
	for (int i = 0; i < 2; i++)
		assert_frame(&shown, KERNEL_BASE + second, "sample_second", 0, NULL);
	assert_int_equal(asked, 1);
	assert_missing(&shown, NULL);
	shown_fini(&shown);

	asked = 0;
	shown_init(&shown, &(struct builds_options){.ask = answer_nothing, .modules = true}, false);
	assert_frame(&shown, KERNEL_BASE + 0x123, NULL, 0x123, "vmlinux");
	assert_frame(&shown, MODULE_BASE + 0x123, NULL, 0x123, "lines_module");
	assert_int_equal(asked, 1);
	assert_missing(&shown, "no names of vmlinux");
	shown_fini(&shown);

	asked = 0;
	shown_init(&shown, &(struct builds_options){.ask = answer_file, .path = directory}, false);
	assert_frame(&shown, KERNEL_BASE + 0x123, NULL, 0x123, "vmlinux");
	shown_fini(&shown);
	write_system(build_id[0], build_id[0]);
	shown_init(&shown, &(struct builds_options){.ask = answer_file}, true);
	assert_frame(&shown, KERNEL_BASE + 0x123, "vfs_open", 0x23, NULL);
	shown_fini(&shown);
	assert_int_equal(asked, 0);
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
		cmocka_unit_test(functions_are_named_without_debug_information),
		cmocka_unit_test(sections_of_modules_lie_as_the_kernel_lays_them),
		cmocka_unit_test(a_file_of_another_build_is_refused),
		cmocka_unit_test(the_same_build_that_runs_elsewhere_names_frames),
		cmocka_unit_test(another_build_never_gives_a_name),
		cmocka_unit_test(symbols_that_are_hidden_are_told_to_be),
		cmocka_unit_test(files_name_what_does_not_run_here),
		cmocka_unit_test(what_would_have_the_names_is_told),
		cmocka_unit_test(a_path_is_asked_for_once_and_only_when_something_is_missing),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
