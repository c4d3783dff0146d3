/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/hook_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "command/session_file.h"
#include "filter/filter.h"

/* Of user space, where nothing else is said. */
#define BUFFER_MEMORY ((uint64_t)256 << 20)

enum option {
	OPTION_RETURN,
	OPTION_ANY,
	OPTION_ON_LOAD,
	OPTION_EXACT,
	OPTION_FAST,
	OPTION_SESSION,
	OPTION_EXCLUDE,
	OPTION_ONLY,
	OPTION_PID,
	OPTION_COMM,
	OPTION_CGROUP,
	OPTION_CHILDREN,
	OPTION_ERRORS,
	OPTION_LONGER,
	OPTION_WHERE,
	OPTION_FILTER,
	OPTION_EXPLAIN,
	OPTION_RATE,
	OPTION_COUNT,
	OPTION_TIME,
	OPTION_UNTIL,
	OPTION_KEEP_LAST,
	OPTION_BUFFER,
	OPTION_BUFFER_MEMORY,
	OPTION_STRING,
	OPTION_CONTROL,
	OPTION_OUTPUT,
	OPTION_FORCE,
	OPTION_SPLIT,
	OPTION_KEEP,
	OPTION_MINIMAL,
	OPTION_PACK,
	OPTION_WITH_SYMBOLS,
	OPTION_PRINT,
	OPTION_STACK,
	OPTION_NO_STACK,
	OPTION_VERIFY,
	OPTION_JSON,
	OPTION_RELATIVE,
	OPTION_COLOR,
	OPTION_COST,
	OPTION_VERBOSE,
};

static const struct option_row rows[] = {
	{0, NULL, NULL, "What to hook", 0},
	{'r', "return", NULL, "hook the returns too: values and durations", OPTION_RETURN},
	{'f', "any", NULL, "patterns take any symbol in executable text", OPTION_ANY},
	{'l', "on-load", "MODULE[:GLOB]", "hook a module's functions as soon as it is loaded",
	 OPTION_ON_LOAD},
	{'x', "exact", NULL, "lose no nested call, however many functions there are", OPTION_EXACT},
	{0, "fast", NULL, "the method that is quickest to put in, for one function too",
	 OPTION_FAST},
	{0, "session", "FILE", "read what to watch from a session file or a capture",
	 OPTION_SESSION},
	{0, NULL, NULL,
	 "Which calls to record (settled inside the kernel, --filter as far as it can be)", 0},
	{'X', "exclude-module", "MODULE", "none with this module in the stack", OPTION_EXCLUDE},
	{'M', "only-module", "MODULE", "only those with this module in the stack", OPTION_ONLY},
	{'p', "pid", "PID", "only while this process runs", OPTION_PID},
	{0, "comm", "NAME", "only while a process of this name runs", OPTION_COMM},
	{0, "cgroup", "DIR", "only while a process of this cgroup or one below it runs",
	 OPTION_CGROUP},
	{'C', "children", NULL, "with a command or --pid: its children too, and nothing else",
	 OPTION_CHILDREN},
	{'e', "errors", NULL, "only calls that return an error (hooks returns)", OPTION_ERRORS},
	{'L', "longer-than", "TIME", "only calls that take at least so long (hooks returns)",
	 OPTION_LONGER},
	{'w', "where", "'ARG OP VALUE'", "only calls for which this holds: 'ret < 0', 'fd == 2'",
	 OPTION_WHERE},
	{0, "filter", "EXPR", "only calls for which this holds, see kapimon-filter(7)",
	 OPTION_FILTER},
	{0, "explain", NULL, "print what of --filter runs in the kernel, do nothing else",
	 OPTION_EXPLAIN},
	{0, "limit-rate", "N[/s]", "suspend a hook for the rest of a second with more calls",
	 OPTION_RATE},
	{0, NULL, NULL, "How long, and how much", 0},
	{'n', "count", "N", "stop after so many calls", OPTION_COUNT},
	{'t', "time", "TIME", "stop after this time: 10s, 2m", OPTION_TIME},
	{0, "until", "EXPR", "stop a second after a call for which this holds", OPTION_UNTIL},
	{0, "keep-last", "N[calls]|SIZE|TIME",
	 "keep only the newest calls, in memory: 1000, 64M, 30s; written at the end",
	 OPTION_KEEP_LAST},
	{'b', "buffer", "SIZE", "kernel buffer of each processor (8M)", OPTION_BUFFER},
	{0, "buffer-memory", "SIZE",
	 "memory for what --keep-last keeps and for output that is not taken yet (256M); what is "
	 "beyond goes to a temporary file",
	 OPTION_BUFFER_MEMORY},
	{0, "string", "BYTES", "keep so much of a string (128, at most 255)", OPTION_STRING},
	{0, "control", "FIFO", "read changes from there, lines of a session file", OPTION_CONTROL},
	{0, NULL, NULL, "Output", 0},
	{'o', "output", "FILE", "record a capture; '-' is standard output", OPTION_OUTPUT},
	{0, "force", NULL, "replace FILE whatever it is", OPTION_FORCE},
	{0, "split", "SIZE|TIME", "record parts of this size or time: FILE.1.kmn, FILE.2.kmn...",
	 OPTION_SPLIT},
	{0, "keep", "N", "with --split: only the last N parts", OPTION_KEEP},
	{0, "minimal", NULL, "put no names of frames into the capture, only module and offset",
	 OPTION_MINIMAL},
	{0, "pack", "CODEC", "pack the capture with zstd (the default), zlib, or not: none",
	 OPTION_PACK},
	{0, "with-symbols", NULL, "put source lines into the capture at the end",
	 OPTION_WITH_SYMBOLS},
	{'P', "print", NULL, "print the calls as well as recording them", OPTION_PRINT},
	{'s', "stack", NULL, "take the stack of each call (this is the default)", OPTION_STACK},
	{'S', "no-stack", NULL, "take no stacks: cheaper", OPTION_NO_STACK},
	{0, "verify-stacks", NULL, "compare each with what the kernel's own unwinder finds",
	 OPTION_VERIFY},
	SYMBOL_OPTION_ROWS(0),
	{'j', "json", NULL, "print JSON, one object a line", OPTION_JSON},
	{0, "relative", NULL, "print times since the start, not of the clock", OPTION_RELATIVE},
	{0, "color", "[WHEN]", "use color: auto (on a terminal), always or never", OPTION_COLOR},
	{0, "cost", NULL, "tell at the end what watching cost, which costs a little itself",
	 OPTION_COST},
	{'v', "verbose", NULL, "tell which method hooks what, and why", OPTION_VERBOSE},
};

