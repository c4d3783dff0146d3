/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "command/command.h"
#include "lab/console.h"
#include "lab/cpio.h"
#include "lab/lab.h"
#include "lab/package.h"
#include "lab/plan.h"
#include "lab/tool.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* A reader of the newc format, written from its description and not from the writer. */
struct entry {
	unsigned int mode, major, minor;
	size_t length;
	const char *name, *data;
};

static unsigned int hex(const char *at)
{
	char field[9] = "";

	memcpy(field, at, 8);
	return (unsigned int)strtoul(field, NULL, 16);
}

static bool next_entry(const struct text *archive, size_t *at, struct entry *entry)
{
	const char *header = archive->data + *at;
	size_t name_length;

	assert_true(*at + 110 <= archive->length);
	assert_int_equal(*at % 4, 0);
	assert_memory_equal(header, "070701", 6);
	entry->mode = hex(header + 6 + 8);
	entry->length = hex(header + 6 + 6 * 8);
	entry->major = hex(header + 6 + 9 * 8);
	entry->minor = hex(header + 6 + 10 * 8);
	name_length = hex(header + 6 + 11 * 8);
	entry->name = header + 110;
	assert_int_equal(entry->name[name_length - 1], '\0');
	*at = (*at + 110 + name_length + 3) & ~(size_t)3;
	entry->data = archive->data + *at;
	*at = (*at + entry->length + 3) & ~(size_t)3;
	assert_true(*at <= archive->length);
	return strcmp(entry->name, "TRAILER!!!") != 0;
}

static void an_archive_holds_each_entry_once_and_its_parents_before(void **state)
{
	static const struct {
		const char *name;
		unsigned int mode;
		const char *data;
	} expected[] = {
		{"a", S_IFDIR | 0755, ""},
		{"a/b", S_IFDIR | 0755, ""},
		{"a/b/file", S_IFREG | 0644, "12345"},
		{"a/empty", S_IFREG | 0600, ""},
		{"link", S_IFLNK | 0777, "a/b/file"},
		{"dev", S_IFDIR | 0755, ""},
		{"dev/console", S_IFCHR | 0600, ""},
	};
	struct text archive = TEXT_INIT;
	struct error err = {0};
	struct entry entry;
	struct cpio cpio;
	size_t at = 0;

	cpio_init(&cpio, memfd_create("archive", 0));
	assert_int_equal(cpio_file(&cpio, "/a/b/file", 0644, "12345", 5, &err), 0);
	assert_int_equal(cpio_file(&cpio, "a/b/file", 0600, "again", 5, &err), 0);
	assert_int_equal(cpio_directory(&cpio, "a", 0700, &err), 0);
	assert_int_equal(cpio_file(&cpio, "a/empty", 0600, "", 0, &err), 0);
	assert_int_equal(cpio_symlink(&cpio, "/link", "a/b/file", &err), 0);
	assert_int_equal(cpio_device(&cpio, "/dev/console", 0600, 5, 1, &err), 0);
	assert_int_equal(cpio_finish(&cpio, &err), 0);
	lseek(cpio.fd, 0, SEEK_SET);
	assert_int_equal(read_all(cpio.fd, &archive, &err), 0);
	for (size_t i = 0; i < N(expected); i++) {
		assert_true(next_entry(&archive, &at, &entry));
		assert_string_equal(entry.name, expected[i].name);
		assert_int_equal(entry.mode, expected[i].mode);
		assert_int_equal(entry.length, strlen(expected[i].data));
		assert_memory_equal(entry.data, expected[i].data, entry.length);
	}
	assert_int_equal(entry.major, 5);
	assert_int_equal(entry.minor, 1);
	assert_false(next_entry(&archive, &at, &entry));
	assert_int_equal(at, archive.length);
	close(cpio.fd);
	cpio_fini(&cpio);
	text_fini(&archive);
}

static void an_archive_that_cannot_be_written_is_an_error(void **state)
{
	struct error err = {0};
	struct cpio cpio;

	cpio_init(&cpio, -1);
	assert_int_equal(cpio_file(&cpio, "file", 0644, "x", 1, &err), -1);
	assert_non_null(strstr(err.message, "initramfs"));
	cpio_fini(&cpio);
}

