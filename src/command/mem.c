/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon mem: follow kernel memory, and report what was allocated and not freed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/command.h"
#include "command/mem_file.h"
#include "command/mem_live.h"
#include "command/mem_load.h"
#include "command/mem_options.h"
#include "command/mem_report.h"
#include "command/tell.h"
#include "model/memory.h"
#include "session/capture_sink.h"
#include "session/child.h"
#include "session/module_sink.h"
#include "session/pump.h"
#include "source/linux_source.h"

/* What is still on its way when the module has gone gets this time at least. */
#define SETTLE_AT_LEAST 200000000ull

/* A module's record is with us long before. */
#define LOAD_RECORD_WITHIN 5000000000ull

/* For what a slow disk does not take yet, bytes; the rest goes to a temporary file. */
#define CAPTURE_MEMORY ((uint64_t)256 << 20)

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

/* What was followed so far is reported; a second signal ends the program at once. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* A limit on the size of files is told like a full disk. */
	signal(SIGXFSZ, SIG_IGN);
}

/* A run on the running kernel, and what the pump asks for once a turn. */
struct run {
	const struct mem_options *options;
	struct source *source;
	struct sink *module; /* NULL: no module's unload is waited for */
	struct child *child; /* NULL: no command is watched */
	struct mem_live *live;
	struct mem_load *load;
	uint64_t load_due; /* from when on its record is not waited for; 0: it is not there yet */
	uint64_t over;	   /* when what is waited for had come; 0: it has not */
	uint64_t looked;
	const struct growth *growth; /* since another capture, or NULL */
};

/* Is something of what is selected still to be freed by a grace period? */
static bool waits(struct run *run)
{
	struct memory memory;
	struct groups groups;
	bool any = false;

	if (linux_source_memory(run->source, &memory, NULL))
		return false;
	if (!groups_make(run->source->ops->catalog(run->source), &memory, &run->options->selection,
			 &run->options->by, &groups, NULL)) {
		any = groups.grades[MEMORY_DEFERRED] != 0;
		groups_fini(&groups);
	}
	memory_fini(&memory);
	return any;
}

static bool has_come(const struct run *run)
{
	/* A command that ends before its module has gone has nothing more to do with it. */
	if (run->child && child_ended(run->child))
		return true;
	return run->module && !run->child && module_sink_unloaded(run->module);
}

/* The record that tells of the loading comes at once, unless it was lost. */
static void let_load_go(struct run *run, uint64_t now)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", run->load->module);
	if (!run->load_due && !access(path, F_OK))
		run->load_due = now + LOAD_RECORD_WITHIN;
	if (module_sink_loaded(run->module) || (run->load_due && now > run->load_due))
		mem_load_seen(run->load);
}

static bool take_turn(void *context)
{
	struct run *run = context;
	uint64_t now = monotonic_ns();

	if (run->load)
		let_load_go(run, now);

	if (run->live && mem_live_turn(run->live))
		return true;
	if (!run->over && has_come(run))
		run->over = now;
	if (!run->over)
		return false;
	if (!run->module)
		return true;
	if (now - run->over < SETTLE_AT_LEAST || now - run->looked < SETTLE_AT_LEAST)
		return false;
	run->looked = now;
	return now - run->over >= run->options->settle || !waits(run);
}

static const char *unloaded_module(const struct run *run)
{
	const char *name;

	if (!run->module)
		return NULL;
	name = run->options->selection.modules.names[0];
	if (module_sink_unloaded(run->module))
		return name;
	fprintf(stderr, "kapimon mem: %s was %s: what it has is outstanding, not leaked\n", name,
		module_sink_loaded(run->module) ? "not unloaded" : "never loaded");
	return NULL;
}

static int report(struct run *run, const struct ledger *ledger, struct place_finder *places,
		  struct error *err)
{
	const struct catalog *catalog = run->source->ops->catalog(run->source);
	struct memory_report about;

	if (!catalog->memory)
		return error_set(err, "the recording ended before memory could be reported of");
	mem_report_init(run->options, catalog, ledger, &about);
	about.growth = run->growth;
	about.places = places;
	about.unloaded = unloaded_module(run);
	if (run->options->until_unload && !about.unloaded) {
		mem_report_put(run->options, &about, err);
		error_set(err, "%s was not unloaded while it was watched",
			  run->options->selection.modules.names[0]);
		return error_hint(err, "let the command unload it, or give --load FILE.ko");
	}
	return mem_report_put(run->options, &about, err);
}

