/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon show: print a capture. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "command/command.h"
#include "command/symbol_options.h"
#include "command/options.h"
#include "command/select_options.h"
#include "command/terminal.h"
#include "session/count_sink.h"
#include "session/pump.h"
#include "session/tail_sink.h"
#include "source/capture_source.h"
#include "tally/top.h"
#include "view/json.h"
#include "view/text.h"
#include "view/tree.h"

enum option {
	OPTION_STACK,
	OPTION_NO_STACK,
	OPTION_JSON,
	OPTION_RELATIVE,
	OPTION_STATS,
	OPTION_TOP,
	OPTION_SORT,
	OPTION_ROWS,
	OPTION_TREE,
	OPTION_TAIL,
	OPTION_COUNT,
	OPTION_COLOR,
};

static const struct option_row rows[] = {
	SELECT_OPTION_ROWS,
	SELECT_TIME_ROWS,
	{'t', "tail", "N", "only the last N calls", OPTION_TAIL},
	{0, NULL, NULL, "Output", 0},
	{'s', "stack", NULL, "print the stack of each call (this is the default)", OPTION_STACK},
	{'S', "no-stack", NULL, "print one line a call", OPTION_NO_STACK},
	SYMBOL_OPTION_ROWS('P'),
	SYMBOL_ALONE_ROW,
	{0, "relative", NULL, "count the time from the start of the recording, in seconds",
	 OPTION_RELATIVE},
	{'j', "json", NULL, "print JSON, one object a line, the ledger as the last", OPTION_JSON},
	{0, "stats", NULL, "print only the ledger and the verdict", OPTION_STATS},
	{'c', "count", NULL, "print only how many calls there are", OPTION_COUNT},
	{0, "tree", NULL, "print each call below the one that it was made in", OPTION_TREE},
	{0, "top", "BY[,BY]",
	 "print how many calls there were of each api, caller, module, stack, process or error",
	 OPTION_TOP},
	{0, "sort", "COLUMN",
	 "with --top: by calls (this is the default), errors, total, mean, median, p99 or max",
	 OPTION_SORT},
	{'n', "rows", "N", "with --top: print at most so many lines (20); 0: all", OPTION_ROWS},
	{0, "color", "[WHEN]", "use color: auto (on a terminal), always or never", OPTION_COLOR},
};

struct show {
	const char *path;
	struct select select;
	struct symbol_options symbols;
	struct place_finder *places; /* of the lines; NULL: none are wanted */
	uint64_t tail;		     /* calls; 0: all */
	bool count;
	bool no_stacks;
	bool json;
	bool relative;
	bool stats;
	bool tree;
	struct key_spec top; /* no parts: calls are printed */
	enum order order;
	size_t rows;
	enum color_when color;
};

static int parse_rows(const char *text, size_t *n, struct error *err)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (end == text || *end || *text == '-' || errno)
		return error_usage(err, "'%s' is not a number of lines", text);
	*n = number;
	return 0;
}

static int parse_tail(const char *text, uint64_t *calls, struct error *err)
{
	char *end;

	*calls = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || !*calls || *calls > UINT32_MAX)
		return error_usage(err, "'%s' is not a number of calls", text);
	return 0;
}

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct show *show = context;

	if (select_is_option(id))
		return select_set_option(&show->select, id, value, err);
	if (symbol_options_is_option(id)) {
		symbol_options_set(&show->symbols, id, value);
		return 0;
	}
	switch ((enum option)id) {
	case OPTION_STACK:
		show->no_stacks = false;
		return 0;
	case OPTION_NO_STACK:
		show->no_stacks = true;
		return 0;
	case OPTION_JSON:
		show->json = true;
		return 0;
	case OPTION_RELATIVE:
		show->relative = true;
		return 0;
	case OPTION_STATS:
		show->stats = true;
		return 0;
	case OPTION_TREE:
		show->tree = true;
		return 0;
	case OPTION_TOP:
		return key_spec_parse(value, &show->top, err);
	case OPTION_SORT:
		return order_parse(value, &show->order, err);
	case OPTION_ROWS:
		return parse_rows(value, &show->rows, err);
	case OPTION_TAIL:
		return parse_tail(value, &show->tail, err);
	case OPTION_COUNT:
		show->count = true;
		return 0;
	case OPTION_COLOR:
		return color_when_parse(value, &show->color, err);
	}
	return 0;
}