static int parse_number(const char *text, uint64_t most, uint64_t *number, struct error *err)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (end == text || *end || errno || *text == '-' || !value || value > most)
		return error_usage(err, "'%s' is not a number from 1 to %llu", text,
				   (unsigned long long)most);
	*number = value;
	return 0;
}

static int parse_rate(const char *text, uint64_t *rate, struct error *err)
{
	char number[32];
	size_t length = strcspn(text, "/");

	if (length >= sizeof(number) || (text[length] && strcmp(text + length, "/s")))
		return error_usage(err, "'%s' is not a rate such as 1000/s", text);
	memcpy(number, text, length);
	number[length] = '\0';
	return parse_number(number, 1000000000, rate, err);
}

/*
 * Units are of either case, but "10m" is ten minutes and "10M" a size, and so is whatever ends in
 * B. False: neither, or nothing.
 */
static bool parse_amount(const char *text, uint64_t *bytes, uint64_t *time)
{
	size_t length = strlen(text);
	char size[64];
	uint64_t number = 0;

	if (!length || length >= sizeof(size))
		return false;
	if (!strchr("MB", text[length - 1]) && !spec_parse_time(text, &number, NULL) && number) {
		*time = number;
		return true;
	}
	memcpy(size, text, length + 1);
	if (size[length - 1] == 'B')
		size[length - 1] = '\0';
	if (spec_parse_size(size, &number, NULL) || !number)
		return false;
	*bytes = number;
	return true;
}

static int parse_split(const char *text, struct capture_parts *parts, struct error *err)
{
	if (parse_amount(text, &parts->bytes, &parts->time))
		return 0;
	error_usage(err, "'%s' is neither a size nor a time", text);
	return error_hint(err, "expected a size such as 100M, or a time such as 10m or 1h");
}

