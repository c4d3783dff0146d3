/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "windows/memory_report.h"

#include <stdio.h>

#include "memory/report.h"
#include "source/capture_source.h"
#include "windows/play.h"

#define ROWS 20
#define STACKS 10

int memory_report_print(const struct catalog *catalog, bool stacks, struct error *err)
{
	const struct memory_text_options options = {.color = false};
	const struct memory_selection selection = {0};
	const struct memory_report report = {
		.catalog = catalog,
		.memory = catalog->memory,
		.selection = &selection,
		.by = {.keys = {GROUP_TAG, GROUP_MODULE, GROUP_SITE}, .n = 3},
		.rows = ROWS,
		.stacks = stacks ? STACKS : 0,
	};
	struct text text = TEXT_INIT;
	int code = memory_report_text(&report, &options, &text, err);

	if (!code &&
	    (fwrite(text_string(&text), 1, text.length, stdout) != text.length || fflush(stdout)))
		code = error_set(err, "can't write the report");
	text_fini(&text);
	return code;
}

int memory_report_file(const char *path, bool stacks, struct error *err)
{
	const struct text_view_options view = {.summary = stdout, .summary_only = true};
	struct source *source = capture_source_open(path, err);
	const struct catalog *catalog;
	int code;

	if (!source)
		return -1;
	code = play(source, &view, err);
	catalog = source->ops->catalog(source);
	if (code >= 0 && !catalog->memory) {
		error_set(err, "%s has no report of memory", path);
		code = error_hint(err, "record one with \"kapimon mem -o FILE\"");
	}
	if (code >= 0 && memory_report_print(catalog, stacks, err))
		code = -1;
	source->ops->close(source);
	return code;
}
