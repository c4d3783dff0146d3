/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/lines_options.h"

#include <stdio.h>
#include <string.h>

#include "view/escape.h"

bool line_options_is_option(int id)
{
	return id >= LINES_LINES && id < LINES_END;
}

void line_options_set(struct line_options *options, int id, const char *value)
{
	options->wanted = true;
	if (id == LINES_PATH)
		options->path = value;
	if (id == LINES_ALL)
		options->modules = true;
}

int line_options_begin(struct line_options *options, struct place_finder **finder,
		       struct error *err)
{
	struct lines *lines = NULL;

	if (options->wanted) {
		lines = lines_create(options->path, options->modules, err);
		if (!lines)
			return -1;
	}
	options->lines = lines;
	*finder = lines ? lines_finder(lines) : NULL;
	return 0;
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

void line_options_end(struct line_options *options, const char *command)
{
	struct text missing = TEXT_INIT;

	if (!options->lines)
		return;
	lines_tell_missing(options->lines, &missing);
	tell(command, text_string(&missing));
	text_fini(&missing);
	lines_destroy(options->lines);
	options->lines = NULL;
}
