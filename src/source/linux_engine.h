/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux engine's parts and how they fit: linux_source.c is the source that the pump sees and
 * owns everything; linux_wanted.c finds the functions that a spec asks for; linux_object.c opens
 * and sizes the BPF object, linux_template.c keeps its programs for when they are needed;
 * linux_plan.c says what a hook records and filters; linux_attach.c puts hooks in and out, through
 * linux_clone.c (trampolines) and linux_probe.c (kprobes); linux_buffers.c moves records out of the
 * per-CPU buffers and merge.c puts them in order; linux_filters.c and linux_modules.c tell the
 * programs what to keep; linux_walker.c has stacks walked; linux_ledger.c adds up what became of
 * every call, linux_cost.c what it cost. Nothing outside src/source/linux* and kernel/linux knows
 * BPF.
 */
#ifndef SOURCE_LINUX_ENGINE_H
#define SOURCE_LINUX_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf.h>

#include "base/clock.h"
#include "base/error.h"
#include "linux/memory_shared.h"
#include "model/api.h"
#include "model/catalog.h"
#include "model/ledger.h"
#include "model/memory.h"
#include "model/record.h"
#include "model/spec.h"
#include "source/linux_prologue.h"
#include "source/linux_template.h"
#include "symbol/symbols.h"

struct events;
struct follower;
struct kapimon_bpf;

/* More functions than this are hooked by the method that is fast to put in. */
#define TRAMPOLINES_AT_MOST 16

enum point { POINT_ENTRY, POINT_RETURN, N_POINTS };

/* One program on one function: a copy of the hook's entry or return side. */
struct program {
	int program_fd;		/* -1: a shared one (kprobe) */
	int event_fd;		/* perf event of a kprobe, else -1 */
	int link_fd;		/* -1: not attached */
	uint32_t slot;		/* of its counters */
	uint64_t misses_before; /* the kernel's count when recording began */
	uint64_t misses_after;	/* the same when it ended */
	bool marked;		/* misses_before holds */
	bool settled;		/* misses_after holds */
	uint64_t fired;		/* the kernel's count of hits of a kprobe event's probe */
};

struct hook {
	struct api *api; /* in the catalog; its id is the hook's number */
	char *pattern;	 /* the spec's pattern that asked for it */
	struct function function;
	char *name, *module; /* function's strings, owned: the symbols' may go */
	struct prototype_traits traits;
	bool returns;
	bool on;
	bool leaving; /* being turned off while others go on */
	bool memory;  /* follows memory: no spec's pattern asked for it */
	bool multi;   /* belongs to the engine's kprobe.multi links */
	unsigned copies;
	struct probe_place place; /* of a kprobe event's entry probe */
	struct program programs[N_POINTS][KMN_MAX_COPIES];
	char refused[160]; /* why the better method was not taken; "" if it was */
};

/* kprobe.multi: one link for all entries, one for all returns, of one apply(). */
struct multi_link {
	int link_fd[N_POINTS];
	struct hook **hooks;
	size_t n_hooks;
};

/* The kernel's abilities, found out by trying, once. */
struct abilities {
	bool known;
	bool kprobe_multi;    /* CONFIG_FPROBE */
	bool fentry;	      /* BPF trampolines */
	unsigned fentry_args; /* argument words a trampoline takes */
};

struct engine {
	struct kapimon_bpf *object;
	bool loaded;
	struct template templates[N_TEMPLATES];
	struct symbols *symbols;
	struct abilities abilities;
	unsigned n_cpus;
	bool fully_preemptible;
	unsigned copies; /* of a trampoline program */

	struct hook **hooks; /* index: hook number; entries are never removed, only turned off */
	size_t n_hooks, hooks_capacity;
	size_t max_hooks; /* that the maps have room for */
	uint32_t n_slots, max_slots;
	struct multi_link *multis;
	size_t n_multis;
	uint64_t multi_misses[N_POINTS][2]; /* of the shared programs: before, after */

	struct {
		uint64_t time, n, sum;
	} generated; /* BPF text as it was last seen: linux_walker.c */

	struct events *events; /* NULL: none yet */
	struct buffers *buffers;
	struct names *names;
	struct follower *follower; /* of memory; NULL: it is not followed */
	struct spec spec;	   /* what is in force */
	bool recording;

	struct catalog catalog;
};

/* linux_object.c */
int engine_object_open(struct engine *engine, size_t n_hooks, struct error *err);
/* Tell the hooks' programs, before they are loaded, what only the symbols know. */
void engine_object_set_addresses(struct engine *engine);
void engine_object_close(struct engine *engine);
/* Where returns go that a return probe has hooked; 0: not known. */
uint64_t engine_rethook(const struct kallsyms *kallsyms);
/* Is the kernel preemptible everywhere (preempt=full, PREEMPT_RT)? Unknown counts as yes. */
bool kernel_fully_preemptible(void);

