/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <windows.h>

#include "model/memory.h"
#include "model/spec.h"
#include "source/merge.h"
#include "source/nt_hooks.h"
#include "source/nt_modules.h"
#include "source/nt_pool_counters.h"
#include "source/nt_put.h"
#include "source/nt_routines.h"
#include "source/nt_spec.h"
#include "source/nt_targets.h"

#define READ_BYTES (1u << 20)
/* How late a record can be: it is written by a thread that may lose its processor meanwhile, ns. */
#define WINDOW 50000000ull

struct nt_source {
	struct source base;
	struct nt_device *device;
	struct trace_system system;
	struct nt_names names;
	struct nt_modules modules;
	struct catalog catalog;
	struct merge *merge;
	char tag[5];
	struct nt_hooks hooks;
	struct spec spec;	    /* in force, once applied */
	struct trace_filter filter; /* the same */
	bool applied, stopped;
	bool memory, filtered;
	bool log;	   /* each allocation and free has a record */
	uint64_t capacity; /* blocks of memory that are followed at most */
	struct nt_pool_counters counters[NT_POOL_MOMENTS];
	struct trace_unhooked unhooked;
	struct trace_awaited *awaited; /* at the end */
	size_t n_awaited;
	size_t left_out;      /* functions on load that can't be hooked */
	unsigned char *bytes; /* READ_BYTES */
};

static struct nt_source *source_of(struct source *source)
{
	return (struct nt_source *)source;
}

static int change_hooks(struct nt_source *source, const struct spec *spec, struct error *err)
{
	struct nt_putter putter = {
		.device = source->device,
		.names = &source->names,
		.apis = &source->catalog.apis,
		.pointer = source->system.pointer,
		.no_loads = source->modules.no_loads,
		.n_hooks = &source->hooks.n,
	};
	const struct nt_hooks_driver driver = {&putter, nt_put_hook, nt_take_hook};
	struct nt_wishes wishes = {0};
	int code = nt_targets_find(&source->names, spec, source->applied ? &source->spec : NULL,
				   &wishes, &source->left_out, err);

	if (!code)
		code = nt_hooks_change(&source->hooks, &wishes, &driver, err);
	nt_wishes_fini(&wishes);
	return code;
}

static int make_filter(struct nt_source *source, const struct spec *spec,
		       struct trace_filter *filter, struct error *err)
{
	*filter = (struct trace_filter){0};
	memcpy(filter->tag, source->tag, sizeof(filter->tag));
	if (!spec->stacks && (spec->exclude_modules.count || spec->only_modules.count))
		return error_usage(err,
				   "without stacks it can't be told which modules are in them");
	if (nt_modules_mask(&source->modules, &spec->exclude_modules, &filter->exclude, err) ||
	    nt_modules_mask(&source->modules, &spec->only_modules, &filter->require, err))
		return -1;
	return 0;
}

static int set_filter(struct nt_source *source, const struct trace_filter *filter,
		      struct error *err)
{
	return nt_device_ask(source->device, TRACE_FILTER, filter, sizeof(*filter), NULL, 0, err) <
			       0
		       ? -1
		       : 0;
}

/* While hooks are in: a new size of the buffers. */
static int start(struct nt_source *source, const struct spec *spec, struct error *err)
{
	struct trace_start start = {
		.buffer = TRACE_MIN_BUFFER,
		.frames = spec->stacks ? TRACE_MAX_FRAMES : 0,
		.blocks = spec->memory ? (uint32_t)spec->memory_blocks : 0,
	};

	while (start.buffer < spec->buffer && start.buffer < TRACE_MAX_BUFFER)
		start.buffer *= 2;
	return nt_device_ask(source->device, TRACE_START, &start, sizeof(start), NULL, 0, err) < 0
		       ? -1
		       : 0;
}

/* Every capture says what it was asked for. */
static int describe_spec(struct nt_source *source, const struct spec *spec, struct error *err)
{
	struct text text = TEXT_INIT;

	spec_print(spec, &text);
	source->catalog.spec = text_take(&text);
	return source->catalog.spec ? 0 : error_no_memory(err);
}

/* See nt_modules_learn(). Hooks of what has gone are out. */
static int learn_modules(struct nt_source *source, uint64_t until, struct error *err)
{
	if (nt_modules_learn(&source->modules, until, err))
		return -1;
	for (size_t i = 0; i < source->names.n_modules; i++)
		if (!nt_module_is_here(source->names.modules[i]))
			nt_hooks_gone(&source->hooks, source->names.modules[i]);
	return 0;
}