static int pump(struct run *run, struct sink **sinks, size_t n_sinks, struct place_finder *places,
		struct error *err)
{
	const struct mem_options *options = run->options;
	struct pump moving = {.source = run->source,
			      .sinks = sinks,
			      .n_sinks = n_sinks,
			      .stop = &interrupted,
			      .finished = take_turn,
			      .context = run};
	uint64_t start = monotonic_ns();
	struct ledger ledger;
	int status;

	if (run->source->ops->apply(run->source, &options->spec, err))
		return -1;
	if (options->verbose) {
		struct text times = TEXT_INIT;

		linux_source_times(run->source, &times);
		tell_lines("mem", text_string(&times));
		text_fini(&times);
		fprintf(stderr, "kapimon mem: started in %.3f s\n",
			(double)(monotonic_ns() - start) / 1e9);
	}
	tell_lines("mem", linux_source_remarks(run->source));
	if (run->child && child_go(run->child, options->child ? options->child[0] : "sh", err))
		return -1;
	moving.deadline = options->time ? monotonic_ns() + options->time : 0;
	if (options->live) {
		run->live = mem_live_create(options, run->source, err);
		if (!run->live)
			return -1;
	}
	ledger_init(&ledger);
	status = pump_run(&moving, &ledger, err);
	tell_stacks("mem", run->source, options->verbose || options->spec.verify_stacks);
	mem_live_destroy(run->live);
	run->live = NULL;
	if (!status)
		status = report(run, &ledger, places, err);
	ledger_fini(&ledger);
	return status;
}

static int add_sinks(struct run *run, struct sink **sinks, size_t *n, struct error *err)
{
	const struct mem_options *options = run->options;

	if (options->output) {
		sinks[*n] = capture_sink_create(options->output, options->force, err);
		if (!sinks[*n])
			return -1;
		++*n;
		if (options->pack && capture_sink_pack(sinks[0], options->codec, err))
			return -1;
		if (capture_sink_buffer(sinks[0], CAPTURE_MEMORY, err))
			return -1;
	}
	if (options->until_unload) {
		sinks[*n] = run->module =
			module_sink_create(options->selection.modules.names[0], err);
		if (!sinks[*n])
			return -1;
		++*n;
	}
	return 0;
}

static int follow(struct mem_options *options, const struct growth *growth, struct child *child,
		  struct error *err)
{
	struct run run = {.options = options, .growth = growth, .child = child};
	struct place_finder *places = NULL;
	struct sink *sinks[2];
	size_t n_sinks = 0;
	int status = -1;

	run.source = linux_source_open(err);
	if (!run.source)
		return -1;
	if (options->load.file) {
		run.load = &options->load;
		linux_source_module_file(run.source, options->load.file);
	}
	if (!add_sinks(&run, sinks, &n_sinks, err) &&
	    !symbol_options_begin(&options->symbols, &places, NULL, err)) {
		status = pump(&run, sinks, n_sinks, places, err);
		symbol_options_end(&options->symbols, "mem");
	}
	while (n_sinks > 0) {
		n_sinks--;
		sinks[n_sinks]->ops->destroy(sinks[n_sinks]);
	}
	run.source->ops->close(run.source);
	return status;
}

/* The command's failure outweighs a good report, and no bad one. */
static int watch_command(struct mem_options *options, const struct growth *growth,
			 char *const *argv, struct error *err)
{
	struct child child;
	int status;

	if (child_start(argv, &child, err))
		return -1;
	status = follow(options, growth, &child, err);
	if (options->load.file && child.ended && status != STATUS_CONDITION &&
	    mem_load_check(&options->load, child.status, err))
		status = -1;
	child_fini(&child);
	return status;
}

static int watch(struct mem_options *options, const struct growth *growth, struct error *err)
{
	if (!options->load.file)
		return options->child ? watch_command(options, growth, options->child, err)
				      : follow(options, growth, NULL, err);
	if (mem_load_command(&options->load, options->child, err))
		return -1;
	return watch_command(options, growth, options->load.argv, err);
}

int command_mem(int argc, char **argv, struct error *err)
{
	struct mem_options options;
	struct growth *growth = NULL;
	int status = mem_options_parse(argc, argv, &options, err);

	catch_signals();
	if (!status && options.since)
		status = mem_report_since(&options, &growth, err);
	if (!status)
		status = options.file ? mem_file_report(&options, growth, &interrupted, err)
				      : watch(&options, growth, err);
	else if (status > 0)
		status = STATUS_OK;
	growth_destroy(growth);
	mem_options_fini(&options);
	return status;
}
