/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "windows/memory_report.h"

#include <stdio.h>

#include "command/mem_capture.h"
#include "memory/report.h"
#include "view/text.h"

#define ROWS 20
#define STACKS 10

int memory_report_print(const struct catalog *catalog, const struct memory *memory, bool stacks,
			struct error *err)
{
	const struct memory_text_options options = {.color = false};
	const struct memory_selection selection = {0};
	const struct memory_report report = {
		.catalog = catalog,
		.memory = memory,
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

int memory_report_file(const char *path, bool log, bool stacks, struct error *err)
{
	const struct text_view_options view = {.summary = stdout, .summary_only = true};
	struct sink *summary = text_view_create(stdout, &view);
	struct mem_capture capture;
	const struct memory *memory;
	int status = -1;

	if (!summary)
		return error_no_memory(err);
	if (mem_capture_init(&capture, path, log, summary, NULL, err))
		goto out;
	memory = mem_capture_memory(&capture, err);
	if (memory &&
	    !memory_report_print(capture.source->ops->catalog(capture.source), memory, stacks, err))
		status = ledger_complete(&capture.ledger) ? STATUS_OK : STATUS_INCOMPLETE;
	mem_capture_fini(&capture);
out:
	summary->ops->destroy(summary);
	return status;
}
