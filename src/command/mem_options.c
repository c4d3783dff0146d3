/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/mem_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "command/command.h"
#include "memory/write.h"

#define SETTLE 10000000000ull
#define INTERVAL 2000000000ull
#define ROWS 20
#define STACKS 3

enum option {
	OPTION_MODULE,
	OPTION_THROUGH,
	OPTION_TAG,
	OPTION_MIN_AGE,
	OPTION_MIN_SIZE,
	OPTION_USER,
	OPTION_TIME,
	OPTION_UNTIL_UNLOAD,
	OPTION_LOAD,
	OPTION_SETTLE,
	OPTION_FAIL_ON,
	OPTION_LOG,
	OPTION_BLOCKS,
	OPTION_BUFFER,
	OPTION_NO_STACK,
	OPTION_VERIFY,
	OPTION_OUTPUT,
	OPTION_FORCE,
	OPTION_PACK,
	OPTION_BY,
	OPTION_ROWS,
	OPTION_STACKS,
	OPTION_SINCE,
	OPTION_HISTOGRAM,
	OPTION_COUNTERS,
	OPTION_TO,
	OPTION_JSON,
	OPTION_LIVE,
	OPTION_COLOR,
	OPTION_VERBOSE,
};

static const struct option_row rows[] = {
	{0, NULL, NULL, "Which memory is reported", 0},
	{'m', "module", "MODULE", "what this module asked for (vmlinux: the kernel itself)",
	 OPTION_MODULE},
	{0, "through", NULL, "with --module: also what others asked for on its behalf",
	 OPTION_THROUGH},
	{'T', "tag", "TAG",
	 "of slab caches, vmalloc, percpu, pages that begin so; a blank is any character",
	 OPTION_TAG},
	{0, "min-age", "TIME", "what has been there for so long", OPTION_MIN_AGE},
	{0, "min-size", "SIZE", "blocks of so many bytes or more", OPTION_MIN_SIZE},
	{0, "user", NULL, "user memory and page cache too", OPTION_USER},
	{0, NULL, NULL, "How long", 0},
	{'t', "time", "TIME", "stop after this time: 10s, 2m", OPTION_TIME},
	{0, "until-unload", NULL,
	 "stop when the module of --module has gone: what it leaves is leaked",
	 OPTION_UNTIL_UNLOAD},
	{0, "load", "FILE.ko",
	 "load this module, run the command, unload the module; as --module and --until-unload",
	 OPTION_LOAD},
	{0, "settle", "TIME", "wait so long at most for what kfree_rcu() has to free (10s)",
	 OPTION_SETTLE},
	{0, "fail-on", "CONDITION",
	 "exit with status 4 on a leak, outstanding, freed-twice or unexplained", OPTION_FAIL_ON},
	{0, NULL, NULL, "How it is followed", 0},
	{0, "log", NULL,
	 "record each allocation and free as a call too; with FILE: report of these", OPTION_LOG},
	{0, "blocks", "N", "room for so many blocks at a time (1048576)", OPTION_BLOCKS},
	{'b', "buffer", "SIZE", "kernel buffer of each processor (8M)", OPTION_BUFFER},
	{'S', "no-stack", NULL, "take no stacks: cheaper", OPTION_NO_STACK},
	{0, "verify-stacks", NULL, "compare each with what the kernel's own unwinder finds",
	 OPTION_VERIFY},
	{0, NULL, NULL, "Output", 0},
	{'o', "output", "FILE", "record a capture", OPTION_OUTPUT},
	{0, "force", NULL, "replace FILE whatever it is", OPTION_FORCE},
	{0, "pack", "CODEC", "pack the capture with zstd (the default), zlib, or not: none",
	 OPTION_PACK},
	{0, "by", "KEY[,KEY]",
	 "put together by tag, module, site, stack, process, size, age, family, context or grade "
	 "(tag,module,site)",
	 OPTION_BY},
	{'n', "rows", "N", "print at most so many lines (20); 0: all", OPTION_ROWS},
	{0, "stacks", "N", "print the stacks of the N largest (3)", OPTION_STACKS},
	{0, "since", "FILE", "growth since this capture, instead of all", OPTION_SINCE},
	{0, "histogram", NULL, "print how long blocks lived and how large they are",
	 OPTION_HISTOGRAM},
	{0, "counters", NULL, "print all of the kernel's own counters, not only what differs",
	 OPTION_COUNTERS},
	{0, "to", "FORM=FILE", "also write the report as json, folded, pprof, junit or sarif",
	 OPTION_TO},
	{'j', "json", NULL, "print the report as JSON, nothing else", OPTION_JSON},
	{0, "live", "[TIME]", "show the report again and again, every 2 s; 's' sets a mark",
	 OPTION_LIVE},
	SYMBOL_OPTION_ROWS('P'),
	{0, "color", "[WHEN]", "use color: auto (on a terminal), always or never", OPTION_COLOR},
	{'v', "verbose", NULL, "tell how it is followed, and how long the start took",
	 OPTION_VERBOSE},
};

