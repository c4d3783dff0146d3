/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/symbol_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "symbol/dwarf_file.h"
#include "symbol/missing.h"
#include "view/escape.h"

bool symbol_options_is_option(int id)
{
	return id >= SYMBOL_LINES && id < SYMBOL_END;
}

void symbol_options_set(struct symbol_options *options, int id, const char *value)
{
	if (id == SYMBOL_ALONE) {
		options->alone = true;
		return;
	}
	options->wanted = true;
	if (id == SYMBOL_PATH)
		options->path = value;
	if (id == SYMBOL_ALL)
		options->modules = true;
}

/* The module's name comes from a capture. */
static void print_build(const struct build *build)
{
	struct text plain = TEXT_INIT, escaped = TEXT_INIT;

	missing_print_build(build, &plain);
	escape_print(&escaped, text_string(&plain), plain.length, 0);
	fputs(text_string(&escaped), stderr);
	text_fini(&plain);
	text_fini(&escaped);
}

/* As the classic did. What was printed before is to be seen before the question. */
static char *ask_path(const struct build *build)
{
	char *line = NULL;
	size_t size = 0, length;

	fflush(stdout);
	fputs("Symbols of ", stderr);
	print_build(build);
	fputs(" are not found.\nWhere are symbol files (DIR:DIR..., empty: go on without)? ",
	      stderr);
	fflush(stderr);
	if (getline(&line, &size, stdin) < 0) {
		fputc('\n', stderr);
		free(line);
		return NULL;
	}
	length = strcspn(line, "\r\n");
	while (length && (line[length - 1] == ' ' || line[length - 1] == '\t'))
		length--;
	line[length] = '\0';
	if (!length) {
		free(line);
		return NULL;
	}
	return line;
}

/* Somebody who sees the question and can answer it. */
static bool is_interactive(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static int create(struct symbol_options *options, struct error *err)
{
	const struct builds_options builds = {
		.path = options->path,
		.path_option = options->path_option,
		.modules = options->modules,
		.alone = options->alone,
		/* Names alone are no reason to fetch a gigabyte unasked. */
		.servers = options->wanted,
		.ask = options->ask && !options->alone && is_interactive() ? ask_path : NULL,
	};

	options->builds = builds_create(&builds, err);
	if (!options->builds)
		return -1;
	if (options->wanted) {
		options->lines = lines_create(options->builds, err);
		if (!options->lines)
			return -1;
	}
	if (!options->names)
		return 0;
	if (!options->alone) {
		options->running = running_create(NULL, err);
		if (!options->running)
			return -1;
	}
	options->namer = symbol_names_create(options->builds, options->running, err);
	return options->namer ? 0 : -1;
}

static void destroy(struct symbol_options *options)
{
	lines_destroy(options->lines);
	symbol_names_destroy(options->namer);
	running_destroy(options->running);
	builds_destroy(options->builds);
	options->lines = NULL;
	options->namer = NULL;
	options->running = NULL;
	options->builds = NULL;
}

int symbol_options_begin(struct symbol_options *options, struct place_finder **finder,
			 struct namer **namer, struct error *err)
{
	if (create(options, err)) {
		destroy(options);
		return -1;
	}
	*finder = options->lines ? lines_finder(options->lines) : NULL;
	if (namer)
		*namer = options->namer ? symbol_names_namer(options->namer) : NULL;
	return 0;
}

void symbol_options_prefetch(struct symbol_options *options)
{
	struct module kernel = {.name = (char *)MODULE_KERNEL};
	struct place places[PLACE_DEPTH];
	struct dwarf_file *file = NULL;
	struct utsname system;
	struct build *build;
	uint64_t address;

	if (!options->lines || uname(&system))
		return;
	modules_read_kernel_build_id(NULL, &kernel);
	build = builds_find(options->builds,
			    &(struct catalog){.modules = {&kernel, 1, 1}, .kernel = system.release},
			    &kernel);
	if (build)
		file = builds_lines(options->builds, build);
	/* With the first place the tables of the file are read. */
	if (file && dwarf_file_address(file, NULL, 0, 0, &address))
		dwarf_file_places(file, address, places);
}

/* Names in it come from a capture. */
static void tell(const char *command, const char *missing)
{
	struct text line = TEXT_INIT;

	while (*missing) {
		size_t length = strcspn(missing, "\n");

		text_clear(&line);
		escape_print(&line, missing, length, 0);
		fprintf(stderr, "kapimon %s: %s\n", command, text_string(&line));
		missing += length + (missing[length] != '\0');
	}
	text_fini(&line);
}

void symbol_options_end(struct symbol_options *options, const char *command)
{
	struct text missing = TEXT_INIT;

	if (!options->builds)
		return;
	missing_tell(options->builds, &missing);
	if (missing_has_names(options->builds) && strcmp(command, "symbols") != 0)
		text_add(&missing, "\"kapimon symbols add FILE\" then puts the names into the "
				   "capture\n");
	tell(command, text_string(&missing));
	text_fini(&missing);
	destroy(options);
}