/* Without a unit it is a number of calls. */
static int parse_keep_last(const char *text, struct ring_limits *last, struct error *err)
{
	size_t digits = strspn(text, "0123456789");
	bool calls = digits && (!text[digits] || !strcmp(text + digits, "calls"));
	unsigned long long number = 0;

	errno = 0;
	if (calls)
		number = strtoull(text, NULL, 10);
	if (number && !errno) {
		last->calls = number;
		return 0;
	}
	if (!calls && parse_amount(text, &last->bytes, &last->time))
		return 0;
	error_usage(err, "'%s' is neither a number of calls nor a size nor a time", text);
	return error_hint(err, "expected for example 1000calls, 64M or 30s");
}

/* A mistake in an expression is told before anything is hooked. */
static int read_filter(struct hook_options *options, const char *expression, struct error *err)
{
	struct filter *filter = filter_create();
	int status = filter ? filter_add(filter, expression, err) : error_no_memory(err);

	/* A result is known only where returns are hooked. */
	if (!status && filter_uses(filter) & FILTER_USES_RESULT)
		options->returns = true;
	filter_destroy(filter);
	return status;
}

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct hook_options *options = context;
	struct spec *spec = &options->spec;
	uint64_t number = 0;

	if (symbol_options_is_option(id)) {
		symbol_options_set(&options->symbols, id, value);
		return 0;
	}
	switch ((enum option)id) {
	case OPTION_RETURN:
		options->returns = true;
		return 0;
	case OPTION_ANY:
		spec->any_symbol = true;
		return 0;
	case OPTION_ON_LOAD:
		return spec_add_hook(spec, value, false, true, err);
	case OPTION_EXACT:
		spec->exact = SPEC_EXACT_YES;
		return 0;
	case OPTION_FAST:
		spec->exact = SPEC_EXACT_NO;
		return 0;
	case OPTION_SESSION:
		return session_file_read(spec, value, err);
	case OPTION_EXCLUDE:
		return spec_names_add(&spec->exclude_modules, value, err);
	case OPTION_ONLY:
		return spec_names_add(&spec->only_modules, value, err);
	case OPTION_PID:
		if (parse_number(value, 1 << 30, &number, err))
			return -1;
		return spec_add_pid(spec, (uint32_t)number, err);
	case OPTION_COMM:
		return spec_names_add(&spec->comms, value, err);
	case OPTION_CGROUP:
		free(spec->cgroup);
		spec->cgroup = strdup(value);
		return spec->cgroup ? 0 : error_no_memory(err);
	case OPTION_CHILDREN:
		spec->children = true;
		return 0;
	case OPTION_ERRORS:
		spec->errors = options->returns = true;
		return 0;
	case OPTION_LONGER:
		options->returns = true;
		return spec_parse_time(value, &spec->longer_than, err);
	case OPTION_WHERE:
		return spec_names_add(&spec->where, value, err);
	case OPTION_FILTER:
		return read_filter(options, value, err) ||
				       spec_names_add(&spec->filters, value, err)
			       ? -1
			       : 0;
	case OPTION_EXPLAIN:
		options->explain = true;
		return 0;
	case OPTION_RATE:
		return parse_rate(value, &spec->limit_rate, err);
	case OPTION_COUNT:
		return parse_number(value, 1ull << 62, &spec->count, err);
	case OPTION_TIME:
		return spec_parse_time(value, &options->time, err);
	case OPTION_UNTIL:
		options->until = value;
		return read_filter(options, value, err);
	case OPTION_KEEP_LAST:
		options->keep_last = true;
		return parse_keep_last(value, &options->last, err);
	case OPTION_BUFFER:
		return spec_parse_size(value, &spec->buffer, err);
	case OPTION_BUFFER_MEMORY:
		return spec_parse_size(value, &options->buffer_memory, err);
	case OPTION_STRING:
		if (parse_number(value, 255, &number, err))
			return -1;
		spec->string_length = (uint32_t)number;
		return 0;
	case OPTION_CONTROL:
		options->control = value;
		return 0;
	case OPTION_OUTPUT:
		options->output = value;
		return 0;
	case OPTION_FORCE:
		options->force = true;
		return 0;
	case OPTION_SPLIT:
		options->split = true;
		return parse_split(value, &options->parts, err);
	case OPTION_KEEP:
		return parse_number(value, 1000000, &options->parts.keep, err);
	case OPTION_MINIMAL:
		options->minimal = true;
		return 0;
	case OPTION_PACK:
		options->pack = value;
		return codec_parse(value, &options->codec, err);
	case OPTION_WITH_SYMBOLS:
		options->with_symbols = true;
		return 0;
	case OPTION_PRINT:
		options->print = true;
		return 0;
	case OPTION_STACK:
		spec->stacks = true;
		return 0;
	case OPTION_NO_STACK:
		spec->stacks = false;
		return 0;
	case OPTION_VERIFY:
		spec->verify_stacks = true;
		return 0;
	case OPTION_JSON:
		options->json = true;
		return 0;
	case OPTION_RELATIVE:
		options->relative = true;
		return 0;
	case OPTION_COLOR:
		return color_when_parse(value, &options->color, err);
	case OPTION_COST:
		options->cost = true;
		break;
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	}
	return 0;
}

