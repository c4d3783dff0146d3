/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_source.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/linux_engine.h"
#include "source/linux_cost.h"
#include "source/linux_times.h"
#include "source/linux_walker.h"
#include "source/linux_wanted.h"

#include "kapimon.skel.h"

struct linux_source {
	struct source source;
	struct engine engine;
	struct text remarks;
	bool told; /* the remarks were asked for: the next apply() begins anew */
	struct start_times times;
	struct cost cost;
	bool count_cost;
	bool stopped;
	bool drained;
};

static struct linux_source *self(struct source *source)
{
	return (struct linux_source *)source;
}

static struct hook *hook_create(struct engine *engine, const struct spec *spec,
				const struct spec_hook *wanted, const struct function *function,
				struct error *err)
{
	struct hook *hook = hook_new();
	struct api api = {.id = (uint32_t)engine->n_hooks, .returns_hooked = wanted->returns};

	if (!hook) {
		error_no_memory(err);
		return NULL;
	}
	hook->function = *function;
	hook->returns = wanted->returns;
	hook->pattern = strdup(wanted->pattern);
	hook->name = strdup(function->name);
	hook->module = function->module ? strdup(function->module) : NULL;
	if (!hook->pattern || !hook->name || (function->module && !hook->module)) {
		error_no_memory(err);
		goto fail;
	}
	hook->function.name = hook->name;
	hook->function.module = hook->module;
	if (symbols_describe(engine->symbols, &hook->function, (uint16_t)spec->string_length,
			     &engine->catalog.apis, &api, &hook->traits, err))
		goto fail;
	if (api_table_add(&engine->catalog.apis, &api, err)) {
		api_fini(&api);
		goto fail;
	}
	hook->api = api_table_find(&engine->catalog.apis, (uint32_t)engine->n_hooks);
	return hook;
fail:
	hook_destroy(hook);
	return NULL;
}

static int put_plan(struct engine *engine, const struct hook *hook, const struct kmn_hook *plan,
		    struct error *err)
{
	uint32_t id = hook->api->id;

	if (bpf_map_update_elem(bpf_map__fd(engine->object->maps.hooks), &id, plan, BPF_ANY))
		return error_set(err, "can't tell the programs about %s: %s", hook->name,
				 strerror(errno));
	return 0;
}

static void turn_off(struct engine *engine, struct hook *hook)
{
	struct kmn_hook off = {0};
	struct error ignored;

	put_plan(engine, hook, &off, &ignored);
	hook->leaving = true;
	ledger_mark(engine, true);
	hook->leaving = false;
	hook->on = false;
}

static bool still_wanted(const struct spec *spec, const struct hook *hook)
{
	for (size_t i = 0; i < spec->n_hooks; i++) {
		if (spec->hooks[i].on_load == hook->function.on_load &&
		    !strcmp(spec->hooks[i].pattern, hook->pattern) &&
		    spec->hooks[i].returns == hook->returns)
			return true;
	}
	return false;
}

