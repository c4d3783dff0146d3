/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder: which method hooks a function. Trampolines (fentry, fexit) in several copies lose no
 * nested call, but each costs the kernel a grace period to put in and some more to take out; so
 * they serve a handful of functions, or any number with --exact. kprobe.multi puts thousands in at
 * once and the kernel counts what it skips; where the kernel has no kprobe.multi, one kprobe event
 * takes them. Functions of modules that are not loaded have kprobe events of their own. Single
 * kprobes take what is left.
 */
#include "source/linux_engine.h"
#include "source/linux_events.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parallel.h"

#define DETACH_THREADS 16

static int take_slot(struct engine *engine, struct program *program, struct error *err)
{
	if (engine->n_slots == engine->max_slots)
		return error_set(err, "no room for the counters of more hooks");
	program->slot = engine->n_slots++;
	program->program_fd = program->event_fd = program->link_fd = -1;
	return 0;
}

static int take_slots(struct engine *engine, struct hook *hook, struct error *err)
{
	hook->copies = 1;
	if (take_slot(engine, &hook->programs[POINT_ENTRY][0], err) ||
	    (hook->returns && take_slot(engine, &hook->programs[POINT_RETURN][0], err)))
		return -1;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void programs_close(struct hook *hook)
{
	for (int point = 0; point < N_POINTS; point++) {
		for (unsigned copy = 0; copy < KMN_MAX_COPIES; copy++) {
			close_fd(&hook->programs[point][copy].link_fd);
			close_fd(&hook->programs[point][copy].event_fd);
			close_fd(&hook->programs[point][copy].program_fd);
		}
	}
}

/* Why a trampoline can't have this function; NULL: it may. */
static const char *no_trampoline(const struct engine *engine, const struct hook *hook)
{
	const struct function *function = &hook->function;

	if (!engine->abilities.fentry)
		return "this kernel has no BPF trampolines";
	if (!function->has_btf)
		return "it has no BTF of its own";
	if (function->duplicate)
		return "several functions have its name and BTF can't tell them apart";
	if (function->traced_known && !function->traceable)
		return "ftrace can't reach it";
	if (hook->traits.variadic)
		return "it takes a variable number of arguments";
	if (hook->traits.memory_param)
		return "it takes a struct of more than 16 bytes by value";
	if (hook->traits.struct_result)
		return "it returns a struct";
	if (hook->traits.words > engine->abilities.fentry_args)
		return "it takes more arguments than a trampoline passes on";
	return NULL;
}

/* Copies are put in from the highest down: the kernel runs the one that came last first. */
static int trampoline_point(struct hook *hook, enum point point, struct error *err)
{
	for (unsigned i = hook->copies; i-- > 0;) {
		struct program *program = &hook->programs[point][i];
		int link;

		link = bpf_link_create(program->program_fd, 0,
				       point == POINT_ENTRY ? BPF_TRACE_FENTRY : BPF_TRACE_FEXIT,
				       NULL);
		if (link < 0)
			return error_set(err, "no trampoline on %s: %s", hook->name,
					 link == -524 /* ENOTSUPP */
						 ? "the kernel can't pass its arguments on"
						 : strerror(-link));
		program->link_fd = link;
	}
	return 0;
}

static int trampoline_slots(struct engine *engine, struct hook *hook, struct error *err)
{
	hook->copies = engine->copies;
	for (int point = 0; point < (hook->returns ? N_POINTS : 1); point++) {
		for (unsigned i = 0; i < hook->copies; i++) {
			if (take_slot(engine, &hook->programs[point][i], err))
				return -1;
		}
	}
	return 0;
}

static int attach_trampoline(struct engine *engine, struct hook *hook, struct error *err)
{
	uint32_t slots = engine->n_slots;
	int btf_fd = 0, code;

	if (hook->module && btf_types_module_fd(hook->module, &btf_fd, err))
		return -1;
	code = trampoline_slots(engine, hook, err);
	if (!code)
		code = clones_load(engine, hook, btf_fd, err);
	if (!code && hook->returns)
		code = trampoline_point(hook, POINT_RETURN, err);
	if (!code)
		code = trampoline_point(hook, POINT_ENTRY, err);
	if (btf_fd > 0)
		close(btf_fd);
	if (code) {
		programs_close(hook);
		/* Nothing has counted there yet: the calls that came were outside the recording. */
		engine->n_slots = slots;
		return -1;
	}
	hook->api->method = METHOD_FENTRY;
	return 0;
}

/* Of the programs that hooks share, those that these hooks need. */
static int put_in_place(struct engine *engine, struct hook *const *hooks, size_t n,
			enum template_id entry, enum template_id at_return, struct error *err)
{
	bool returns = false;

	for (size_t i = 0; i < n; i++)
		returns |= hooks[i]->returns;
	if (template_put_in_place(&engine->templates[entry], err))
		return -1;
	return returns ? template_put_in_place(&engine->templates[at_return], err) : 0;
}

static int attach_kprobe(struct engine *engine, struct hook *hook, struct error *err)
{
	hook->copies = 1;
	if (put_in_place(engine, &hook, 1, TEMPLATE_KPROBE, TEMPLATE_KRETPROBE, err))
		return -1;
	if ((hook->returns && (take_slot(engine, &hook->programs[POINT_RETURN][0], err) ||
			       probe_attach(engine, hook, POINT_RETURN, err))) ||
	    take_slot(engine, &hook->programs[POINT_ENTRY][0], err) ||
	    probe_attach(engine, hook, POINT_ENTRY, err)) {
		programs_close(hook);
		return -1;
	}
	hook->api->method = METHOD_KPROBE;
	return 0;
}

static int attach_one(struct engine *engine, struct hook *hook, struct error *err)
{
	const char *why = no_trampoline(engine, hook);
	struct error refused = {0};

	if (!why) {
		if (!attach_trampoline(engine, hook, &refused))
			return 0;
		why = refused.message;
	}
	snprintf(hook->refused, sizeof(hook->refused), "%s", why);
	if (attach_kprobe(engine, hook, err))
		return -1;
	return 0;
}

static void abilities_find(struct engine *engine, struct hook *const *hooks, size_t n)
{
	if (!engine->abilities.known) {
		/* Without BPF trampolines no program of the kind loads, and kprobes serve. */
		engine->abilities.fentry = true;
		/* Stack arguments since 6.7 (473e3150e30a, "bpf, x86: allow function arguments up
		   to 12 for TRACING"); a refusal of more falls back to a kprobe by itself. */
		engine->abilities.fentry_args = 12;
		engine->abilities.known = true;
		engine->abilities.kprobe_multi = false;
		if (n > TRAMPOLINES_AT_MOST)
			engine->abilities.kprobe_multi = probe_multi_works(engine);
	}
}

/* Mass attachment; hooks that kprobe.multi can't have are left for the single methods. */
static int attach_many(struct engine *engine, struct hook **hooks, size_t n, struct hook **left,
		       size_t *n_left, struct error *err)
{
	struct hook **together = calloc(n, sizeof(*together));
	size_t n_together = 0;

	*n_left = 0;
	if (!together)
		return error_no_memory(err);
	for (size_t i = 0; i < n; i++) {
		/* One address that ftrace does not know would make the whole link fail. */
		if (hooks[i]->function.traceable && hooks[i]->function.address &&
		    !hooks[i]->function.on_load)
			together[n_together++] = hooks[i];
		else
			left[(*n_left)++] = hooks[i];
	}
	for (size_t i = 0; i < n_together; i++) {
		if (take_slots(engine, together[i], err)) {
			free(together);
			return -1;
		}
	}
	if (n_together && (put_in_place(engine, together, n_together, TEMPLATE_MULTI,
					TEMPLATE_MULTI_RETURN, err) ||
			   probe_attach_multi(engine, together, n_together, err))) {
		free(together);
		return -1;
	}
	for (size_t i = 0; i < n_together; i++) {
		together[i]->multi = true;
		together[i]->api->method = METHOD_KPROBE_MULTI;
	}
	free(together);
	return 0;
}

/* The same without kprobe.multi. Hooks of modules that are not loaded are left. */
static int attach_events(struct engine *engine, struct hook **hooks, size_t n, struct hook **left,
			 size_t *n_left, struct error *err)
{
	struct hook **together = calloc(n, sizeof(*together));
	size_t n_together = 0;
	int code = 0;

	*n_left = 0;
	if (!together)
		return error_no_memory(err);
	for (size_t i = 0; !code && i < n; i++) {
		if (hooks[i]->function.on_load) {
			left[(*n_left)++] = hooks[i];
		} else {
			together[n_together++] = hooks[i];
			code = take_slots(engine, hooks[i], err);
		}
	}
	if (!code && n_together)
		code = put_in_place(engine, together, n_together, TEMPLATE_KPROBE,
				    TEMPLATE_KRETPROBE, err);
	if (!code && n_together)
		code = events_attach_many(engine, together, n_together, err);
	for (size_t i = 0; i < n_together; i++)
		together[i]->on = together[i]->api->method == METHOD_KPROBE_EVENT;
	free(together);
	return code;
}

static int attach_on_load(struct engine *engine, struct hook *hook, struct error *err)
{
	if (put_in_place(engine, &hook, 1, TEMPLATE_KPROBE, TEMPLATE_KRETPROBE, err) ||
	    take_slots(engine, hook, err))
		return -1;
	return events_attach_named(engine, hook, err);
}

int attach_hooks(struct engine *engine, struct hook **hooks, size_t n, struct error *err)
{
	struct hook **left = calloc(n ? n : 1, sizeof(*left));
	struct hook **todo = hooks;
	size_t n_todo = n, failed = 0;
	bool many = engine->spec.exact == SPEC_EXACT_NO ||
		    (engine->spec.exact == SPEC_EXACT_AUTO && n > TRAMPOLINES_AT_MOST);
	struct error first = {0};

	if (!left)
		return error_no_memory(err);
	engine_object_set_addresses(engine);
	abilities_find(engine, hooks, n);
	if (many && !engine->abilities.kprobe_multi && engine->spec.exact == SPEC_EXACT_NO)
		engine->abilities.kprobe_multi = probe_multi_works(engine);
	if (many && engine->abilities.kprobe_multi) {
		if (attach_many(engine, hooks, n, left, &n_todo, err)) {
			free(left);
			return -1;
		}
		todo = left;
	} else if (many && n > 1 && events_possible()) {
		if (attach_events(engine, hooks, n, left, &n_todo, err)) {
			free(left);
			return -1;
		}
		todo = left;
	}
	for (size_t i = 0; i < n_todo; i++) {
		struct error each = {0};
		struct hook *hook = todo[i];
		int code = hook->function.on_load ? attach_on_load(engine, hook, &each)
			   : many		  ? attach_kprobe(engine, hook, &each)
						  : attach_one(engine, hook, &each);

		hook->on = !code;
		if (code && !failed++)
			first = each;
	}
	for (size_t i = 0; i < n; i++) {
		if (hooks[i]->multi)
			hooks[i]->on = true;
	}
	free(left);
	if (failed && failed == n) {
		*err = first;
		return -1;
	}
	return 0;
}

struct closing {
	int *fds;
	size_t n;
};

static void close_one(size_t i, void *context)
{
	const struct closing *closing = context;

	close(closing->fds[i]);
}

static void collect_fd(struct closing *closing, int *fd)
{
	if (*fd >= 0)
		closing->fds[closing->n++] = *fd;
	*fd = -1;
}

/* In threads, however few the processors: each close waits for the kernel to let go. */
static void close_all(struct closing *closing)
{
	parallel_run(closing->n, DETACH_THREADS, close_one, closing);
	closing->n = 0;
}

void detach_all(struct engine *engine)
{
	size_t capacity = engine->n_hooks * N_POINTS * KMN_MAX_COPIES * 3 + 2;
	struct closing closing = {.fds = calloc(capacity, sizeof(int))};

	for (size_t i = 0; i < engine->n_multis; i++) {
		for (int point = 0; point < N_POINTS; point++)
			close_fd(&engine->multis[i].link_fd[point]);
		free(engine->multis[i].hooks);
		engine->multis[i].hooks = NULL;
	}
	events_detach(engine);
	if (!closing.fds) {
		for (size_t i = 0; i < engine->n_hooks; i++)
			programs_close(engine->hooks[i]);
		return;
	}
	/* Links before the events and programs that they stand on. */
	for (size_t i = 0; i < engine->n_hooks; i++) {
		for (unsigned j = 0; j < N_POINTS * KMN_MAX_COPIES; j++)
			collect_fd(&closing,
				   &engine->hooks[i]
					    ->programs[j / KMN_MAX_COPIES][j % KMN_MAX_COPIES]
					    .link_fd);
	}
	close_all(&closing);
	for (size_t i = 0; i < engine->n_hooks; i++) {
		for (unsigned j = 0; j < N_POINTS * KMN_MAX_COPIES; j++) {
			struct program *program =
				&engine->hooks[i]->programs[j / KMN_MAX_COPIES][j % KMN_MAX_COPIES];

			collect_fd(&closing, &program->event_fd);
			collect_fd(&closing, &program->program_fd);
		}
	}
	close_all(&closing);
	free(closing.fds);
}

void detach_hook(struct engine *engine, struct hook *hook)
{
	(void)engine;
	/* What shares a link or an event goes with it; until then it is only turned off. */
	if (!hook->multi)
		programs_close(hook);
}
