/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon hook: watch the calls of kernel functions. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command/capture_symbols.h"
#include "command/command.h"
#include "command/hook_options.h"
#include "command/hook_sinks.h"
#include "command/tell.h"
#include "session/child.h"
#include "session/control.h"
#include "session/filtering_source.h"
#include "session/pump.h"
#include "session/ring_source.h"
#include "session/until_source.h"
#include "source/linux_source.h"
#include "view/number.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

/* What has come so far is summed up; a second signal ends the program at once. */
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

static void tell_methods(struct source *source)
{
	const struct catalog *catalog = source->ops->catalog(source);

	for (size_t i = 0; i < catalog->apis.n_apis; i++) {
		const struct api *api = catalog->apis.apis[i];

		fprintf(stderr, "hook %u: %s%s%s ", api->id, api->module ? api->module : "",
			api->module ? ":" : "", api->name);
		if (api->method == METHOD_NONE)
			fprintf(stderr, "could not be hooked\n");
		else
			fprintf(stderr, "by %s\n", hook_method_name(api->method));
	}
}

/* How long what follows the call of --until is recorded, ns. */
#define AFTERMATH 1000000000ull

/* The sources that stand behind each other; records come out of the last. */
struct chain {
	struct source *kernel;
	struct source *until; /* NULL: no call ends the recording */
	struct source *ring;  /* NULL: everything is kept */
	struct source *last;
};

static int chain_open(struct chain *chain, const struct hook_options *options, struct error *err)
{
	*chain = (struct chain){.kernel = linux_source_open(err)};
	if (!chain->kernel)
		return -1;
	chain->last = filtering_source_create(chain->kernel, err);
	if (chain->last && options->until)
		chain->last = chain->until = until_source_create(chain->last, options->until, err);
	if (chain->last && options->keep_last)
		chain->last = chain->ring = ring_source_create(chain->last, &options->last,
							       options->buffer_memory, err);
	return chain->last ? 0 : -1;
}

/* What the pump asks for once a turn. */
struct turn {
	const struct chain *chain;
	struct hook_sinks *sinks;
	struct child *child;	 /* NULL: no command is watched */
	struct control *control; /* NULL: nothing changes on the way */
	uint64_t count;		 /* calls to end with, of all that come to the ring; 0: any */
	bool told;		 /* which call ends the recording */
	bool told_full;		 /* that calls had to wait, or to go */
};

static bool is_over(struct turn *turn)
{
	uint64_t time;

	if (!turn->chain->until || !until_source_time(turn->chain->until, &time))
		return false;
	if (!turn->told)
		fprintf(stderr, "kapimon hook: the call of --until has come:\n%s",
			until_source_call(turn->chain->until));
	turn->told = true;
	return monotonic_ns() >= time + AFTERMATH;
}

static bool ring_has_come_to(const struct turn *turn)
{
	struct ring_count count;

	if (!turn->chain->ring || !turn->count)
		return false;
	ring_source_count(turn->chain->ring, &count);
	return count.came >= turn->count;
}

static void tell_kept(const struct source *ring)
{
	struct text text = TEXT_INIT;
	struct ring_count count;

	ring_source_count(ring, &count);
	text_add(&text, "kept the last ");
	number_print_grouped(&text, count.came - count.dropped);
	text_add(&text, " of ");
	number_print_grouped(&text, count.came);
	text_add(&text, count.came == 1 ? " call" : " calls");
	if (count.lost) {
		text_add(&text, "; ");
		number_print_grouped(&text, count.lost);
		text_add(&text, " of the others were lost for want of room");
	}
	tell_lines("hook", text_string(&text));
	text_fini(&text);
}

static void tell_full(const struct error *why, const char *consequence)
{
	fprintf(stderr, "kapimon hook: %s: %s\n", why->message, consequence);
	if (why->hint[0])
		fprintf(stderr, "kapimon hook: %s\n", why->hint);
}

/* Once: the counts at the end say how bad it was. */
static void look_for_full_disk(struct turn *turn)
{
	const struct source *ring = turn->chain->ring;
	const struct error *full = ring ? ring_source_full(ring) : NULL;
	struct error why;

	if (turn->told_full)
		return;
	if (full)
		tell_full(full, "the oldest calls that are kept go, and count as lost");
	else if (hook_sinks_waited(turn->sinks, &why))
		tell_full(&why, "calls wait in the kernel's buffer for the output, what finds no "
				"room there counts as lost");
	else
		return;
	turn->told_full = true;
}

static bool take_turn(void *context)
{
	struct turn *turn = context;

	look_for_full_disk(turn);
	if (turn->control)
		control_poll(turn->control, turn->chain->last, stderr);
	return is_over(turn) || ring_has_come_to(turn) || (turn->child && child_ended(turn->child));
}

static void tell_time(const char *what, uint64_t time)
{
	fprintf(stderr, "kapimon hook: %s in %.3f s\n", what, (double)time / 1e9);
}