static void describe_system(struct engine *engine)
{
	struct catalog *catalog = &engine->catalog;
	struct timespec wall;
	struct utsname name;
	uint64_t monotonic;

	if (catalog->kernel || uname(&name))
		return;
	monotonic = monotonic_ns();
	clock_gettime(CLOCK_REALTIME, &wall);
	catalog->clock_offset =
		(int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec - (int64_t)monotonic;
	catalog->kernel = strdup(name.release);
	catalog->machine = strdup(name.machine);
	catalog->host = strdup(name.nodename);
	catalog->processors = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
}

static int open_object(struct linux_source *source, size_t n_hooks, struct error *err)
{
	uint64_t start = monotonic_ns();

	if (engine_object_open(&source->engine, n_hooks, err))
		return -1;
	source->times.load = monotonic_ns() - start;
	return 0;
}

/* Names stand for a function or some: how much room they take is known before the symbols are. */
static bool only_names(const struct spec *spec)
{
	for (size_t i = 0; i < spec->n_hooks; i++) {
		if (spec->hooks[i].on_load || !wanted_by_name(spec->hooks[i].pattern))
			return false;
	}
	return true;
}

/* The object is opened while the symbols are being read, where that can be. */
static int find_and_open(struct linux_source *source, const struct spec *spec,
			 struct wanted *wanted, struct error *err)
{
	struct engine *engine = &source->engine;

	if (!engine->loaded && only_names(spec) && open_object(source, spec->n_hooks, err))
		return -1;
	if (wanted_find(engine, spec, wanted, &source->remarks, err))
		return -1;
	if (engine->loaded && !engine->n_hooks && wanted->n > engine->max_hooks)
		engine_object_close(engine);
	return engine->loaded ? 0 : open_object(source, wanted->n, err);
}

/* Put in what the spec wants beyond what is there. */
static int add_hooks(struct linux_source *source, const struct spec *spec, struct error *err)
{
	struct engine *engine = &source->engine;
	struct wanted wanted = {0};
	struct hook **new = NULL;
	size_t n_new = 0, failed = 0;
	uint64_t start;
	int code = -1;

	if (find_and_open(source, spec, &wanted, err))
		goto out;
	if (engine->n_hooks + wanted.n > engine->max_hooks) {
		error_set(err, "there is room for %zu hooks in this run, %zu are wanted",
			  engine->max_hooks, engine->n_hooks + wanted.n);
		goto out;
	}
	new = calloc(wanted.n ? wanted.n : 1, sizeof(*new));
	if (!new) {
		error_no_memory(err);
		goto out;
	}
	for (size_t i = 0; i < wanted.n; i++) {
		const struct wanted_function *each = &wanted.functions[i];
		struct hook *hook = hook_create(engine, spec, each->hook, &each->function, err);
		struct kmn_hook plan;

		if (!hook)
			goto out;
		if (engine_add(engine, hook, err)) {
			hook_destroy(hook);
			goto out;
		}
		new[n_new++] = hook;
		if (plan_hook(spec, hook, &engine->catalog.apis, &plan, err) ||
		    put_plan(engine, hook, &plan, err))
			goto out;
	}
	start = monotonic_ns();
	code = attach_hooks(engine, new, n_new, err);
	source->times.attach += monotonic_ns() - start;
	for (size_t i = 0; i < n_new; i++) {
		failed += !new[i]->on;
		/* Who names a function wants that one: what can't be had is no mere remark. */
		if (!new[i]->on && wanted_by_name(new[i]->pattern)) {
			code = -1;
			wanted_explain(engine, new[i]->pattern, err);
			break;
		}
	}
	if (code)
		goto out;
	if (failed)
		text_addf(&source->remarks,
			  "%zu of %zu functions could not be hooked; \"kapimon list --why NAME\" "
			  "tells why\n",
			  failed, n_new);
	code = 0;
out:
	wanted_fini(&wanted);
	free(new);
	return code;
}

static int follow_memory(struct linux_source *source, const struct spec *spec, struct error *err)
{
	uint64_t start;

	if (open_object(source, spec->n_hooks, err))
		return -1;
	start = monotonic_ns();
	if (memory_attach(&source->engine, err))
		return -1;
	source->times.attach += monotonic_ns() - start;
	return 0;
}

/* The programs on tracepoints; the others are attached hook by hook. */
static int follow_system(struct engine *engine)
{
	struct kapimon_bpf *object = engine->object;
	struct {
		struct bpf_program *program;
		struct bpf_link **link;
	} each[] = {
		{object->progs.module_loaded, &object->links.module_loaded},
		{object->progs.module_freed, &object->links.module_freed},
		{object->progs.process_forked, &object->links.process_forked},
		{object->progs.process_freed, &object->links.process_freed},
	};

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		if (!bpf_program__autoload(each[i].program))
			continue;
		*each[i].link = bpf_program__attach(each[i].program);
		if (!*each[i].link)
			return -1;
	}
	return 0;
}

/* With ftrace switched off hooks go in and never fire. */
static int check_ftrace(struct error *err)
{
	FILE *file = fopen("/proc/sys/kernel/ftrace_enabled", "re");
	int enabled = 1;

	if (!file)
		return 0;
	if (fscanf(file, "%d", &enabled) != 1)
		enabled = 1;
	fclose(file);
	if (enabled)
		return 0;
	error_set(err, "ftrace is switched off on this machine: no hook would ever fire");
	return error_hint(err, "switch it on: \"sysctl kernel.ftrace_enabled=1\"");
}

/* Every capture says what it was asked for. */
static int describe_spec(struct engine *engine, const struct spec *spec, struct error *err)
{
	struct text text = TEXT_INIT;

	spec_print(spec, &text);
	engine->catalog.spec = text_take(&text);
	return engine->catalog.spec ? 0 : error_no_memory(err);
}

