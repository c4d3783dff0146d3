/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/tell.h"

#include <stdio.h>
#include <string.h>

#include "source/linux_source.h"

void tell_lines(const char *command, const char *lines)
{
	for (const char *line = lines; *line;) {
		size_t length = strcspn(line, "\n");

		fprintf(stderr, "kapimon %s: %.*s\n", command, (int)length, line);
		line += length + (line[length] != '\0');
	}
}

void tell_stacks(const char *command, struct source *source, bool counts)
{
	struct text text = TEXT_INIT;

	linux_source_stacks(source, counts, &text);
	tell_lines(command, text_string(&text));
	text_fini(&text);
}
