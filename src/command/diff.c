/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon diff: what differs between two captures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/options.h"
#include "command/symbol_options.h"
#include "command/terminal.h"
#include "source/capture_source.h"
#include "tally/compare_print.h"
#include "view/output.h"

/* Lengths that differ by less are taken for equal. */
#define SAME_LENGTH 0.05

enum option {
	OPTION_BY,
	OPTION_CHANGE,
	OPTION_ALL,
	OPTION_COUNTS,
	OPTION_NO_OFFSETS,
	OPTION_FAIL_ON,
	OPTION_ROWS,
	OPTION_JSON,
	OPTION_COLOR,
};

static const struct option_row rows[] = {
	{0, NULL, NULL, "What is compared", 0},
	{0, "by", "BY[,BY]...", "api, caller, stack, module, process, error (api,caller,error)",
	 OPTION_BY},
	{0, "counts", NULL, "the same work was done in both: compare calls whatever the time",
	 OPTION_COUNTS},
	{0, "no-offsets", NULL, "places by function alone (as of different kernels)",
	 OPTION_NO_OFFSETS},
	{0, NULL, NULL, "What is a difference", 0},
	{0, "change", "PERCENT", "calls and durations that change at least so much (25)",
	 OPTION_CHANGE},
	{'a', "all", NULL, "also what is smaller or may be chance", OPTION_ALL},
	{0, "fail-on", "KIND[,KIND]...",
	 "exit with 4 if there is a difference that is new, gone, more, fewer, slower, faster; any",
	 OPTION_FAIL_ON},
	{0, NULL, NULL, "Output", 0},
	{'n', "rows", "N", "at most so many differences in a table (20); 0: all", OPTION_ROWS},
	{'j', "json", NULL, "print JSON, an object for each difference", OPTION_JSON},
	{0, "color", "[WHEN]", "use color: auto (on a terminal), always or never", OPTION_COLOR},
};

#define DEFAULT_ROWS 20

struct diff {
	struct key_spec keys[N_KEY_PARTS];
	size_t n_keys;
	struct compare_options compare;
	bool counts;
	bool no_offsets;
	unsigned fail_on; /* a bit for each kind of difference */
	size_t rows;
	bool json;
	enum color_when color;
};

/* Each part makes a comparison of its own, always by function first. */
static int set_by(struct diff *diff, const char *value, struct error *err)
{
	struct key_spec parts = {0};

	if (key_spec_parse(value, &parts, err))
		return -1;
	diff->n_keys = parts.n_parts;
	for (unsigned i = 0; i < parts.n_parts; i++) {
		struct key_spec *key = &diff->keys[i];

		*key = (struct key_spec){.parts = {KEY_API}, .n_parts = 1, .no_pids = true};
		if (parts.parts[i] != KEY_API)
			key->parts[key->n_parts++] = parts.parts[i];
	}
	return 0;
}

static int parse_number(const char *text, double most, double *number, struct error *err)
{
	char *end;
	double value = strtod(text, &end);

	/* Also what strtod() takes for a number: inf, nan, 0x10. */
	if (end == text || *end || strspn(text, "0123456789.") != strlen(text) || value > most)
		return error_usage(err, "'%s' is not a number from 0 to %.0f", text, most);
	*number = value;
	return 0;
}

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct diff *diff = context;
	double number = 0;

	switch ((enum option)id) {
	case OPTION_BY:
		return set_by(diff, value, err);
	case OPTION_CHANGE:
		if (parse_number(value, 1e6, &number, err))
			return -1;
		diff->compare.change = number / 100;
		return 0;
	case OPTION_ALL:
		diff->compare.change = diff->compare.deviations = diff->compare.least = 0;
		return 0;
	case OPTION_COUNTS:
		diff->counts = true;
		return 0;
	case OPTION_NO_OFFSETS:
		diff->no_offsets = true;
		return 0;
	case OPTION_FAIL_ON:
		return difference_parse(value, &diff->fail_on, err);
	case OPTION_ROWS:
		if (parse_number(value, 1e9, &number, err))
			return -1;
		diff->rows = (size_t)number;
		return 0;
	case OPTION_JSON:
		diff->json = true;
		return 0;
	case OPTION_COLOR:
		return color_when_parse(value, &diff->color, err);
	}
	return 0;
}