static const struct options table = {
	.usage = "[OPTION]... API... [-- COMMAND [ARGUMENT]...]",
	.summary = "Watch the calls of kernel functions until Ctrl-C, or while COMMAND runs.\n"
		   "API is a name, a glob (tcp_*), MODULE:NAME or a /regular expression/.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

static int check_symbols(const struct hook_options *options, struct error *err)
{
	if (options->pack && !options->output)
		return error_usage(err, "--pack: which capture? There is no --output");
	if (options->minimal && !options->output)
		return error_usage(err, "--minimal: which capture? There is no --output");
	if (options->minimal && options->with_symbols)
		return error_usage(err, "--minimal leaves out what --with-symbols puts in");
	if (!options->with_symbols)
		return 0;
	if (!options->output || !strcmp(options->output, "-") || options->split) {
		error_usage(err, "--with-symbols needs one capture file");
		return error_hint(err, "give --output FILE without --split, or \"kapimon symbols "
				       "add\" later");
	}
	if (!options->spec.stacks)
		return error_usage(err, "--with-symbols: there are no stacks with --no-stack");
	return 0;
}

/* What the options ask for has to make sense together. */
static int check(struct hook_options *options, struct error *err)
{
	struct spec *spec = &options->spec;

	if (!spec->n_hooks) {
		error_usage(err, "which function is to be hooked?");
		return error_hint(err,
				  "expected kapimon hook API...; \"kapimon list 'vfs_*'\" lists "
				  "functions, \"kapimon hook --help\" the options");
	}
	if (spec->children && !options->child && !spec->n_pids) {
		error_usage(err, "--children of which process?");
		return error_hint(err, "give a command behind \"--\", or --pid");
	}
	if (options->output && !strcmp(options->output, "-") && (options->print || options->json))
		return error_usage(err,
				   "the capture and the text can't both go to standard output");
	if (check_symbols(options, err))
		return -1;
	if (options->symbols.wanted && !options->with_symbols &&
	    (!spec->stacks || (options->output && !options->print))) {
		error_usage(err, "--lines: no stacks are printed that source lines could stand in");
		return error_hint(err, spec->stacks
					       ? "give --print, or \"kapimon show --lines\" later"
					       : "leave out --no-stack");
	}
	if (options->split && !options->output)
		return error_usage(err, "--split of which capture? There is no --output");
	if (options->parts.keep && !options->split)
		return error_usage(err, "--keep needs parts: give --split too");
	/* Those of a session file are among them. */
	for (size_t i = 0; i < spec->filters.count; i++)
		if (read_filter(options, spec->filters.names[i], err))
			return -1;
	for (size_t i = 0; i < spec->n_hooks; i++)
		spec->hooks[i].returns |= options->returns;
	return 0;
}

int hook_options_parse(int argc, char **argv, struct hook_options *options, struct error *err)
{
	struct options_rest rest;
	int code;

	memset(options, 0, sizeof(*options));
	spec_init(&options->spec);
	options->spec.stacks = true;
	options->buffer_memory = BUFFER_MEMORY;
	options->symbols.path_option = "--symbol-path PATH";
	options->symbols.ask = true;
	code = options_parse(&table, argc, argv, options, &rest, err);
	if (code)
		return code;
	for (size_t i = 0; i < rest.n_arguments; i++) {
		if (spec_add_hook(&options->spec, rest.arguments[i], options->returns, false, err))
			return -1;
	}
	if (rest.dashes) {
		if (!rest.n_behind)
			return error_usage(err, "there is no command behind \"--\"");
		options->child = rest.behind;
	}
	return check(options, err);
}

void hook_options_fini(struct hook_options *options)
{
	spec_fini(&options->spec);
}

const struct options *command_hook_options(void)
{
	return &table;
}