static const struct options options = {
	.usage = "[OPTION]... FILE",
	.summary = "Print the calls in a capture, then its ledger and whether it is complete.\n"
		   "FILE \"-\" is standard input, which is printed as it comes.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

static int take_path(const struct options_rest *rest, const char **path, struct error *err)
{
	size_t n = rest->n_arguments + rest->n_behind;

	if (n != 1) {
		error_usage(err, n ? "only one capture can be shown at a time"
				   : "which capture is to be shown?");
		return error_hint(err, "expected kapimon show FILE, or - for standard input");
	}
	*path = rest->n_arguments ? rest->arguments[0] : rest->behind[0];
	return 0;
}

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

/* What has come so far is to be summed up; a second signal ends the program at once. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static struct sink *create_tree(const struct show *show)
{
	const struct tree_view_options tree = {
		.json = show->json,
		.color = color_wanted(show->color, stdout),
		.relative = show->relative,
		.width = terminal_width(stdout),
		.summary = stderr,
		.summary_color = color_wanted(show->color, stderr),
	};

	return tree_view_create(stdout, &tree);
}

static struct sink *create_top(const struct show *show)
{
	const struct top_view_options top = {
		.key = show->top,
		.order = show->order,
		.rows = show->rows,
		.json = show->json,
		.color = color_wanted(show->color, stdout),
		.summary = stderr,
		.summary_color = color_wanted(show->color, stderr),
	};

	return top_view_create(stdout, &top);
}

static struct sink *create_view(const struct show *show)
{
	/* What was asked for goes to standard output. */
	FILE *summary = show->stats ? stdout : stderr;
	const struct json_view_options json = {
		.stacks = !show->no_stacks,
		.places = show->places,
		.summary_only = show->stats,
	};
	const struct text_view_options text = {
		.color = color_wanted(show->color, stdout),
		.stacks = !show->no_stacks,
		.places = show->places,
		.relative = show->relative,
		.summary_only = show->stats,
		.width = terminal_width(stdout),
		.summary = summary,
		.summary_color = color_wanted(show->color, summary),
	};

	if (show->tree)
		return create_tree(show);
	if (show->top.n_parts)
		return create_top(show);
	return show->json ? json_view_create(stdout, &json) : text_view_create(stdout, &text);
}

static struct sink *create_sink(const struct show *show, struct error *err)
{
	struct sink *view;

	if (show->count)
		return count_sink_create(stdout, err);
	view = create_view(show);
	if (!view) {
		error_no_memory(err);
		return NULL;
	}
	return show->tail ? tail_sink_create(view, show->tail, err) : view;
}

static int run(const struct show *show, struct source *source, struct error *err)
{
	struct sink *sink = create_sink(show, err);
	struct pump pump = {.source = source, .sinks = &sink, .n_sinks = 1, .stop = &interrupted};
	struct ledger ledger;
	int status;

	if (!sink)
		return -1;
	ledger_init(&ledger);
	catch_signals();
	status = pump_run(&pump, &ledger, err);
	if (!status && !ledger_complete(&ledger))
		status = STATUS_INCOMPLETE;
	ledger_fini(&ledger);
	sink->ops->destroy(sink);
	return status;
}

/* One of these ways at a time. */
static int check(const struct show *show, struct error *err)
{
	int ways = show->count + show->stats + show->tree + (show->top.n_parts != 0);

	if (ways > 1) {
		error_usage(err, "only one of --count, --stats, --top and --tree can be printed");
		return error_hint(err, "ask for one after the other");
	}
	if (show->symbols.wanted && (ways || show->no_stacks)) {
		error_usage(err, "--lines: no stacks are printed that source lines could stand in");
		return error_hint(err, "leave out --no-stack, --count, --stats, --top and --tree");
	}
	return 0;
}

static int show_capture(struct show *show, struct error *err)
{
	struct source *capture = capture_source_open(show->path, err);
	struct namer *namer;
	struct source *source;
	int status;

	if (!capture)
		return -1;
	show->symbols.path_option = "-P PATH";
	show->symbols.names = show->symbols.ask = true;
	if (symbol_options_begin(&show->symbols, &show->places, &namer, err)) {
		capture->ops->close(capture);
		return -1;
	}
	capture_source_set_namer(capture, namer);
	source = select_source(&show->select, capture, err);
	status = source ? run(show, source, err) : -1;
	if (source)
		fputs(capture_source_trouble(capture), stderr);
	if (source && capture->ops->catalog(capture)->memory)
		fprintf(stderr,
			"kapimon show: \"kapimon mem %s\" reports what was followed of memory\n",
			show->path);
	symbol_options_end(&show->symbols, "show");
	if (source)
		source->ops->close(source);
	return status;
}

int command_show(int argc, char **argv, struct error *err)
{
	struct show show = {.rows = TOP_ROWS, .color = COLOR_AUTO};
	struct options_rest rest;
	int status;

	select_init(&show.select);
	status = options_parse(&options, argc, argv, &show, &rest, err);
	if (!status && (check(&show, err) || take_path(&rest, &show.path, err)))
		status = -1;
	if (!status)
		status = show_capture(&show, err);
	else if (status > 0)
		status = STATUS_OK;
	select_fini(&show.select);
	return status;
}

const struct options *command_show_options(void)
{
	return &options;
}