static void tell_start(const struct source *source, uint64_t time)
{
	struct text times = TEXT_INIT;

	linux_source_times(source, &times);
	tell_lines("hook", text_string(&times));
	text_fini(&times);
	tell_time("started", time);
}

static void tell_cost(const struct source *source, const struct ledger *ledger)
{
	struct text cost = TEXT_INIT;

	linux_source_cost(source, ledger, &cost);
	tell_lines("hook", text_string(&cost));
	text_fini(&cost);
}

static int pump(struct hook_options *options, const struct chain *chain, struct hook_sinks *sinks,
		struct child *child, struct error *err)
{
	struct source *kernel = chain->kernel, *source = chain->last;
	struct turn turn = {
		.chain = chain, .sinks = sinks, .child = child, .count = options->spec.count};
	struct pump moving = {.source = source,
			      .sinks = sinks->sinks,
			      .n_sinks = sinks->n_sinks,
			      .stop = &interrupted,
			      .count = options->spec.count,
			      .finished = take_turn,
			      .context = &turn};
	uint64_t start = monotonic_ns();
	struct ledger ledger;
	int status;

	if (options->control) {
		turn.control = control_open(options->control, &options->spec, err);
		if (!turn.control)
			return -1;
	}
	if (options->cost)
		linux_source_count_cost(kernel);
	if (source->ops->apply(source, &options->spec, err)) {
		control_close(turn.control);
		return -1;
	}
	if (options->verbose) {
		tell_methods(source);
		tell_start(kernel, monotonic_ns() - start);
	}
	tell_lines("hook", linux_source_remarks(kernel));
	if (child && child_go(child, options->child[0], err)) {
		control_close(turn.control);
		return -1;
	}
	moving.deadline = options->time ? monotonic_ns() + options->time : 0;
	ledger_init(&ledger);
	status = pump_run(&moving, &ledger, err);
	control_close(turn.control);
	if (options->verbose)
		tell_time("detached", moving.stopping);
	if (options->cost)
		tell_cost(kernel, &ledger);
	tell_stacks("hook", kernel, options->verbose || options->spec.verify_stacks);
	/* It may have come while the recording was ended. */
	is_over(&turn);
	look_for_full_disk(&turn);
	if (chain->until && !turn.told)
		tell_lines("hook", "no call of --until has come");
	if (chain->ring)
		tell_kept(chain->ring);
	if (!status && !ledger_complete(&ledger))
		status = STATUS_INCOMPLETE;
	ledger_fini(&ledger);
	return status;
}

static int watch(struct hook_options *options, struct child *child, struct error *err)
{
	struct place_finder *places;
	struct hook_sinks sinks = {0};
	struct chain chain;
	int status = -1;

	if (chain_open(&chain, options, err))
		return -1;
	if (!symbol_options_begin(&options->symbols, &places, NULL, err) &&
	    !hook_sinks_open(&sinks, options, places, err)) {
		if (!options->output || options->print)
			symbol_options_prefetch(&options->symbols);
		status = pump(options, &chain, &sinks, child, err);
	}
	hook_sinks_close(&sinks);
	symbol_options_end(&options->symbols, "hook");
	chain.last->ops->close(chain.last);
	return status;
}

/* The recording is whole, with or without lines: what fails here is only told. */
static void add_symbols(const struct hook_options *options)
{
	struct symbol_options symbols = options->symbols;
	struct error err = {0};

	if (capture_symbols_add(&symbols, "hook", options->output, &err))
		tell_lines("hook", err.message);
}

/* Where each condition of --filter runs. */
static int explain(const struct hook_options *options, struct error *err)
{
	struct text text = TEXT_INIT;
	int status = filtering_explain(&options->spec, &text, err);

	if (!status && text_failed(&text))
		status = error_no_memory(err);
	if (!status)
		fputs(text.length ? text_string(&text) : "there is no filter\n", stdout);
	text_fini(&text);
	return status;
}

int command_hook(int argc, char **argv, struct error *err)
{
	struct hook_options options;
	struct child child;
	int status = hook_options_parse(argc, argv, &options, err);

	if (status) {
		hook_options_fini(&options);
		return status < 0 ? -1 : STATUS_OK;
	}
	if (options.explain) {
		status = explain(&options, err);
		hook_options_fini(&options);
		return status;
	}
	catch_signals();
	if (options.child) {
		if (child_start(options.child, &child, err)) {
			hook_options_fini(&options);
			return -1;
		}
		if (options.spec.children &&
		    spec_add_pid(&options.spec, (uint32_t)child.pid, err)) {
			child_fini(&child);
			hook_options_fini(&options);
			return -1;
		}
	}
	status = watch(&options, options.child ? &child : NULL, err);
	if (status >= 0 && options.with_symbols)
		add_symbols(&options);
	if (options.child)
		child_fini(&child);
	hook_options_fini(&options);
	return status;
}