/* linux_clone.c: trampoline programs (fentry, fexit). */
/*
 * Load all copies of the hook's programs: each gets its program_fd and its slot is taken before.
 * module_btf_fd: of the function's module, 0 for the kernel. What was loaded stays when one fails.
 */
int clones_load(struct engine *engine, struct hook *hook, int module_btf_fd, struct error *err);

/* linux_hooks.c */
struct hook *hook_new(void);
void hook_destroy(struct hook *hook);
int engine_add(struct engine *engine, struct hook *hook, struct error *err);

/* linux_memory.c: the programs that follow memory. */
/* Before the object is loaded: choose the programs, their targets and the sizes of the tables. */
int memory_prepare(struct engine *engine, struct error *err);
/* After it: put them in. Their hooks are the first, so that each has its event's number. */
int memory_attach(struct engine *engine, struct error *err);
/* The recording begins, ends: take the kernel's own counts. */
int memory_begin(struct engine *engine, struct error *err);
/* Once it has begun: does the name of a cache stand for several? */
bool memory_caches_merged(const struct engine *engine);
int memory_end(struct engine *engine, struct error *err);
/* Nothing is taken in any more. */
void memory_stopped(struct engine *engine);
/* A record of a free came by. */
int memory_learn(struct engine *engine, const struct record_view *record, struct error *err);
/* Once in a while: note when frees were missed. */
void memory_watch(struct engine *engine);
/* The recording is over and the ledger's marks are taken. */
void memory_settle(struct engine *engine);
void memory_detach(struct engine *engine);

/* linux_memory_read.c */
/* What the tables hold now. */
int memory_read(struct engine *engine, struct memory *memory, struct error *err);

/* linux_places.c */
/*
 * Find where the entry probes of these hooks may stand. Hooks of returns keep the first byte: the
 * return's probe is there anyway, and replaces the return address before a later probe could read
 * it. So do all where the kernel's text can't be read.
 */
void places_find(struct engine *engine, struct hook **hooks, size_t n);

/* linux_probe.c */
int probe_attach(struct engine *engine, struct hook *hook, enum point point, struct error *err);
int probe_attach_multi(struct engine *engine, struct hook **hooks, size_t n, struct error *err);
bool probe_multi_works(struct engine *engine);

/* linux_attach.c */
/* Put the hooks in; what can't be had by the better method is had by the next. */
int attach_hooks(struct engine *engine, struct hook **hooks, size_t n, struct error *err);
void detach_all(struct engine *engine);
void detach_hook(struct engine *engine, struct hook *hook);

/* linux_plan.c */
int plan_hook(const struct spec *spec, const struct hook *hook, const struct api_table *table,
	      struct kmn_hook *plan, struct error *err);

/* linux_filters.c */
int filters_apply(struct engine *engine, const struct spec *spec, struct error *err);

/* linux_names.c: addresses to names, also of modules that are gone again. */
struct names *names_create(struct engine *engine, struct error *err);
void names_destroy(struct names *names);
/* Modules came: take their symbols in while they are there. */
int names_refresh(struct engine *engine, struct error *err);
/*
 * A module has its init text there, which the kernel forgets with the end of the init function.
 * From its file it can still be named.
 */
int names_place_init(struct engine *engine, const char *module, uint64_t base, uint64_t size,
		     struct error *err);
bool names_resolve(const struct catalog *catalog, uint64_t address, struct frame *frame);

/* linux_modules.c */
int modules_start(struct engine *engine, const struct spec *spec, struct error *err);
/* A MODULE_LOAD or MODULE_UNLOAD record came by. */
int modules_changed(struct engine *engine, const struct kmn_header *record, struct error *err);
/* Bits for modules that filters name, loaded or not. */
int modules_mask(struct engine *engine, const struct spec_names *names, uint64_t *mask,
		 struct error *err);

/* linux_ledger.c */
/* Take the kernel's miss counts as the base of what follows, or as the end. */
void ledger_mark(struct engine *engine, bool end);
/* Calls of a trampoline or tracepoint that no copy took, so far; some may be on their way to one.
 */
uint64_t ledger_missed_now(const struct engine *engine, const struct hook *hook);
int ledger_collect(struct engine *engine, struct ledger *ledger, struct error *err);

/* linux_buffers.c */
struct buffers *buffers_create(struct engine *engine, struct error *err);
void buffers_destroy(struct buffers *buffers);
/* Replace all buffers by ones of this size; records in the old ones are kept. */
int buffers_resize(struct buffers *buffers, uint64_t bytes, struct error *err);
/* Wait for records, then take in all there are. */
int buffers_poll(struct buffers *buffers, int timeout_ms, struct error *err);
/* Records whose order is settled; `all`: every one left. Valid until the next call. */
int buffers_release(struct buffers *buffers, bool all, const struct kmn_header *const **records,
		    size_t *n, struct error *err);
uint64_t buffers_size(const struct buffers *buffers);
/* Bytes of all records that were taken in so far. */
uint64_t buffers_taken(const struct buffers *buffers);

#endif
