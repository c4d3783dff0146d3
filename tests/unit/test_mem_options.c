/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the options of kapimon mem ask for, what does not go together, and the command of --load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "command/mem_load.h"
#include "command/mem_options.h"

#define WORDS 12

/* The words of a line, which are changed by the parser. */
struct line {
	char *words[WORDS + 1];
	int n;
	char *copy;
};

static void line_init(struct line *line, const char *text)
{
	memset(line, 0, sizeof(*line));
	line->copy = strdup(text);
	for (char *word = strtok(line->copy, " "); word && line->n < WORDS;
	     word = strtok(NULL, " ")) {
		/* A blank within a word is written as '~'. */
		for (char *c = word; *c; c++)
			*c = *c == '~' ? ' ' : *c;
		line->words[line->n++] = word;
	}
}

static int parse(struct line *line, const char *text, struct mem_options *options,
		 struct error *err)
{
	line_init(line, text);
	return mem_options_parse(line->n, line->words, options, err);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *line, *told;
	} cases[] = {
		{"mem a.kmn b.kmn", "only one capture can be reported of at a time"},
		{"mem --", "there is no command behind \"--\""},
		{"mem a.kmn -t 1s", "nothing is watched"},
		{"mem a.kmn --live", "nothing is watched"},
		{"mem --until-unload", "until which module is unloaded?"},
		{"mem -m a -m b --until-unload", "until which module is unloaded?"},
		{"mem --fail-on leak", "not leaked while it can still be freed"},
		{"mem --fail-on laek", "there is no condition 'laek'"},
		{"mem --through", "--through which module?"},
		{"mem -m a --through --no-stack", "--through needs stacks"},
		{"mem --lines -S", "--lines needs stacks"},
		{"mem -o -", "can't both go to standard output"},
		{"mem --load driver.o", "'driver.o' is not a module's file, a .ko"},
		{"mem --load .ko", "'.ko' is not a module's file"},
		{"mem --load x.ko -m other", "until which module is unloaded?"},
		{"mem --to junit", "does not say what is written where"},
		{"mem --to junit=", "does not say what is written where"},
		{"mem --to word=x", "'word'"},
		{"mem --by tag,colour", "'colour'"},
		{"mem -n -1", "'-1' is not a number"},
		{"mem --blocks none", "'none'"},
		{"mem --min-age 3parsecs", "3parsecs"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mem_options options;
		struct error err = {0};
		struct line line;

		if (parse(&line, cases[i].line, &options, &err) != -1)
			fail_msg("'%s' is taken", cases[i].line);
		if (!strstr(err.message, cases[i].told))
			fail_msg("%s: '%s'", cases[i].line, err.message);
		assert_int_equal(err.status, STATUS_USAGE);
		mem_options_fini(&options);
		free(line.copy);
	}
}

