/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon hook, kapimon mem: the running kernel, watched until Ctrl-C. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/clock.h"
#include "command/options.h"
#include "session/capture_sink.h"
#include "session/control.h"
#include "session/pump.h"
#include "source/nt_source.h"
#include "view/text.h"
#include "windows/awaited.h"
#include "windows/command.h"
#include "windows/memory_report.h"
#include "windows/symbol_path.h"

enum option {
	OPTION_RETURN,
	OPTION_ANY,
	OPTION_ON_LOAD,
	OPTION_ERRORS,
	OPTION_EXCLUDE,
	OPTION_ONLY,
	OPTION_RATE,
	OPTION_COUNT,
	OPTION_TIME,
	OPTION_BUFFER,
	OPTION_OUTPUT,
	OPTION_FORCE,
	OPTION_NO_STACK,
	OPTION_TAG,
	OPTION_LOG,
	OPTION_CONTROL,
};

struct watch {
	struct spec spec;
	bool returns, force;
	const char *output; /* NULL: print */
	const char *tag;
	const char *control; /* NULL: nothing changes on the way */
	uint64_t time;	     /* ns; 0: until Ctrl-C */
	struct symbol_path symbols;
};

#define WATCH_ROWS                                                                                 \
	{'X', "exclude-module", "MODULE", "none with this module in the stack", OPTION_EXCLUDE},   \
		{'M', "only-module", "MODULE", "only those with this module in the stack",         \
		 OPTION_ONLY},                                                                     \
		{'t', "time", "TIME", "stop after this time: 10s, 2m", OPTION_TIME},               \
		{'b', "buffer", "SIZE", "kernel buffer of each processor (8M)", OPTION_BUFFER},    \
		{'o', "output", "FILE", "record a capture", OPTION_OUTPUT},                        \
		{0, "force", NULL, "replace FILE whatever it is", OPTION_FORCE},                   \
		{'S', "no-stack", NULL, "take no stacks", OPTION_NO_STACK}, SYMBOL_PATH_ROWS,      \
	{                                                                                          \
		'T', "tag", "TAG", "only pool memory of this tag; a blank is any character",       \
			OPTION_TAG                                                                 \
	}

static const struct option_row hook_rows[] = {
	{'r', "return", NULL, "hook the returns too: values and durations", OPTION_RETURN},
	{'e', "errors", NULL, "only calls that return a failure NTSTATUS (hooks returns)",
	 OPTION_ERRORS},
	{'f', "any", NULL, "take any symbol in executable sections, data by its type too",
	 OPTION_ANY},
	{'l', "on-load", "DRIVER[:GLOB]",
	 "hook functions of a driver as soon as it is loaded, before it runs; DRIVER is a "
	 "service, a file in System32\\drivers or a path",
	 OPTION_ON_LOAD},
	{0, "limit-rate", "N", "suspend a hook for the rest of a second with more calls",
	 OPTION_RATE},
	{'n', "count", "N", "stop after so many calls", OPTION_COUNT},
	{0, "control", "NAME", "read changes from \\\\.\\pipe\\NAME, lines of a session file",
	 OPTION_CONTROL},
	WATCH_ROWS,
};

static const struct option_row mem_rows[] = {
	{'l', "log", NULL,
	 "record each allocation and free; of a capture: pair those that are in it", OPTION_LOG},
	WATCH_ROWS,
};