static int first_apply(struct nt_source *source, const struct spec *spec,
		       struct trace_filter *filter, struct error *err)
{
	source->memory = spec->memory;
	source->capacity = spec->memory_blocks;
	if (describe_spec(source, spec, err))
		return -1;
	if ((spec->memory && nt_pool_counters_read(&source->counters[NT_POOL_BEFORE], err)) ||
	    start(source, spec, err) || make_filter(source, spec, filter, err) ||
	    learn_modules(source, 0, err) || set_filter(source, filter, err) ||
	    change_hooks(source, spec, err))
		return -1;
	return spec->memory ? nt_pool_counters_read(&source->counters[NT_POOL_HOOKED], err) : 0;
}

/* Buffers and filter are settled before new hooks come; they are the old ones again when they
 * don't. */
static int change(struct nt_source *source, const struct spec *spec, struct trace_filter *filter,
		  struct error *err)
{
	struct error ignored;

	if (nt_spec_check_change(&source->spec, spec, err) || learn_modules(source, 0, err) ||
	    make_filter(source, spec, filter, err) || start(source, spec, err))
		return -1;
	if (set_filter(source, filter, err))
		goto fail;
	if (!change_hooks(source, spec, err))
		return 0;
fail:
	set_filter(source, &source->filter, &ignored);
	start(source, &source->spec, &ignored);
	return -1;
}

static int source_apply(struct source *base, const struct spec *spec, struct error *err)
{
	struct nt_source *source = source_of(base);
	struct trace_filter filter;
	struct spec copy;
	int code;

	if (spec_copy(&copy, spec, err))
		return -1;
	code = source->applied ? change(source, spec, &filter, err)
			       : first_apply(source, spec, &filter, err);
	if (code) {
		spec_fini(&copy);
		return -1;
	}
	spec_fini(&source->spec);
	source->spec = copy;
	source->filter = filter;
	source->filtered |= spec->exclude_modules.count || spec->only_modules.count;
	source->applied = true;
	return 0;
}

/* What is in the driver's buffers. Returns how many bytes came, or -1. */
static long take(struct nt_source *source, struct error *err)
{
	long got =
		nt_device_ask(source->device, TRACE_READ, NULL, 0, source->bytes, READ_BYTES, err);

	if (got < 0)
		return -1;
	for (size_t at = 0; at < (size_t)got;) {
		struct record_view view;
		int length = record_parse(source->bytes + at, (size_t)got - at, &view, err);

		if (length < 0 || merge_add(source->merge, view.header, err))
			return -1;
		at += (size_t)length;
	}
	return got;
}

/*
 * Records in order, and between those before and after a module came, the module. now: what is
 * older is settled.
 */
static int release(struct nt_source *source, uint64_t now, const struct kmn_header *const **records,
		   size_t *n, struct error *err)
{
	for (;;) {
		uint64_t next = source->modules.next;

		if (!next || (!source->stopped && next + WINDOW > now))
			return merge_release(source->merge, now, source->stopped, records, n, err);
		if (merge_release(source->merge, next + WINDOW, false, records, n, err))
			return -1;
		if (*n)
			return 0;
		if (learn_modules(source, next, err))
			return -1;
	}
}

static int source_next(struct source *base, int timeout_ms,
		       const struct kmn_header *const **records, size_t *n, struct error *err)
{
	struct nt_source *source = source_of(base);
	struct trace_system system;
	long got;

	/* What is older than this has been read, from every processor, when all of it came. */
	if (nt_device_ask(source->device, TRACE_SYSTEM, NULL, 0, &system, sizeof(system), err) < 0)
		return -1;
	do {
		got = take(source, err);
		/* A record that did not fit stays there. */
	} while (got > (source->stopped ? 0 : (long)(READ_BYTES - KMN_MAX_RECORD)));
	if (got < 0)
		return -1;
	if (system.changes != source->modules.changes && learn_modules(source, 0, err))
		return -1;
	source->modules.changes = system.changes;
	if (release(source, system.time, records, n, err))
		return -1;
	if (source->stopped)
		return *n > 0;
	if (got < (long)READ_BYTES / 2 && timeout_ms > 0)
		Sleep(timeout_ms < 20 ? (DWORD)timeout_ms : 20);
	return 1;
}