static const char *const conditions[MEM_N_CONDITIONS] = {
#define CONDITION_NAME(name, text, help) text,
	MEM_CONDITIONS(CONDITION_NAME)
#undef CONDITION_NAME
};

static int parse_number(const char *text, uint64_t most, uint64_t *number, struct error *err)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (end == text || *end || errno || *text == '-' || value > most)
		return error_usage(err, "'%s' is not a number up to %llu", text,
				   (unsigned long long)most);
	*number = value;
	return 0;
}

static int parse_condition(const char *text, bool *fail_on, struct error *err)
{
	struct nearest nearest;

	nearest_init(&nearest, text);
	for (int i = 0; i < MEM_N_CONDITIONS; i++) {
		if (!strcmp(conditions[i], text)) {
			fail_on[i] = true;
			return 0;
		}
		nearest_offer(&nearest, conditions[i]);
	}
	error_usage(err, "there is no condition '%s'", text);
	if (nearest.best)
		return error_hint(err, "did you mean '%s'?", nearest.best);
	return error_hint(err, "expected leak, outstanding, freed-twice or unexplained");
}

static int add_write(struct mem_options *options, const char *value, struct error *err)
{
	char *copy = strdup(value), *equals = copy ? strchr(copy, '=') : NULL;
	struct mem_write *write = &options->writes[options->n_writes];

	if (!copy)
		return error_no_memory(err);
	if (!equals || !equals[1]) {
		free(copy);
		error_usage(err, "'%s' does not say what is written where", value);
		return error_hint(err, "expected for example --to junit=leaks.xml");
	}
	if (options->n_writes == MEM_WRITES) {
		free(copy);
		return error_usage(err, "at most %d reports can be written", MEM_WRITES);
	}
	*equals = '\0';
	if (!memory_writer_find(copy, err)) {
		free(copy);
		return -1;
	}
	*write = (struct mem_write){.form = copy, .path = equals + 1};
	options->n_writes++;
	return 0;
}

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct mem_options *options = context;
	uint64_t number = 0;

	if (symbol_options_is_option(id)) {
		symbol_options_set(&options->symbols, id, value);
		return 0;
	}
	switch ((enum option)id) {
	case OPTION_MODULE:
		return spec_names_add(&options->selection.modules, value, err);
	case OPTION_THROUGH:
		options->selection.through = true;
		return 0;
	case OPTION_TAG:
		return spec_names_add(&options->selection.tags, value, err);
	case OPTION_MIN_AGE:
		return spec_parse_time(value, &options->selection.min_age, err);
	case OPTION_MIN_SIZE:
		return spec_parse_size(value, &options->selection.min_bytes, err);
	case OPTION_USER:
		options->selection.user = true;
		return 0;
	case OPTION_TIME:
		return spec_parse_time(value, &options->time, err);
	case OPTION_UNTIL_UNLOAD:
		options->until_unload = true;
		return 0;
	case OPTION_LOAD:
		return mem_load_init(&options->load, value, err);
	case OPTION_SETTLE:
		return spec_parse_time(value, &options->settle, err);
	case OPTION_FAIL_ON:
		return parse_condition(value, options->fail_on, err);
	case OPTION_LOG:
		options->spec.memory_log = true;
		return 0;
	case OPTION_BLOCKS:
		return parse_number(value, 1ull << 26, &options->spec.memory_blocks, err);
	case OPTION_BUFFER:
		return spec_parse_size(value, &options->spec.buffer, err);
	case OPTION_NO_STACK:
		options->spec.stacks = false;
		return 0;
	case OPTION_VERIFY:
		options->spec.verify_stacks = true;
		return 0;
	case OPTION_OUTPUT:
		options->output = value;
		return 0;
	case OPTION_FORCE:
		options->force = true;
		return 0;
	case OPTION_PACK:
		options->pack = value;
		return codec_parse(value, &options->codec, err);
	case OPTION_BY:
		return group_by_parse(value, &options->by, err);
	case OPTION_ROWS:
		if (parse_number(value, UINT32_MAX, &number, err))
			return -1;
		options->rows = number;
		return 0;
	case OPTION_STACKS:
		if (parse_number(value, UINT32_MAX, &number, err))
			return -1;
		options->stacks = number;
		return 0;
	case OPTION_SINCE:
		options->since = value;
		return 0;
	case OPTION_HISTOGRAM:
		options->histogram = true;
		return 0;
	case OPTION_COUNTERS:
		options->counters = true;
		return 0;
	case OPTION_TO:
		return add_write(options, value, err);
	case OPTION_JSON:
		return add_write(options, "json=-", err);
	case OPTION_LIVE:
		options->live = true;
		return value ? spec_parse_time(value, &options->interval, err) : 0;
	case OPTION_COLOR:
		return color_when_parse(value, &options->color, err);
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	}
	return 0;
}