static void a_plan_keeps_order_and_any_byte_of_a_value(void **state)
{
	static const char *const words[] = {"sh", "-c", "echo argument=x\n", "", "share=a"};
	struct text plan = TEXT_INIT;
	size_t at = 0;

	plan_add(&plan, PLAN_SHARE, "share0:/a b");
	for (size_t i = 0; i < N(words); i++) {
		plan_add(&plan, PLAN_ARGUMENT, words[i]);
		plan_add(&plan, PLAN_ENVIRONMENT, "A=B");
	}
	for (size_t i = 0; i < N(words); i++)
		assert_string_equal(plan_next(&plan, PLAN_ARGUMENT, &at), words[i]);
	assert_null(plan_next(&plan, PLAN_ARGUMENT, &at));
	at = 0;
	/* "share" is the beginning of "share-writable" and must not be taken for it. */
	assert_null(plan_next(&plan, PLAN_SHARE_WRITABLE, &at));
	at = 0;
	assert_string_equal(plan_next(&plan, PLAN_SHARE, &at), "share0:/a b");
	text_fini(&plan);
}

static void a_release_belongs_to_the_series_of_its_number_and_flavour(void **state)
{
	static const struct {
		const char *release, *series;
		bool fits;
	} cases[] = {
		{"6.1.0-56-amd64", "6.1", true},
		{"6.12.117+deb12-amd64", "6.12", true},
		{"6.12.117+deb12-amd64", "6.1", false},
		{"6.1.0-56-amd64", "6.12", false},
		{"6.1.0-56-rt-amd64", "6.1", false},
		{"6.1.0-56-rt-amd64", "6.1-rt", true},
		{"6.1.0-56-cloud-amd64", "6.1-cloud", true},
		{"6.1.0-56-cloud-amd64", "6.1-rt", false},
		{".lock", "6.1", false},
		{".fetch", "6.1", false},
	};

	for (size_t i = 0; i < N(cases); i++)
		assert_int_equal(package_fits(cases[i].release, cases[i].series), cases[i].fits);
}

static void a_kernels_name_is_a_series_a_release_or_a_path(void **state)
{
	static const struct {
		const char *name;
		bool series, release;
	} cases[] = {
		{"6.1", true, false},	       {"6.12-rt", true, false},
		{"6.12-cloud", true, false},   {"6.1.0-56-amd64", false, true},
		{"6", false, false},	       {"6.", false, false},
		{"6.1-nix", false, false},     {"vmlinuz-6.1.0-56-amd64", false, false},
		{"6.1/x-amd64", false, false}, {"", false, false},
		{"./6.1", false, false},
	};

	for (size_t i = 0; i < N(cases); i++) {
		assert_int_equal(package_is_series(cases[i].name), cases[i].series);
		assert_int_equal(package_is_release(cases[i].name), cases[i].release);
	}
}

static void trouble_on_the_console_is_found_from_its_first_line_on(void **state)
{
	static const struct {
		const char *console, *trouble;
	} cases[] = {
		{"", NULL},
		{"[ 1.0] all is well\n", NULL},
		{"[ 1.0] a\n[ 1.1] Kernel panic - not syncing: x\n[ 1.2] c\n",
		 "[ 1.1] Kernel panic - not syncing: x\n[ 1.2] c\n"},
		{"[ 1.0] BUG: kernel NULL pointer\n[ 1.1] Oops: 0002\n",
		 "[ 1.0] BUG: kernel NULL pointer\n[ 1.1] Oops: 0002\n"},
		{"Oops: 0002", "Oops: 0002"},
		{"a\nINFO: task x:1 blocked for more than 120 seconds.\n",
		 "INFO: task x:1 blocked for more than 120 seconds.\n"},
	};

	for (size_t i = 0; i < N(cases); i++) {
		struct text console = TEXT_INIT;
		const char *found;

		text_add(&console, cases[i].console);
		found = console_find_trouble(&console);
		if (cases[i].trouble)
			assert_string_equal(found, cases[i].trouble);
		else
			assert_null(found);
		text_fini(&console);
	}
}

static void a_guest_that_ended_early_is_explained(void **state)
{
	static const struct {
		const char *console, *complaints;
		bool alive;
		const char *says;
	} cases[] = {
		{"[ 1.0] Kernel panic - not syncing: sysrq\r\n", "", true, "panicked: sysrq"},
		{"", "qemu: no such machine\nmore\n", false, "qemu: no such machine"},
		{"[ 1.0] kapimon lab: error no port\r\n", "", false, "set up: no port"},
		{"[ 1.0] reboot: Power down\r\n", "", true, "powered off"},
		{"", "", false, "before its init ran"},
	};

	for (size_t i = 0; i < N(cases); i++) {
		struct machine_result result = {.end = MACHINE_GONE, .alive = cases[i].alive};
		struct error err = {0};
		size_t length;

		text_add(&result.console, cases[i].console);
		text_add(&result.complaints, cases[i].complaints);
		assert_int_equal(console_explain_end(&result, &err), -1);
		length = strlen(err.message) - strlen(cases[i].says);
		assert_non_null(strstr(err.message, cases[i].says));
		if (i < 3)
			assert_string_equal(err.message + length, cases[i].says);
		machine_result_fini(&result);
	}
}

