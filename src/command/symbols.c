/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon symbols: put names and source lines into a capture, and tell of what it has them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/reader.h"
#include "command/capture_symbols.h"
#include "command/command.h"
#include "command/symbol_options.h"
#include "command/options.h"
#include "symbol/debug_files.h"
#include "view/escape.h"

static const struct option_row rows[] = {
	{0, NULL, NULL, "With add", 0},
	{'P', "symbol-path", "PATH", "look there for files with symbols and debug information",
	 SYMBOL_PATH},
	{'A', "all-modules", NULL, "names and lines of all modules, not of the kernel alone",
	 SYMBOL_ALL},
};

static int set_option(void *context, int id, const char *value, struct error *err)
{
	symbol_options_set(context, id, value);
	return 0;
}

static const struct options options = {
	.usage = "add [OPTION]... FILE | list FILE",
	.summary = "Put names, source lines and inlined functions of all stacks into the capture "
		   "FILE, so\nthat it is shown with them where no other file is; or list the "
		   "modules in its stacks\nand how many of their frames have names and lines.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

static int command_add(struct symbol_options *symbols, const char *path, struct error *err)
{
	return capture_symbols_add(symbols, "symbols", path, err);
}

struct count {
	size_t n_frames, n_named, n_with;
};

static void count_frames(const struct capture_reader *reader, struct count *counts)
{
	const struct catalog *catalog = capture_catalog(reader);
	const struct frame_table *frames = capture_frames(reader);

	for (size_t i = 0; i < frame_table_count(frames); i++) {
		uint64_t address = frame_table_address(frames, i);
		const struct frame *frame = frame_table_find(frames, address);
		const struct module *module = catalog_frame_module(catalog, frame, address);
		const struct place *places;
		struct count *count = module ? &counts[module - catalog->modules.modules] : NULL;

		if (!count)
			continue;
		count->n_frames++;
		count->n_named += frame->symbol != NULL;
		count->n_with +=
			catalog->places->find(catalog->places, catalog, address, true, &places) ||
			catalog->places->find(catalog->places, catalog, address, false, &places);
	}
}

static int print_modules(const struct module_table *table, const struct count *counts,
			 struct error *err)
{
	struct text line = TEXT_INIT;

	for (size_t i = 0; i < table->n_modules; i++) {
		const struct module *module = &table->modules[i];
		char id[2 * sizeof(module->build_id) + 1];

		if (!counts[i].n_frames)
			continue;
		build_id_print(module, id);
		escape_print(&line, module->name, strlen(module->name), 0);
		text_pad(&line, 0, 24);
		text_addf(&line, " %-40s  %zu frames, names of %zu, lines of %zu",
			  id[0] ? id : "no build id", counts[i].n_frames, counts[i].n_named,
			  counts[i].n_with);
		puts(text_string(&line));
		text_clear(&line);
	}
	text_fini(&line);
	return fflush(stdout) ? error_set(err, "can't write the output") : 0;
}

static int command_list_modules(const char *path, struct error *err)
{
	struct capture_reader *reader = capture_open(path, err);
	const struct kmn_header *const *records;
	const struct module_table *table;
	struct count *counts;
	int code = 1;
	size_t n;

	if (!reader)
		return -1;
	capture_stop(reader);
	while (code > 0)
		code = capture_next(reader, -1, &records, &n, err);
	table = &capture_catalog(reader)->modules;
	counts = code ? NULL : calloc(table->n_modules + 1, sizeof(*counts));
	if (!code && !counts)
		code = error_no_memory(err);
	if (!code) {
		count_frames(reader, counts);
		code = print_modules(table, counts, err);
		fputs(capture_trouble(reader), stderr);
	}
	free(counts);
	capture_close(reader);
	return code;
}

int command_symbols(int argc, char **argv, struct error *err)
{
	struct symbol_options lines = {.path_option = "-P PATH"};
	struct options_rest rest;
	int status = options_parse(&options, argc, argv, &lines, &rest, err);

	if (status)
		return status < 0 ? -1 : STATUS_OK;
	if (rest.n_arguments == 2 && !rest.n_behind && !strcmp(rest.arguments[0], "add"))
		return command_add(&lines, rest.arguments[1], err);
	if (rest.n_arguments == 2 && !rest.n_behind && !strcmp(rest.arguments[0], "list") &&
	    !lines.wanted)
		return command_list_modules(rest.arguments[1], err);
	error_usage(err, lines.wanted ? "the options are for adding lines to one capture"
				      : "it takes \"add\" or \"list\" and one capture");
	return error_hint(err, "expected kapimon symbols add [OPTION]... FILE or kapimon symbols "
			       "list FILE");
}

const struct options *command_symbols_options(void)
{
	return &options;
}