static void a_module_to_load_is_watched_until_it_has_gone(void **state)
{
	static const struct {
		const char *load, *file, *parameters, *directory, *module;
	} cases[] = {
		{"x.ko", "x.ko", "", ".", "x"},
		{"./drv/kmn-gate.ko~leak=5~name=/a/b.c", "./drv/kmn-gate.ko", "leak=5 name=/a/b.c",
		 "./drv/", "kmn_gate"},
		{"/x.ko.xz", "/x.ko.xz", "", "/", "x"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mem_options options;
		struct error err = {0};
		struct line line;
		char text[128];

		snprintf(text, sizeof(text), "mem --load %s --fail-on leak", cases[i].load);
		if (parse(&line, text, &options, &err))
			fail_msg("%s: %s", text, err.message);
		assert_string_equal(options.load.file, cases[i].file);
		assert_string_equal(options.load.parameters, cases[i].parameters);
		assert_string_equal(options.load.directory, cases[i].directory);
		assert_true(options.until_unload);
		assert_true(options.fail_on[MEM_LEAK]);
		assert_int_equal(options.selection.modules.count, 1);
		assert_string_equal(options.selection.modules.names[0], cases[i].module);
		/* Its source lines are in its file. */
		assert_string_equal(options.symbols.path, cases[i].directory);
		assert_true(options.symbols.wanted);
		mem_options_fini(&options);
		free(line.copy);
	}
}

static void a_path_of_symbols_that_is_given_stands(void **state)
{
	struct mem_options options;
	struct error err = {0};
	struct line line;

	assert_int_equal(parse(&line, "mem --load d/x.ko -P /symbols", &options, &err), 0);
	assert_string_equal(options.symbols.path, "/symbols");
	mem_options_fini(&options);
	free(line.copy);
	assert_int_equal(parse(&line, "mem --load d/x.ko --no-stack", &options, &err), 0);
	assert_null(options.symbols.path);
	assert_false(options.symbols.wanted);
	mem_options_fini(&options);
	free(line.copy);
}

static void what_is_asked_for_is_taken(void **state)
{
	struct mem_options options;
	struct error err = {0};
	struct line line;

	assert_int_equal(parse(&line, "mem -T kmalloc- --min-size 4K --min-age 2s --by module,size",
			       &options, &err),
			 0);
	assert_string_equal(options.selection.tags.names[0], "kmalloc-");
	assert_int_equal(options.selection.min_bytes, 4096);
	assert_int_equal(options.selection.min_age, 2000000000);
	assert_int_equal(options.by.n, 2);
	assert_int_equal(options.by.keys[0], GROUP_MODULE);
	assert_int_equal(options.by.keys[1], GROUP_SIZE);
	assert_true(options.spec.memory);
	assert_true(options.spec.stacks);
	mem_options_fini(&options);
	free(line.copy);

	assert_int_equal(parse(&line, "mem -t 5s -- cat /x", &options, &err), 0);
	assert_string_equal(options.child[0], "cat");
	assert_int_equal(options.time, 5000000000);
	assert_int_equal(options.by.n, 3);
	mem_options_fini(&options);
	free(line.copy);
}

/* Run the command of --load with commands of our own in the place of insmod and rmmod. */
static int run_load(const char *bin, const char *const *command, bool seen, char *log, size_t size)
{
	struct mem_load load = {0};
	struct error err = {0};
	char path[256];
	int status;
	pid_t pid;
	FILE *file;

	assert_int_equal(mem_load_init(&load, "./x.ko a=1 b=2", &err), 0);
	assert_int_equal(mem_load_command(&load, (char *const *)(uintptr_t)command, &err), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		snprintf(path, sizeof(path), "%s:/usr/bin:/bin", bin);
		setenv("PATH", path, 1);
		setenv("LOG", log, 1);
		execvp(load.argv[0], load.argv);
		_exit(127);
	}
	if (seen) {
		mem_load_seen(&load);
		mem_load_seen(&load);
	} else {
		usleep(300000);
		/* It has been loaded, and waits. */
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
		mem_load_seen(&load);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	file = fopen(log, "r");
	assert_non_null(file);
	log[fread(log, 1, size - 1, file)] = '\0';
	fclose(file);
	if (mem_load_check(&load, status, &err))
		snprintf(log + strlen(log), size - strlen(log), "%s", err.message);
	mem_load_fini(&load);
	return status;
}

static void write_command(const char *bin, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", bin, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	fclose(file);
	assert_int_equal(chmod(path, 0755), 0);
}

static void the_module_is_unloaded_whatever_the_command_did(void **state)
{
	static const struct {
		const char *insmod, *rmmod, *command[3];
		bool seen;
		const char *log;
	} cases[] = {
		{"echo in \"$@\" >>$LOG",
		 "echo out $1 >>$LOG",
		 {"true"},
		 true,
		 "in ./x.ko a=1 b=2\nout x\n"},
		{"echo in >>$LOG", "echo out $1 >>$LOG", {"true"}, false, "in\nout x\n"},
		{"echo in >>$LOG", "echo out $1 >>$LOG", {NULL}, true, "in\nout x\n"},
		{"echo in >>$LOG",
		 "echo out $1 >>$LOG",
		 {"false"},
		 true,
		 "in\nout x\nthe command failed with status 1"},
		{"exit 1", "echo out $1 >>$LOG; :", {"true"}, true, "./x.ko could not be loaded"},
		{"echo in >>$LOG",
		 "exit 1",
		 {"true"},
		 true,
		 "in\n./x.ko could not be unloaded: what it has is outstanding, not leaked"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bin[] = "/tmp/test_mem_options.XXXXXX";
		char log[512], command[64];

		assert_non_null(mkdtemp(bin));
		snprintf(log, sizeof(log), "%s/log", bin);
		fclose(fopen(log, "w"));
		write_command(bin, "insmod", cases[i].insmod);
		write_command(bin, "rmmod", cases[i].rmmod);
		run_load(bin, cases[i].command, cases[i].seen, log, sizeof(log));
		assert_string_equal(log, cases[i].log);
		snprintf(command, sizeof(command), "rm -r %s", bin);
		assert_int_equal(system(command), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(a_module_to_load_is_watched_until_it_has_gone),
		cmocka_unit_test(a_path_of_symbols_that_is_given_stands),
		cmocka_unit_test(what_is_asked_for_is_taken),
		cmocka_unit_test(the_module_is_unloaded_whatever_the_command_did),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