/* Frees that had no slot for their return, and so were not followed. */
static int count_missed_frees(struct nt_source *source, uint64_t *missed, struct error *err)
{
	struct trace_row *rows;
	size_t n;

	*missed = 0;
	if (nt_device_list(source->device, TRACE_LEDGER, sizeof(*rows), (void **)&rows, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct api *api = api_table_find(&source->catalog.apis, rows[i].hook);

		if (api && nt_routine_frees(api->name))
			*missed += rows[i].missed;
	}
	free(rows);
	return 0;
}

static int make_memory(struct nt_source *source, const struct nt_pool_state *state,
		       struct error *err)
{
	struct memory *memory = malloc(sizeof(*memory));
	struct trace_system system;

	if (!memory)
		return error_no_memory(err);
	memory_init(memory);
	source->catalog.memory = memory;
	if (nt_device_ask(source->device, TRACE_SYSTEM, NULL, 0, &system, sizeof(system), err) < 0)
		return -1;
	memory->start = source->catalog.start;
	memory->end = system.time;
	memory->capacity = source->capacity;
	if (nt_memory_fill(state, memory, source->catalog.stacks) ||
	    (!source->filtered && nt_memory_check(state, source->counters, source->tag, memory)))
		return error_no_memory(err);
	return 0;
}

/* What became of memory goes where what is recorded is described. */
static int keep_memory(struct nt_source *source, struct error *err)
{
	struct nt_pool_state state = {0};
	struct trace_block *blocks = NULL;
	struct trace_tag *tags = NULL;
	int code;

	code = nt_pool_counters_read(&source->counters[NT_POOL_AFTER], err);
	if (!code)
		code = nt_device_list(source->device, TRACE_BLOCKS, sizeof(*blocks),
				      (void **)&blocks, &state.n_blocks, err);
	if (!code)
		code = nt_device_list(source->device, TRACE_TAGS, sizeof(*tags), (void **)&tags,
				      &state.n_tags, err);
	if (!code)
		code = count_missed_frees(source, &state.missed, err);
	state.blocks = blocks;
	state.tags = tags;
	if (!code)
		code = make_memory(source, &state, err);
	free(tags);
	free(blocks);
	return code;
}

static int source_stop(struct source *base, struct error *err)
{
	struct nt_source *source = source_of(base);

	if (source->stopped)
		return 0;
	if (source->memory && nt_pool_counters_read(&source->counters[NT_POOL_UNHOOKING], err))
		return -1;
	if (nt_device_ask(source->device, TRACE_UNHOOK, NULL, 0, &source->unhooked,
			  sizeof(source->unhooked), err) < 0)
		return -1;
	source->stopped = true;
	if (nt_device_list(source->device, TRACE_AWAITED, sizeof(*source->awaited),
			   (void **)&source->awaited, &source->n_awaited, err))
		return -1;
	return source->memory ? keep_memory(source, err) : 0;
}

static struct ledger_row row_of(const struct trace_row *row)
{
	return (struct ledger_row){
		.hook = row->hook,
		.point = row->is_return ? LEDGER_RETURN : LEDGER_ENTRY,
		.hits = row->hits,
		.recorded = row->recorded,
		.filtered = row->filtered,
		.lost = row->lost,
		.suspended = row->suspended,
		.missed = row->missed,
		.first_lost = row->first_lost,
		.last_lost = row->last_lost,
	};
}

/*
 * The row of a hook that records allocations or frees: that of the point where it does. rows: of
 * its entry and its return. What is not awaited for want of a slot is missed by both.
 */
static struct ledger_row log_row(const struct api *api, const struct trace_row rows[2])
{
	struct ledger_row row = row_of(&rows[nt_routine_frees(api->name) ? 0 : 1]);

	row.point = LEDGER_ENTRY;
	row.missed = rows[1].missed;
	return row;
}

static int source_ledger(struct source *base, struct ledger *ledger, struct error *err)
{
	struct nt_source *source = source_of(base);
	struct trace_row *rows;
	size_t n;
	int code = 0;

	if (nt_device_list(source->device, TRACE_LEDGER, sizeof(*rows), (void **)&rows, &n, err))
		return -1;
	/* Two for each hook, the entry's first. */
	for (size_t i = 0; i + 1 < n && !code; i += 2) {
		const struct api *api = api_table_find(&source->catalog.apis, rows[i].hook);
		struct ledger_row row;

		if (!api)
			continue;
		row = api->typed ? log_row(api, &rows[i]) : row_of(&rows[i]);
		code = ledger_add(ledger, &row, err);
		if (!code && api->returns_hooked) {
			row = row_of(&rows[i + 1]);
			code = ledger_add(ledger, &row, err);
		}
	}
	free(rows);
	return code;
}

static const struct catalog *source_catalog(struct source *base)
{
	return &source_of(base)->catalog;
}

static void source_close(struct source *base)
{
	struct nt_source *source = source_of(base);

	nt_device_close(source->device);
	nt_hooks_fini(&source->hooks);
	spec_fini(&source->spec);
	nt_names_fini(&source->names);
	catalog_fini(&source->catalog);
	for (int i = 0; i < NT_POOL_MOMENTS; i++)
		nt_pool_counters_fini(&source->counters[i]);
	merge_destroy(source->merge);
	free(source->awaited);
	free(source->bytes);
	free(source);
}

static const struct source_ops ops = {
	.name = "nt",
	.apply = source_apply,
	.next = source_next,
	.stop = source_stop,
	.ledger = source_ledger,
	.catalog = source_catalog,
	.close = source_close,
};

static int fill_catalog(struct nt_source *source, struct error *err)
{
	struct catalog *catalog = &source->catalog;
	const struct trace_system *system = &source->system;
	char kernel[64], host[MAX_COMPUTERNAME_LENGTH + 1] = "";
	DWORD length = sizeof(host);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	catalog->clock_offset =
		(int64_t)now.tv_sec * 1000000000 + now.tv_nsec - (int64_t)system->time;
	catalog->start = system->time;
	catalog->processors = system->processors;
	snprintf(kernel, sizeof(kernel), "NT %u.%u.%u%s", system->major, system->minor,
		 system->build, system->guards & TRACE_WINE ? " (Wine)" : "");
	GetComputerNameA(host, &length);
	catalog->kernel = strdup(kernel);
	catalog->machine = strdup(system->pointer == 8 ? "x86_64" : "i386");
	catalog->host = strdup(host);
	catalog->resolve = nt_names_resolve;
	catalog->resolver = &source->names;
	if (!catalog->kernel || !catalog->machine || !catalog->host)
		return error_no_memory(err);
	return 0;
}

/* Where hooks would bring the machine down, or can't be. */
static int check_guards(const struct trace_system *system, struct error *err)
{
	if (system->guards & TRACE_HVCI)
		return error_set(err,
				 "memory integrity (HVCI) is on: no code of this kernel can be "
				 "changed, so nothing can be hooked");
	if (system->guards & TRACE_PATCHGUARD && !getenv("KAPIMON_PATCHGUARD_IS_OFF")) {
		error_set(err, "this kernel checks its own code (PatchGuard) and would stop the "
			       "machine when it finds a hook");
		return error_hint(err, "start it with a kernel debugger attached, which turns "
				       "PatchGuard off, and set KAPIMON_PATCHGUARD_IS_OFF=1");
	}
	return 0;
}

struct source *nt_source_open(struct nt_symbols *symbols, bool all, struct error *err)
{
	struct nt_source *source = calloc(1, sizeof(*source));

	if (!source) {
		error_no_memory(err);
		return NULL;
	}
	if (catalog_init(&source->catalog, err)) {
		free(source);
		return NULL;
	}
	source->base.ops = &ops;
	source->names.symbols = symbols;
	source->names.all = all;
	source->device = nt_device_open(&source->system, err);
	if (!source->device || check_guards(&source->system, err) ||
	    nt_names_init(&source->names, source->device, err) || fill_catalog(source, err))
		goto fail;
	source->modules = (struct nt_modules){
		.names = &source->names,
		.device = source->device,
		.table = &source->catalog.modules,
		.no_loads = source->system.guards & TRACE_NO_LOADS,
	};
	source->merge = merge_create(source->system.processors, WINDOW);
	source->bytes = malloc(READ_BYTES);
	if (source->merge && source->bytes)
		return &source->base;
	error_no_memory(err);
fail:
	source_close(&source->base);
	return NULL;
}

const struct nt_names *nt_source_names(const struct source *source)
{
	return &((const struct nt_source *)source)->names;
}

void nt_source_set_tag(struct source *source, const char *tag)
{
	snprintf(source_of(source)->tag, sizeof(source_of(source)->tag), "%s", tag);
}

const struct trace_unhooked *nt_source_unhooked(const struct source *source)
{
	return &((const struct nt_source *)source)->unhooked;
}

const struct trace_awaited *nt_source_awaited(const struct source *source, size_t *n,
					      size_t *left_out)
{
	const struct nt_source *nt = (const struct nt_source *)source;

	*n = nt->n_awaited;
	*left_out = nt->left_out;
	return nt->awaited;
}

bool nt_source_counts_pool(const struct source *source)
{
	return ((const struct nt_source *)source)->counters[NT_POOL_AFTER].n;
}
