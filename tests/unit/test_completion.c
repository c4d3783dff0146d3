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

#include "command/command.h"
#include "command/completion.h"
#include "command/options.h"

static const struct {
	const char *name;
	const struct options *(*options)(void);
} commands[] = {
#define COMMAND_ROW(name, summary) {#name, command_##name##_options},
	COMMANDS(COMMAND_ROW)
#undef COMMAND_ROW
};

/* The part of a script that is about a command. */
static void section(const char *script, const char *command, struct text *out)
{
	char begin[64];
	const char *from;

	snprintf(begin, sizeof(begin), "\n\t%s)\n", command);
	from = strstr(script, begin);
	if (!from)
		fail_msg("there is nothing about %s", command);
	text_clear(out);
	text_add_bytes(out, from, (size_t)(strstr(from, "\n\t\t;;\n") - from));
}

static void each_option_of_each_command_is_there(void **state)
{
	void (*const shells[])(struct text *) = {completion_bash, completion_zsh};
	struct text script = TEXT_INIT, part = TEXT_INIT;
	char name[64];

	for (size_t shell = 0; shell < 2; shell++) {
		text_clear(&script);
		shells[shell](&script);
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			const struct options *options = commands[i].options();

			section(text_string(&script), commands[i].name, &part);
			assert_non_null(strstr(text_string(&part), "--help"));
			for (size_t k = 0; k < options->n_rows; k++) {
				if (!options->rows[k].name)
					continue;
				snprintf(name, sizeof(name), "--%s", options->rows[k].name);
				if (!strstr(text_string(&part), name))
					fail_msg("%s: no %s", commands[i].name, name);
			}
		}
	}
	text_fini(&script);
	text_fini(&part);
}

/* The exit status of `shell ARGUMENTS FILE`, where FILE holds the text; -1: there is no such shell.
 */
static int run_shell(const char *shell, const char *arguments, const char *text)
{
	char path[] = "/tmp/kapimon-completion-XXXXXX", command[200];
	int fd = mkstemp(path), status;

	snprintf(command, sizeof(command), "command -v %s >/dev/null", shell);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	status = system(command);
	if (status) {
		unlink(path);
		return -1;
	}
	snprintf(command, sizeof(command), "%s %s %s", shell, arguments, path);
	status = system(command);
	unlink(path);
	return status;
}

static void the_shells_accept_their_scripts(void **state)
{
	static const struct {
		const char *shell;
		void (*print)(struct text *);
	} cases[] = {{"bash", completion_bash}, {"zsh", completion_zsh}};

	for (size_t i = 0; i < 2; i++) {
		struct text script = TEXT_INIT;
		int status;

		cases[i].print(&script);
		assert_false(text_failed(&script));
		status = run_shell(cases[i].shell, "-n", text_string(&script));
		if (status < 0)
			print_message("%s is not installed\n", cases[i].shell);
		else
			assert_int_equal(status, 0);
		text_fini(&script);
	}
}

static void bash_completes_commands_options_and_nothing_for_values(void **state)
{
	static const char *const checks =
		"complete_line() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); "
		"_kapimon; }\n"
		"complete_line kapimon ses; [ \"${COMPREPLY[*]}\" = session ] || exit 1\n"
		"complete_line kapimon show --tr; [ \"${COMPREPLY[*]}\" = --tree ] || exit 2\n"
		"complete_line kapimon show --top a; [ -z \"${COMPREPLY[*]}\" ] || exit 3\n"
		"complete_line kapimon completion z; [ \"${COMPREPLY[*]}\" = zsh ] || exit 4\n"
		"complete_line kapimon show /et; [ \"${COMPREPLY[*]}\" = /etc ] || exit 5\n"
		"complete_line kapimon hook -o /et; [ \"${COMPREPLY[*]}\" = /etc ] || exit 6\n";
	struct text script = TEXT_INIT;
	int status;

	completion_bash(&script);
	text_add(&script, checks);
	status = run_shell("bash", "", text_string(&script));
	if (status < 0)
		print_message("bash is not installed\n");
	else
		assert_int_equal(status, 0);
	text_fini(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_option_of_each_command_is_there),
		cmocka_unit_test(the_shells_accept_their_scripts),
		cmocka_unit_test(bash_completes_commands_options_and_nothing_for_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