static int parse_number(const char *text, uint64_t *number, struct error *err)
{
	char *end;

	*number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || !*number || *number > UINT32_MAX)
		return error_usage(err, "'%s' is not a number from 1 to %u", text, UINT32_MAX);
	return 0;
}

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct watch *watch = context;

	if (symbol_path_is_option(id))
		return symbol_path_set(&watch->symbols, id, value, err);
	switch ((enum option)id) {
	case OPTION_RETURN:
		watch->returns = true;
		return 0;
	case OPTION_ERRORS:
		watch->spec.errors = watch->returns = true;
		return 0;
	case OPTION_ANY:
		watch->spec.any_symbol = true;
		return 0;
	case OPTION_ON_LOAD:
		return spec_add_hook(&watch->spec, value, false, true, err);
	case OPTION_EXCLUDE:
		return spec_names_add(&watch->spec.exclude_modules, value, err);
	case OPTION_ONLY:
		return spec_names_add(&watch->spec.only_modules, value, err);
	case OPTION_RATE:
		return parse_number(value, &watch->spec.limit_rate, err);
	case OPTION_COUNT:
		return parse_number(value, &watch->spec.count, err);
	case OPTION_TIME:
		return spec_parse_time(value, &watch->time, err);
	case OPTION_BUFFER:
		return spec_parse_size(value, &watch->spec.buffer, err);
	case OPTION_OUTPUT:
		watch->output = value;
		return 0;
	case OPTION_FORCE:
		watch->force = true;
		return 0;
	case OPTION_NO_STACK:
		watch->spec.stacks = false;
		return 0;
	case OPTION_TAG:
		if (strlen(value) > 4)
			return error_usage(err, "a tag has up to four characters");
		watch->tag = value;
		return 0;
	case OPTION_LOG:
		watch->spec.memory_log = true;
		return 0;
	case OPTION_CONTROL:
		watch->control = value;
		return 0;
	}
	return 0;
}

static const struct options hook_options = {
	.usage = "[OPTION]... [API]...",
	.summary = "Watch the calls of kernel functions until Ctrl-C.\n"
		   "API is a name, a glob (Ex*Pool*) or MODULE:NAME.",
	.rows = hook_rows,
	.n_rows = sizeof(hook_rows) / sizeof(hook_rows[0]),
	.set = set_option,
};

static const struct options mem_options = {
	.usage = "[OPTION]... [FILE]",
	.summary = "Follow pool memory until Ctrl-C, then tell what was not freed; or tell it of a "
		   "capture.",
	.rows = mem_rows,
	.n_rows = sizeof(mem_rows) / sizeof(mem_rows[0]),
	.set = set_option,
};

static volatile sig_atomic_t interrupted;

static BOOL WINAPI on_control(DWORD event)
{
	interrupted = 1;
	return TRUE;
}

static struct sink *make_sink(const struct watch *watch, struct error *err)
{
	struct text_view_options view = {.stacks = watch->spec.stacks, .summary = stdout};
	struct sink *sink;

	if (watch->output)
		return capture_sink_create(watch->output, watch->force, err);
	view.summary_only = watch->spec.memory && !watch->spec.memory_log;
	sink = text_view_create(stdout, &view);
	if (!sink)
		error_no_memory(err);
	return sink;
}

static void tell_unhooked(const struct trace_unhooked *unhooked)
{
	if (unhooked->armed)
		fprintf(stderr,
			"kapimon: %u hooks were written over by somebody else, so TRACE.SYS "
			"stays loaded\n",
			unhooked->armed);
	if (unhooked->left)
		fprintf(stderr,
			"kapimon: calls are still inside %u functions whose returns were "
			"hooked: the hooks are off, and TRACE.SYS stays loaded\n",
			unhooked->left);
	if (unhooked->unwound)
		fprintf(stderr,
			"kapimon: %u calls have no return: an exception went through them, or "
			"their "
			"thread ended\n",
			unhooked->unwound);
}

/* Filters have named it, and it never came: that may be a mistake. */
static void tell_absent(const struct module_table *modules)
{
	for (size_t i = 0; i < modules->n_modules; i++) {
		const struct module *module = &modules->modules[i];
		bool came = false;

		for (size_t j = 0; j < modules->n_modules; j++)
			came |= modules->modules[j].size && modules->modules[j].bit == module->bit;
		if (!came)
			fprintf(stderr, "kapimon: no module %s was loaded\n", module->name);
	}
}

static void tell_waited(struct source *source)
{
	const struct catalog *catalog = source->ops->catalog(source);
	const struct trace_awaited *awaited;
	size_t n, left_out;

	awaited = nt_source_awaited(source, &n, &left_out);
	awaited_tell(awaited, n, &catalog->apis, stderr);
	if (left_out)
		fprintf(stderr,
			"kapimon: %zu of the functions asked for on load can't be hooked; "
			"\"kapimon list --on-load\" says why\n",
			left_out);
	tell_absent(&catalog->modules);
}

/* What the pump asks for once a turn. */
struct turn {
	struct control *control;
	struct source *source;
};

