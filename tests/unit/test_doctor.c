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

#include "source/linux_doctor.h"
#include "source/linux_doctor_parts.h"

static void an_option_of_the_kernel_is_found_by_its_whole_name(void **state)
{
	static char config[] = "CONFIG_KPROBES=y\n"
			       "# CONFIG_FPROBE is not set\n"
			       "CONFIG_HAVE_FPROBE=y\n"
			       "CONFIG_BPF_JIT_ALWAYS_ON=y\n"
			       "CONFIG_EXT4_FS=m\n";
	static const struct {
		const char *option;
		char value;
	} cases[] = {
		{"CONFIG_KPROBES", 'y'}, {"CONFIG_FPROBE", 'n'}, {"CONFIG_BPF_JIT", 'n'},
		{"CONFIG_EXT4_FS", 'm'}, {"CONFIG_KPROBE", 'n'},
	};
	struct doctor doctor = {.config = config};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(doctor_config(&doctor, cases[i].option), cases[i].value);
}

static void without_a_configuration_no_option_is_said_to_be_off(void **state)
{
	static char none[] = "";
	struct doctor doctor = {.config = none};

	assert_int_equal(doctor_config(&doctor, "CONFIG_FPROBE"), '?');
}

static void a_line_is_read_without_its_end(void **state)
{
	char path[] = "/tmp/kapimon-doctor-XXXXXX", line[16] = "before";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_false(doctor_line(path, line, sizeof(line)));
	assert_string_equal(line, "");
	assert_int_equal(write(fd, "none [full]\nmore\n", 17), 17);
	assert_true(doctor_line(path, line, sizeof(line)));
	assert_string_equal(line, "none [full]");
	close(fd);
	unlink(path);
	strcpy(line, "before");
	assert_false(doctor_line(path, line, sizeof(line)));
	assert_string_equal(line, "");
}

struct seen {
	size_t n, n_not_ok;
	bool hook_failed;
};

static void look_at(void *context, const struct finding *finding)
{
	struct seen *seen = context;

	assert_non_null(finding->name);
	assert_string_not_equal(finding->fact, "");
	assert_null(strchr(finding->fact, '\n'));
	assert_null(strchr(finding->remedy, '\n'));
	if (finding->state == FINDING_OK)
		assert_string_equal(finding->remedy, "");
	else
		assert_string_not_equal(finding->remedy, "");
	seen->n++;
	seen->n_not_ok += finding->state != FINDING_OK;
	if (!strcmp(finding->name, "hook"))
		seen->hook_failed = finding->state == FINDING_NO;
}

/* On whatever machine this runs. */
static void what_is_not_ok_has_a_remedy_and_the_verdict_follows_the_test_hook(void **state)
{
	struct linux_diagnosis diagnosis;
	struct seen seen = {0};

	linux_doctor_run(look_at, &seen, &diagnosis);
	assert_true(seen.n >= 20);
	assert_int_equal(diagnosis.n_not_ok, seen.n_not_ok);
	assert_int_equal(diagnosis.hooking, !seen.hook_failed);
	if (diagnosis.hooking)
		assert_string_equal(diagnosis.obstacle, "");
	else
		assert_string_not_equal(diagnosis.obstacle, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_option_of_the_kernel_is_found_by_its_whole_name),
		cmocka_unit_test(without_a_configuration_no_option_is_said_to_be_off),
		cmocka_unit_test(a_line_is_read_without_its_end),
		cmocka_unit_test(what_is_not_ok_has_a_remedy_and_the_verdict_follows_the_test_hook),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