static int first_apply(struct linux_source *source, const struct spec *spec, struct error *err)
{
	struct engine *engine = &source->engine;

	describe_system(engine);
	if (check_ftrace(err) || describe_spec(engine, spec, err))
		return -1;
	if (spec_copy(&engine->spec, spec, err))
		return -1;
	if (spec->memory && follow_memory(source, spec, err))
		return -1;
	if ((spec->n_hooks || !spec->memory) && add_hooks(source, spec, err))
		return -1;
	engine->buffers = buffers_create(engine, err);
	if (!engine->buffers)
		return -1;
	if (follow_system(engine))
		return error_set(err, "can't follow modules and processes: %s", strerror(errno));
	if (modules_start(engine, spec, err) || filters_apply(engine, spec, err))
		return -1;
	walker_start(engine);
	ledger_mark(engine, false);
	if (source->count_cost && cost_begin(&source->cost, err))
		return -1;
	engine->catalog.start = monotonic_ns();
	engine->recording = true;
	__atomic_store_n(&engine->object->data_config->config.stage, KMN_STAGE_RECORD,
			 __ATOMIC_RELEASE);
	if (memory_begin(engine, err))
		return -1;
	if (memory_caches_merged(engine))
		text_add(&source->remarks,
			 "the kernel has merged slab caches that are alike: one tag may stand for "
			 "several; slab_nomerge on its command line keeps them apart\n");
	return 0;
}

/* Comparisons and return filters belong to each hook's plan. */
static int replan(struct engine *engine, const struct spec *spec, struct error *err)
{
	for (size_t i = 0; i < engine->n_hooks; i++) {
		const struct hook *hook = engine->hooks[i];
		struct kmn_hook plan;

		if (hook->on && !hook->memory &&
		    (plan_hook(spec, hook, &engine->catalog.apis, &plan, err) ||
		     put_plan(engine, hook, &plan, err)))
			return -1;
	}
	return 0;
}

static int change(struct linux_source *source, const struct spec *spec, struct error *err)
{
	struct engine *engine = &source->engine;

	if (replan(engine, spec, err) || modules_start(engine, spec, err) ||
	    filters_apply(engine, spec, err) ||
	    buffers_resize(engine->buffers, spec->buffer, err) || add_hooks(source, spec, err))
		return -1;
	walker_verify(engine, spec->verify_stacks);
	ledger_mark(engine, false);
	for (size_t i = 0; i < engine->n_hooks; i++) {
		struct hook *hook = engine->hooks[i];

		if (hook->on && !hook->memory && !still_wanted(spec, hook)) {
			turn_off(engine, hook);
			detach_hook(engine, hook);
		}
	}
	spec_fini(&engine->spec);
	return spec_copy(&engine->spec, spec, err);
}

static int linux_apply(struct source *source, const struct spec *spec, struct error *err)
{
	struct linux_source *me = self(source);

	if (me->told)
		text_clear(&me->remarks);
	me->told = false;
	return me->engine.recording ? change(me, spec, err) : first_apply(me, spec, err);
}

static int learn(struct engine *engine, const struct kmn_header *const *records, size_t n,
		 struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct kmn_header *record = records[i];
		struct record_view view;

		if ((record->kind == KMN_MODULE_LOAD || record->kind == KMN_MODULE_UNLOAD) &&
		    modules_changed(engine, record, err))
			return -1;
		if (record->kind == KMN_FREE && engine->follower) {
			if (record_parse(record, record->length, &view, err) < 0 ||
			    memory_learn(engine, &view, err))
				return -1;
		}
	}
	return 0;
}

static int linux_next(struct source *source, int timeout_ms,
		      const struct kmn_header *const **records, size_t *n, struct error *err)
{
	struct linux_source *me = self(source);
	struct engine *engine = &me->engine;

	if (me->drained)
		return 0;
	memory_watch(engine);
	if (buffers_poll(engine->buffers, me->stopped ? 0 : timeout_ms, err) ||
	    buffers_release(engine->buffers, me->stopped, records, n, err) ||
	    learn(engine, *records, *n, err))
		return -1;
	if (!me->stopped)
		walker_follow(engine);
	/* After the stop one turn takes all there is: nothing new comes. */
	me->drained = me->stopped;
	return 1;
}

/* The last state of memory goes where what is recorded is described. */
static int keep_memory(struct engine *engine, struct error *err)
{
	struct memory *memory = malloc(sizeof(*memory));

	if (!memory)
		return error_no_memory(err);
	memory_settle(engine);
	memory_init(memory);
	if (memory_read(engine, memory, err)) {
		memory_fini(memory);
		free(memory);
		return -1;
	}
	engine->catalog.memory = memory;
	return 0;
}