static const struct options options = {
	.usage = "[OPTION]... A B",
	.summary =
		"Tell what differs between the captures A and B: calls that are new or gone, more "
		"or\nfewer, slower or faster in B.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

/* One of the two captures. */
struct side {
	const char *path;
	struct source *source;
	struct batch batch; /* what was read but not taken yet */
	struct recording recording;
};

/* The next records, which next() hands out; 0: there are no more. */
static int side_next(struct side *side, struct error *err)
{
	int more = side->source->ops->next(side->source, -1, &side->batch.records,
					   &side->batch.n_records, err);

	return more < 0 ? error_prefix(err, "%s", side->path) : more;
}

/* Up to the end, from the batch on that is there. */
static int side_read(struct side *side, struct error *err)
{
	struct sink *sink = &side->recording.sink;
	struct ledger ledger;
	int more = 1, code;

	if (sink->ops->begin(sink, side->source->ops->catalog(side->source), err))
		return -1;
	while (more > 0) {
		if (side->batch.n_records && sink->ops->events(sink, &side->batch, err))
			return -1;
		side->batch.n_records = 0;
		more = side_next(side, err);
	}
	if (more < 0)
		return -1;
	ledger_init(&ledger);
	code = side->source->ops->ledger(side->source, &ledger, err);
	if (!code)
		code = sink->ops->end(sink, &ledger, err);
	ledger_fini(&ledger);
	fputs(capture_source_trouble(side->source), stderr);
	return code;
}

static const char *kernel_of(const struct side *side)
{
	const char *kernel = side->source->ops->catalog(side->source)->kernel;

	return kernel ? kernel : "";
}

static int print_all(const struct diff *diff, const struct compare_print *print,
		     const struct compare_options *compare, unsigned *found, struct error *err)
{
	struct output output = {.file = stdout};
	struct comparison comparison = {0};
	size_t n = 0;
	int code = 0;

	if (!diff->json)
		compare_print_head(print, &output.text);
	for (size_t i = 0; i < diff->n_keys && !code; i++) {
		code = comparison_make(&comparison, print->before, print->after, i, compare, err);
		if (!code && diff->json)
			compare_json(print, i, &comparison, &output.text);
		else if (!code)
			code = compare_print_table(print, i, &comparison, &output.text, err);
		n += comparison.n_differences;
		for (unsigned kind = 0; kind < N_DIFFERENCES; kind++)
			*found |= comparison.counts[kind] ? 1u << kind : 0;
		comparison_fini(&comparison);
	}
	if (diff->json)
		compare_json_end(print, n, &output.text);
	if (!code)
		code = output_flush(&output, err);
	text_fini(&output.text);
	return code;
}

static int compare(struct diff *diff, struct side *sides, struct error *err)
{
	struct compare_print print = {
		.path_before = sides[0].path,
		.path_after = sides[1].path,
		.before = &sides[0].recording,
		.after = &sides[1].recording,
		.color = color_wanted(diff->color, stdout),
		.rows = diff->rows,
	};
	struct compare_options how = diff->compare;
	unsigned found = 0;
	double lengths;

	for (int i = 0; i < 2; i++)
		if (side_read(&sides[i], err))
			return -1;
	how.scale = 1;
	if (!diff->counts && print.before->duration && print.after->duration) {
		lengths = (double)print.after->duration / (double)print.before->duration;
		print.scaled = fabs(lengths - 1) > SAME_LENGTH;
		how.scale = print.scaled ? lengths : 1;
	}
	if (print_all(diff, &print, &how, &found, err))
		return -1;
	if (found & diff->fail_on)
		return STATUS_CONDITION;
	return print.before->complete && print.after->complete ? STATUS_OK : STATUS_INCOMPLETE;
}

static int open_both(struct diff *diff, struct side *sides, struct namer *namer, struct error *err)
{
	int code;

	for (int i = 0; i < 2; i++) {
		sides[i].source = capture_source_open(sides[i].path, err);
		if (!sides[i].source)
			return -1;
		capture_source_set_namer(sides[i].source, namer);
		/* With the first records the capture has told which kernel it is of. */
		if (side_next(&sides[i], err) < 0)
			return -1;
	}
	/* Another build puts the same call elsewhere in its function. */
	diff->no_offsets |= strcmp(kernel_of(&sides[0]), kernel_of(&sides[1])) != 0;
	for (size_t i = 0; i < diff->n_keys; i++)
		diff->keys[i].no_offsets = diff->no_offsets;
	for (int i = 0; i < 2; i++)
		recording_init(&sides[i].recording, diff->keys, diff->n_keys);
	code = compare(diff, sides, err);
	for (int i = 0; i < 2; i++)
		recording_fini(&sides[i].recording);
	return code;
}

static int take_paths(const struct options_rest *rest, struct side *sides, struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < rest->n_arguments + rest->n_behind; i++) {
		char *path = i < rest->n_arguments ? rest->arguments[i]
						   : rest->behind[i - rest->n_arguments];

		if (n < 2)
			sides[n].path = path;
		n++;
	}
	if (n != 2) {
		error_usage(err, "two captures are compared, not %zu", n);
		return error_hint(err, "expected kapimon diff BEFORE.kmn AFTER.kmn");
	}
	if (!strcmp(sides[0].path, "-") && !strcmp(sides[1].path, "-"))
		return error_usage(err, "only one of the captures can be standard input");
	return 0;
}

int command_diff(int argc, char **argv, struct error *err)
{
	struct diff diff = {
		.compare = {.change = COMPARE_CHANGE,
			    .deviations = COMPARE_DEVIATIONS,
			    .least = COMPARE_LEAST},
		.rows = DEFAULT_ROWS,
		.color = COLOR_AUTO,
	};
	struct symbol_options symbols = {.names = true, .modules = true};
	struct side sides[2] = {0};
	struct place_finder *places;
	struct options_rest rest;
	struct namer *namer;
	int status;

	if (set_by(&diff, "api,caller,error", err))
		return -1;
	status = options_parse(&options, argc, argv, &diff, &rest, err);
	if (status)
		return status < 0 ? -1 : STATUS_OK;
	if (take_paths(&rest, sides, err) || symbol_options_begin(&symbols, &places, &namer, err))
		return -1;
	status = open_both(&diff, sides, namer, err);
	symbol_options_end(&symbols, "diff");
	for (int i = 0; i < 2; i++)
		if (sides[i].source)
			sides[i].source->ops->close(sides[i].source);
	return status;
}

const struct options *command_diff_options(void)
{
	return &options;
}