static const struct options table = {
	.usage = "[OPTION]... [FILE | -- COMMAND [ARGUMENT]...]",
	.summary = "Follow kernel memory until Ctrl-C, or while COMMAND runs, and report what was\n"
		   "allocated and not freed. FILE is a capture of such a run, to report of again.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

static int add_loaded(struct mem_options *options, struct error *err)
{
	const struct mem_load *load = &options->load;

	options->until_unload = true;
	/* Its lines are in its file, and in no other place that one could know of. */
	if (!options->symbols.path && options->spec.stacks) {
		symbol_options_set(&options->symbols, SYMBOL_PATH, load->directory);
		symbol_options_set(&options->symbols, SYMBOL_ALL, NULL);
	}
	return spec_names_add(&options->selection.modules, load->module, err);
}

static int check_offline(const struct mem_options *options, struct error *err)
{
	if (options->child || options->time || options->load.file || options->output ||
	    options->live || options->until_unload)
		return error_usage(err,
				   "%s is reported of: nothing is watched that could be "
				   "waited for, loaded or recorded",
				   options->file);
	return 0;
}

/* What the options ask for has to make sense together. */
static int check(struct mem_options *options, struct error *err)
{
	if (options->load.file && add_loaded(options, err))
		return -1;
	if (options->file)
		return check_offline(options, err);
	if (options->until_unload && options->selection.modules.count != 1) {
		error_usage(err, "until which module is unloaded?");
		return error_hint(err, "give one --module, or --load FILE.ko");
	}
	if (options->fail_on[MEM_LEAK] && !options->until_unload) {
		error_usage(err, "what is outstanding is not leaked while it can still be freed");
		return error_hint(err, "give --until-unload or --load, or --fail-on outstanding");
	}
	if (options->selection.through && !options->selection.modules.count)
		return error_usage(err, "--through which module? Give --module");
	if (!options->spec.stacks && (options->symbols.wanted || options->selection.through))
		return error_usage(err, "%s needs stacks: leave out --no-stack",
				   options->symbols.wanted ? "--lines" : "--through");
	if (options->pack && !options->output)
		return error_usage(err, "--pack: which capture? There is no --output");
	if (options->output && !strcmp(options->output, "-"))
		return error_usage(err, "the capture and the report can't both go to standard "
					"output");
	return 0;
}

int mem_options_parse(int argc, char **argv, struct mem_options *options, struct error *err)
{
	struct options_rest rest;
	int code;

	*options = (struct mem_options){
		.by = {.keys = {GROUP_TAG, GROUP_MODULE, GROUP_SITE}, .n = 3},
		.rows = ROWS,
		.stacks = STACKS,
		.settle = SETTLE,
		.interval = INTERVAL,
	};
	spec_init(&options->spec);
	options->symbols.path_option = "-P PATH";
	options->symbols.ask = true;
	options->spec.memory = true;
	code = options_parse(&table, argc, argv, options, &rest, err);
	if (code)
		return code;
	if (rest.n_arguments > 1)
		return error_usage(err, "only one capture can be reported of at a time");
	if (rest.n_arguments)
		options->file = rest.arguments[0];
	if (rest.dashes) {
		if (!rest.n_behind)
			return error_usage(err, "there is no command behind \"--\"");
		options->child = rest.behind;
	}
	return check(options, err);
}

static void names_free(struct spec_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct spec_names){0};
}

void mem_options_fini(struct mem_options *options)
{
	names_free(&options->selection.modules);
	names_free(&options->selection.tags);
	for (size_t i = 0; i < options->n_writes; i++)
		free((char *)(uintptr_t)options->writes[i].form);
	mem_load_fini(&options->load);
	spec_fini(&options->spec);
}

const struct options *command_mem_options(void)
{
	return &table;
}