static bool take_turn(void *context)
{
	const struct turn *turn = context;

	if (turn->control)
		control_poll(turn->control, turn->source, stderr);
	return false;
}

static int run(struct watch *watch, struct source *source, struct error *err)
{
	struct turn turn = {.source = source};
	struct pump pump = {.source = source,
			    .n_sinks = 1,
			    .stop = &interrupted,
			    .finished = take_turn,
			    .context = &turn};
	struct sink *sink = make_sink(watch, err);
	struct ledger ledger;
	int code;

	if (!sink)
		return -1;
	if (watch->tag)
		nt_source_set_tag(source, watch->tag);
	SetConsoleCtrlHandler(on_control, TRUE);
	if (watch->control)
		turn.control = control_open(watch->control, &watch->spec, err);
	code = watch->control && !turn.control ? -1 : 0;
	if (!code)
		code = source->ops->apply(source, &watch->spec, err);
	if (!code) {
		/* Who starts us can wait for this line. */
		fprintf(stderr, "kapimon: watching\n");
		fflush(stderr);
		pump.sinks = &sink;
		pump.count = watch->spec.count;
		pump.deadline = watch->time ? monotonic_ns() + watch->time : 0;
		ledger_init(&ledger);
		code = pump_run(&pump, &ledger, err);
		if (!code && !ledger_complete(&ledger))
			code = STATUS_INCOMPLETE;
		ledger_fini(&ledger);
		tell_unhooked(nt_source_unhooked(source));
		tell_waited(source);
	}
	control_close(turn.control);
	sink->ops->destroy(sink);
	return code;
}

static int report(const struct watch *watch, struct source *source, struct error *err)
{
	const struct catalog *catalog = source->ops->catalog(source);

	if (!nt_source_counts_pool(source))
		fprintf(stderr,
			"kapimon: this system does not tell its own counts of pool memory, "
			"so nothing is held against them\n"
			"  NT before 5.2 counts after \"gflags /r +ptg\" and a new start\n");
	return memory_report_print(catalog, catalog->memory, watch->spec.stacks, err);
}

static int watch(const struct options *options, bool memory, int argc, char **argv,
		 struct error *err)
{
	struct watch watch = {0};
	struct nt_symbols *symbols;
	struct options_rest rest;
	struct source *source;
	int code;

	spec_init(&watch.spec);
	watch.spec.stacks = true;
	watch.spec.memory = memory;
	watch.spec.memory_blocks = 1u << 16;
	code = options_parse(options, argc, argv, &watch, &rest, err);
	if (code) {
		spec_fini(&watch.spec);
		return code < 0 ? -1 : STATUS_OK;
	}
	if (rest.dashes) {
		spec_fini(&watch.spec);
		return error_usage(err,
				   "a command can't be watched on this system: start it beside "
				   "kapimon");
	}
	if (memory && rest.n_arguments) {
		code = rest.n_arguments > 1
			       ? error_usage(err, "one capture is reported of at a time")
			       : memory_report_file(rest.arguments[0], watch.spec.memory_log,
						    watch.spec.stacks, err);
		spec_fini(&watch.spec);
		return code;
	}
	for (size_t i = 0; i < rest.n_arguments && !code; i++)
		code = spec_add_hook(&watch.spec, rest.arguments[i], watch.returns, false, err);
	for (size_t i = 0; i < watch.spec.n_hooks; i++)
		watch.spec.hooks[i].returns |= watch.returns;
	if (!code && !memory && !watch.spec.n_hooks)
		code = error_usage(err, "which function is to be hooked?");
	symbols = code ? NULL : symbol_path_open(&watch.symbols);
	source = code ? NULL : nt_source_open(symbols, watch.symbols.all, err);
	if (source) {
		code = run(&watch, source, err);
		if (code >= 0 && memory && report(&watch, source, err))
			code = -1;
		symbol_path_tell(nt_source_names(source));
		source->ops->close(source);
	} else {
		code = -1;
	}
	nt_symbols_destroy(symbols);
	spec_fini(&watch.spec);
	return code;
}

int windows_hook(int argc, char **argv, struct error *err)
{
	return watch(&hook_options, false, argc, argv, err);
}

int windows_mem(int argc, char **argv, struct error *err)
{
	return watch(&mem_options, true, argc, argv, err);
}