static void wrong_options_are_refused_by_name(void **state)
{
	static const struct {
		const char *const argv[8];
		const char *says;
	} cases[] = {
		{{"lab", "--nix"}, "--nix"},
		{{"lab", "--kernel"}, "--kernel"},
		{{"lab", "uname"}, "'uname'"},
		{{"lab", "--smp", "0"}, "'0'"},
		{{"lab", "--smp=-1"}, "'-1'"},
		{{"lab", "--smp", "256"}, "'256'"},
		{{"lab", "--memory", "1X"}, "1X"},
		{{"lab", "--memory", ""}, "--memory"},
		{{"lab", "--memory", "255M"}, "255M"},
		{{"lab", "--timeout", "0"}, "more time"},
		{{"lab", "--timeout", "s"}, "'s'"},
		{{"lab", "--timeout", "5 m"}, "'5 m'"},
		{{"lab", "--timeout", "nan"}, "'nan'"},
		{{"lab", "--accel", "xen"}, "'xen'"},
		{{"lab", "--share", "/no/such"}, "/no/such"},
		{{"lab", "--share", "/dev:rw"}, "/dev"},
		{{"lab", "--share", "/proc/self/exe"}, "not a directory"},
		{{"lab", "--kernel", "no-such-kernel"}, "'no-such-kernel'"},
		{{"lab", "--kernel", "/proc/version"}, "/proc/version"},
		{{"lab", "--icount", "--accel", "kvm"}, "emulation"},
	};

	for (size_t i = 0; i < N(cases); i++) {
		struct error err = {0};
		char *argv[8];
		int argc = 0;

		for (; cases[i].argv[argc]; argc++)
			argv[argc] = strdup(cases[i].argv[argc]);
		argv[argc] = NULL;
		assert_int_equal(command_lab(argc, argv, &err), -1);
		assert_int_equal(err.status, STATUS_USAGE);
		if (!strstr(err.message, cases[i].says))
			fail_msg("'%s' does not name %s", err.message, cases[i].says);
		while (argc)
			free(argv[--argc]);
	}
}

static void a_tool_gives_its_output_or_its_last_words(void **state)
{
	const char *good[] = {"/bin/sh", "-c", "cat; echo out; echo err >&2", NULL};
	const char *bad[] = {"/bin/sh", "-c", "echo first >&2; echo why >&2; exit 3", NULL};
	const char *missing[] = {"/no/such/tool", NULL};
	struct text out = TEXT_INIT;
	struct error err = {0};
	char *path = NULL;

	assert_int_equal(tool_run(good, "/", &out, &err), 0);
	assert_string_equal(text_string(&out), "out\n");
	assert_int_equal(tool_run(bad, NULL, &out, &err), -1);
	assert_string_equal(err.message, "sh failed: why");
	assert_int_equal(tool_run(missing, NULL, &out, &err), -1);
	assert_string_equal(text_string(&out), "out\n");
	assert_int_equal(tool_find("no-such-tool", "the-package", &path, &err), -1);
	assert_null(path);
	assert_non_null(strstr(err.hint, "the-package"));
	assert_int_equal(tool_find("sh", "dash", &path, &err), 0);
	assert_int_equal(access(path, X_OK), 0);
	free(path);
	text_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_archive_holds_each_entry_once_and_its_parents_before),
		cmocka_unit_test(an_archive_that_cannot_be_written_is_an_error),
		cmocka_unit_test(a_plan_keeps_order_and_any_byte_of_a_value),
		cmocka_unit_test(a_release_belongs_to_the_series_of_its_number_and_flavour),
		cmocka_unit_test(a_kernels_name_is_a_series_a_release_or_a_path),
		cmocka_unit_test(trouble_on_the_console_is_found_from_its_first_line_on),
		cmocka_unit_test(a_guest_that_ended_early_is_explained),
		cmocka_unit_test(wrong_options_are_refused_by_name),
		cmocka_unit_test(a_tool_gives_its_output_or_its_last_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
