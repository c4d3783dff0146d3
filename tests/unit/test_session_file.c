/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture_sample.h"
#include "command/session_file.h"

static void file_make(char *path, const void *bytes, size_t length)
{
	int fd = mkstemp(strcpy(path, "/tmp/kapimon-session-XXXXXX"));

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

static void a_capture_gives_what_it_was_made_with(void **state)
{
	struct text text = TEXT_INIT;
	struct error err = {0};
	struct spec spec;
	char path[64];

	file_make(path, "", 0);
	sample_capture_write(path, 1000, 100);
	spec_init(&spec);
	if (session_file_read(&spec, path, &err))
		fail_msg("%s", err.message);
	spec_print(&spec, &text);
	assert_string_equal(text_string(&text), "hook-return vfs_open\nhook ext4:ext4_file_open\n"
						"buffer 8M\nstring-length 128\n");
	text_fini(&text);
	spec_fini(&spec);
	unlink(path);
}

static void what_a_file_says_is_added(void **state)
{
	static const char *const session = "hook b\nerrors yes\n";
	struct error err = {0};
	struct spec spec;
	char path[64];

	file_make(path, session, strlen(session));
	spec_init(&spec);
	spec_add_hook(&spec, "a", false, false, &err);
	assert_int_equal(session_file_read(&spec, path, &err), 0);
	assert_int_equal(spec.n_hooks, 2);
	assert_true(spec.errors);
	spec_fini(&spec);
	unlink(path);
}

static void what_is_no_session_is_refused_and_changes_nothing(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *told;
	} cases[] = {
		{"hook a\nhok b\n", 13, "line 2"},
		{"\x7f"
		 "ELF\0\0\0\0\0\0",
		 10, "neither a session file nor a capture"},
		{"\x89KMN\r\n\x1a\n", 8, "is not a Kapimon capture"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = {0};
		struct spec spec;
		char path[64];

		file_make(path, cases[i].bytes, cases[i].length);
		spec_init(&spec);
		assert_int_equal(session_file_read(&spec, path, &err), -1);
		if (!strstr(err.message, cases[i].told) || !strstr(err.message, path))
			fail_msg("case %zu: %s", i, err.message);
		assert_int_equal(spec.n_hooks, 0);
		spec_fini(&spec);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_capture_gives_what_it_was_made_with),
		cmocka_unit_test(what_a_file_says_is_added),
		cmocka_unit_test(what_is_no_session_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
