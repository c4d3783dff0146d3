/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/mem_report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memory/write.h"
#include "session/pump.h"
#include "source/capture_source.h"
#include "view/summary.h"

void mem_report_init(const struct mem_options *options, const struct catalog *catalog,
		     const struct ledger *ledger, struct memory_report *report)
{
	*report = (struct memory_report){
		.catalog = catalog,
		.memory = catalog->memory,
		.ledger = ledger,
		.selection = &options->selection,
		.by = options->by,
		.rows = options->rows,
		.stacks = options->spec.stacks ? options->stacks : 0,
	};
}

static int mark(const struct mem_options *options, const struct catalog *catalog,
		struct growth *growth, struct error *err)
{
	struct groups groups;
	int code;

	if (!catalog->memory)
		return error_set(err, "%s has no report of memory", options->since);
	if (groups_make(catalog, catalog->memory, &options->selection, &options->by, &groups, err))
		return -1;
	code = growth_mark(growth, catalog, catalog->memory, &groups, err);
	groups_fini(&groups);
	return code;
}

int mem_report_since(const struct mem_options *options, struct growth **growth, struct error *err)
{
	struct source *source = capture_source_open(options->since, err);
	struct growth *marked = source ? growth_create(err) : NULL;
	struct pump pump = {.source = source};
	struct ledger ledger;
	int code = -1;

	if (marked) {
		ledger_init(&ledger);
		code = pump_run(&pump, &ledger, err);
		ledger_fini(&ledger);
	}
	if (!code)
		code = mark(options, source->ops->catalog(source), marked, err);
	if (source)
		source->ops->close(source);
	if (code) {
		growth_destroy(marked);
		return -1;
	}
	*growth = marked;
	return 0;
}

static bool writes_to_output(const struct mem_options *options)
{
	for (size_t i = 0; i < options->n_writes; i++) {
		if (!strcmp(options->writes[i].path, "-"))
			return true;
	}
	return false;
}

static int put_text(const struct mem_options *options, const struct memory_report *report,
		    struct error *err)
{
	const struct memory_text_options text_options = {
		.color = color_wanted(options->color, stdout),
		.histogram = options->histogram,
		.counters = options->counters,
	};
	struct text text = TEXT_INIT;
	int code = memory_report_text(report, &text_options, &text, err);

	if (!code &&
	    (fwrite(text_string(&text), 1, text.length, stdout) != text.length || fflush(stdout)))
		code = error_set(err, "can't write the report: %s", strerror(errno));
	text_fini(&text);
	return code;
}

/* The ledger's table where something is missing in it, and the verdict. */
static int put_ledger(const struct mem_options *options, const struct memory_report *report,
		      struct error *err)
{
	struct text text = TEXT_INIT;
	int code;

	if (!report->ledger)
		return 0;
	code = summary_print(report->ledger, report->catalog, color_wanted(options->color, stderr),
			     &text, err);
	if (!code) {
		const char *verdict = strrchr(text_string(&text), '\n');

		/* The last line alone when all is well: it ends in a newline itself. */
		while (verdict && verdict > text_string(&text) && verdict[-1] != '\n')
			verdict--;
		if (options->verbose || !ledger_complete(report->ledger) || !verdict)
			verdict = text_string(&text);
		fputs(verdict, stderr);
	}
	text_fini(&text);
	return code;
}

static int put_file(const struct mem_write *write, const struct memory_report *report,
		    struct error *err)
{
	memory_write *form = memory_writer_find(write->form, err);
	bool is_output = !strcmp(write->path, "-");
	FILE *file;
	int code;

	if (!form)
		return -1;
	file = is_output ? stdout : fopen(write->path, "wbe");
	if (!file)
		return error_set(err, "can't write %s: %s", write->path, strerror(errno));
	code = form(report, file, err);
	if ((is_output ? fflush(file) : fclose(file)) && !code)
		code = error_set(err, "can't write %s: %s", write->path, strerror(errno));
	return code;
}

static uint64_t certain_blocks(const struct memory_report *report, struct error *err)
{
	struct groups groups;
	uint64_t n;

	if (groups_make(report->catalog, report->memory, report->selection, &report->by, &groups,
			err))
		return UINT64_MAX;
	n = groups.grades[MEMORY_OUTSTANDING];
	groups_fini(&groups);
	return n;
}

static bool freed_wrongly(const struct memory *memory)
{
	for (size_t i = 0; i < memory->n_tags; i++) {
		if (memory->tags[i].fresh && memory->tags[i].unknown)
			return true;
	}
	return memory->freed_twice;
}

int mem_report_put(const struct mem_options *options, const struct memory_report *report,
		   struct error *err)
{
	const bool *fail_on = options->fail_on;
	uint64_t certain;

	if (!writes_to_output(options) && put_text(options, report, err))
		return -1;
	for (size_t i = 0; i < options->n_writes; i++) {
		if (put_file(&options->writes[i], report, err))
			return -1;
	}
	if (put_ledger(options, report, err))
		return -1;
	certain = certain_blocks(report, err);
	if (certain == UINT64_MAX)
		return -1;
	if ((fail_on[MEM_LEAK] && report->unloaded && certain) ||
	    (fail_on[MEM_OUTSTANDING] && certain) ||
	    (fail_on[MEM_FREED_TWICE] && freed_wrongly(report->memory)) ||
	    (fail_on[MEM_UNEXPLAINED] && report_unexplained(report)))
		return STATUS_CONDITION;
	return report->ledger && !ledger_complete(report->ledger) ? STATUS_INCOMPLETE : STATUS_OK;
}