static int linux_stop(struct source *source, struct error *err)
{
	struct linux_source *me = self(source);
	struct engine *engine = &me->engine;
	int code, cost;

	if (me->stopped || !engine->recording)
		return 0;
	code = memory_end(engine, err);
	__atomic_store_n(&engine->object->data_config->config.stage, KMN_STAGE_OUTSIDE,
			 __ATOMIC_RELEASE);
	engine->recording = false;
	cost = cost_end(&me->cost, engine, err);
	if (engine->follower)
		memory_stopped(engine);
	ledger_mark(engine, true);
	me->stopped = true;
	if (!code && engine->follower)
		code = keep_memory(engine, err);
	detach_all(engine);
	return code ? code : cost;
}

static int linux_ledger(struct source *source, struct ledger *ledger, struct error *err)
{
	return ledger_collect(&self(source)->engine, ledger, err);
}

static const struct catalog *linux_catalog(struct source *source)
{
	return &self(source)->engine.catalog;
}

static void linux_close(struct source *source)
{
	struct linux_source *me = self(source);
	struct engine *engine = &me->engine;

	cost_fini(&me->cost);
	detach_all(engine);
	memory_detach(engine);
	buffers_destroy(engine->buffers);
	if (engine->object)
		engine_object_close(engine);
	for (size_t i = 0; i < engine->n_hooks; i++)
		hook_destroy(engine->hooks[i]);
	free(engine->hooks);
	free(engine->multis);
	catalog_fini(&engine->catalog);
	names_destroy(engine->names);
	symbols_close(engine->symbols);
	spec_fini(&engine->spec);
	text_fini(&me->remarks);
	free(me);
}

static const struct source_ops linux_ops = {
	.name = "linux",
	.apply = linux_apply,
	.next = linux_next,
	.stop = linux_stop,
	.ledger = linux_ledger,
	.catalog = linux_catalog,
	.close = linux_close,
};

/*
 * Measured: 3 copies lose nothing; under full preemption it took 8. The environment may say
 * otherwise, for tests of what fewer copies miss.
 */
static unsigned choose_copies(bool fully_preemptible)
{
	const char *text = getenv("KAPIMON_COPIES");
	int n = text ? atoi(text) : 0;

	if (n >= 1 && n <= KMN_MAX_COPIES)
		return (unsigned)n;
	return fully_preemptible ? KMN_MAX_COPIES : 3;
}

struct source *linux_source_open(struct error *err)
{
	struct linux_source *source = calloc(1, sizeof(*source));
	struct engine *engine;

	if (!source) {
		error_no_memory(err);
		return NULL;
	}
	source->source.ops = &linux_ops;
	source->cost = (struct cost)COST_INIT;
	engine = &source->engine;
	spec_init(&engine->spec);
	if (catalog_init(&engine->catalog, err)) {
		free(source);
		return NULL;
	}
	engine->n_cpus = (unsigned)libbpf_num_possible_cpus();
	engine->fully_preemptible = kernel_fully_preemptible();
	engine->copies = choose_copies(engine->fully_preemptible);
	if (engine->n_cpus > KMN_MAX_CPUS) {
		error_set(err, "this machine has %u processors; %d can be watched", engine->n_cpus,
			  KMN_MAX_CPUS);
		linux_close(&source->source);
		return NULL;
	}
	if (symbols_open(&engine->symbols, err) || !(engine->names = names_create(engine, err))) {
		linux_close(&source->source);
		return NULL;
	}
	symbols_prefetch(engine->symbols);
	return &source->source;
}

void linux_source_module_file(struct source *source, const char *path)
{
	symbols_module_file(self(source)->engine.symbols, path, NULL);
}

int linux_source_memory(struct source *source, struct memory *memory, struct error *err)
{
	struct memory now;

	memory_init(&now);
	if (memory_read(&self(source)->engine, &now, err)) {
		memory_fini(&now);
		return -1;
	}
	*memory = now;
	return 0;
}

void linux_source_times(const struct source *source, struct text *text)
{
	const struct linux_source *me = (const struct linux_source *)source;

	start_times_print(&me->engine, &me->times, text);
}

void linux_source_count_cost(struct source *source)
{
	self(source)->count_cost = true;
}

void linux_source_cost(const struct source *source, const struct ledger *ledger, struct text *text)
{
	const struct linux_source *me = (const struct linux_source *)source;

	cost_print(&me->cost, &me->engine, ledger, text);
}

void linux_source_stacks(struct source *source, bool counts, struct text *text)
{
	struct engine *engine = &self(source)->engine;
	struct kmn_walk_counts sum;
	struct error ignored;

	if (!engine->loaded)
		return;
	if (counts && !walker_counts(engine, &sum, &ignored))
		walker_counts_print(engine, &sum, text);
	walker_difference_print(engine, text);
}

const char *linux_source_remarks(struct source *source)
{
	struct linux_source *me = self(source);

	me->told = true;
	return text_string(&me->remarks);
}
