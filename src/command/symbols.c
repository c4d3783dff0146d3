/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon symbols: put source lines into a capture, and tell of which modules it has them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/add_lines.h"
#include "capture/reader.h"
#include "command/command.h"
#include "command/lines_options.h"
#include "command/options.h"
#include "symbol/debug_files.h"
#include "view/escape.h"

static const struct option_row rows[] = {
	{0, NULL, NULL, "With add", 0},
	{'P', "symbol-path", "PATH", "look there for files with debug information", LINES_PATH},
	{'A', "all-modules", NULL, "lines of all modules, not of the kernel alone", LINES_ALL},
};

static int set_option(void *context, int id, const char *value, struct error *err)
{
	line_options_set(context, id, value);
	return 0;
}

static const struct options options = {
	.usage = "add [OPTION]... FILE | list FILE",
	.summary = "Put source lines and inlined functions of all stacks into the capture FILE, so "
		   "that\n"
		   "\"kapimon show --lines\" needs no other file; or list the modules in its "
		   "stacks and\n"
		   "how many of their frames have lines.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

/* Where the copy is while it is not whole; "": nowhere. */
static char *volatile temporary;

static void remove_temporary(int number)
{
	if (temporary)
		unlink(temporary);
	signal(number, SIG_DFL);
	raise(number);
}

static int create_temporary(const char *path, const struct stat *original, struct error *err)
{
	struct text name = TEXT_INIT;
	char *copy;
	int fd, code = 0;

	text_addf(&name, "%s.XXXXXX", path);
	copy = text_take(&name);
	if (!copy)
		return error_no_memory(err);
	fd = mkstemp(copy);
	if (fd < 0) {
		code = error_set(err, "can't create a file beside %s: %s", path, strerror(errno));
		free(copy);
		return code;
	}
	/* Whoever could read the capture can read the new one. An owner is given only by root. */
	if (fchown(fd, original->st_uid, original->st_gid) && errno != EPERM)
		code = error_set(err, "can't set the owner of %s: %s", copy, strerror(errno));
	else if (fchmod(fd, original->st_mode & 07777))
		code = error_set(err, "can't set the mode of %s: %s", copy, strerror(errno));
	close(fd);
	temporary = copy;
	return code;
}

static void drop_temporary(void)
{
	char *copy = temporary;

	temporary = NULL;
	if (copy)
		unlink(copy);
	free(copy);
}

/* Put the copy where the capture is, unless somebody has written to that meanwhile. */
static int replace(const char *path, const struct stat *original, struct error *err)
{
	char *copy = temporary;
	struct stat now;

	if (stat(path, &now))
		return error_set(err, "can't examine %s: %s", path, strerror(errno));
	if (now.st_ino != original->st_ino || now.st_size != original->st_size ||
	    now.st_mtim.tv_sec != original->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != original->st_mtim.tv_nsec) {
		error_set(err, "%s has changed meanwhile, so it is left as it is", path);
		return error_hint(err, "wait for its recording to end");
	}
	if (rename(copy, path))
		return error_set(err, "can't rename %s to %s: %s", copy, path, strerror(errno));
	temporary = NULL;
	free(copy);
	return 0;
}

static void tell_added(const char *path, const struct lines_added *added)
{
	if (added->n_added)
		fprintf(stderr,
			"kapimon symbols: %" PRIu64 " of %" PRIu64 " frames have got lines\n",
			added->n_added, added->n_frames);
	else
		fprintf(stderr, "kapimon symbols: %s has these lines already\n", path);
	if (added->n_added && added->cut)
		fprintf(stderr, "kapimon symbols: %s is cut, it still has no end and no index\n",
			path);
}

static int add_lines(const char *path, struct place_finder *finder, struct error *err)
{
	struct lines_added added = {0};
	struct stat original;
	int code;

	if (stat(path, &original))
		return error_set(err, "can't open %s: %s", path, strerror(errno));
	if (!S_ISREG(original.st_mode))
		return error_usage(err, "%s is not a file", path);
	if (create_temporary(path, &original, err) ||
	    capture_add_lines(path, temporary, finder, &added, err))
		return -1;
	if (!added.n_found)
		return error_set(err, "no lines were found for the %" PRIu64 " frames of %s",
				 added.n_frames, path);
	code = added.n_added ? replace(path, &original, err) : 0;
	if (!code)
		tell_added(path, &added);
	return code;
}

static int command_add(struct line_options *lines, const char *argument, struct error *err)
{
	struct place_finder *finder;
	/* A link stays one: what it leads to is replaced. */
	char *path = realpath(argument, NULL);
	int code;

	if (!path)
		return error_set(err, "can't open %s: %s", argument, strerror(errno));
	lines->wanted = true;
	code = line_options_begin(lines, &finder, err);
	if (!code) {
		signal(SIGINT, remove_temporary);
		signal(SIGTERM, remove_temporary);
		signal(SIGHUP, remove_temporary);
		code = add_lines(path, finder, err);
		drop_temporary();
		line_options_end(lines, "symbols");
	}
	free(path);
	return code;
}

struct count {
	size_t n_frames, n_with;
};

static const struct module *module_of(const struct module_table *table, uint64_t address,
				      const struct frame *frame)
{
	/* Of several at one place the last, as symbol/lines.h does. */
	for (size_t i = table->n_modules; i-- > 0;) {
		const struct module *module = &table->modules[i];

		if (address - module->base < module->size && module->name &&
		    (frame->module ? !strcmp(module->name, frame->module) : i == 0))
			return module;
	}
	return frame->symbol && !frame->module && table->n_modules ? &table->modules[0] : NULL;
}

static void count_frames(const struct capture_reader *reader, struct count *counts)
{
	const struct catalog *catalog = capture_catalog(reader);
	const struct frame_table *frames = capture_frames(reader);

	for (size_t i = 0; i < frame_table_count(frames); i++) {
		uint64_t address = frame_table_address(frames, i);
		const struct frame *frame = frame_table_find(frames, address);
		const struct module *module = module_of(&catalog->modules, address, frame);
		const struct place *places;
		struct count *count = module ? &counts[module - catalog->modules.modules] : NULL;

		if (!count)
			continue;
		count->n_frames++;
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
		text_addf(&line, " %-40s  lines of %zu of %zu frames", id[0] ? id : "no build id",
			  counts[i].n_with, counts[i].n_frames);
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
	struct line_options lines = {0};
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
