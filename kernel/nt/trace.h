/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TRACE.SYS: what its files share. One program at a time uses the driver; its requests come one
 * after another under trace.lock. Calls of hooked functions come at any time and IRQL, and touch
 * non-paged memory only.
 */
#ifndef NT_TRACE_H
#define NT_TRACE_H

#include <ntifs.h>

#include <record.h>
#include <stdbool.h>
#include <stdint.h>

#include "budget.h"
#include "control.h"
#include "counter.h"
#include "hook/hook.h"
#include "pool.h"
#include "ranges.h"
#include "ring.h"
#include "roster.h"

#define TRACE_POOL_TAG 'nmpK' /* "Kpmn" */

/* Calls whose return is awaited at once. */
#define TRACE_RETURNS 1024

/* What became of the calls at one point of a hook; see struct trace_row. */
struct tally {
	uint64_t hits, recorded, filtered, lost, suspended;
	uint64_t first_lost, last_lost;
};

struct traced {
	struct hook hook;
	struct trace_hook asked;
	uint32_t number;
	uint64_t begin, end; /* its module's */
	bool gone;	     /* its module is, and it was not taken out since */
	bool discardable;    /* it lies in what is freed when its driver has started */
	bool awaits;	     /* it is put in each time that its image is loaded */
	struct trace_await await;
	struct trace_awaited became;
	uint64_t missed_returns; /* of the image's loads before */
	uint32_t unwound;	 /* the same */
	struct tally entry, ret;
	struct budget budget;
};

struct trace {
	DRIVER_OBJECT *driver;
	DEVICE_OBJECT *device;
	KMUTEX requests;  /* one at a time; never waited for with the lock below */
	KEVENT lock;	  /* what is in here; a thread that loads a driver takes it too */
	uintptr_t holder; /* of the lock: a thread's id */
	bool in_process;  /* Wine: "kernel" code in a process */

	uint32_t frames; /* of a stack at most */
	uint32_t processors;
	struct ring *rings; /* one for each processor; others while calls are recorded */
	struct trace_filter filter;
	struct ranges ranges;

	struct traced *traced[TRACE_MAX_HOOKS];
	uint32_t n_traced;
	bool armed; /* a hook was armed since everything was released */
	struct hook_returns returns;
	void *returns_memory;
	struct kept *kept; /* one for each slot of them; NULL: no hook keeps entries */

	KSPIN_LOCK pool_lock;
	bool pool_on;
	struct pool pool;
	void *pool_memory;
};

extern struct trace trace;

/* Non-paged, zeroed; NULL: none. IRQL <= DISPATCH_LEVEL. */
void *trace_allocate(size_t size);
void trace_free(void *memory); /* takes NULL; the same */
void trace_lock(void);	       /* PASSIVE_LEVEL */
void trace_unlock(void);       /* the same */
/* May the service be stopped now? PASSIVE_LEVEL. */
void trace_allow_unload(bool allowed);
/*
 * A routine of the kernel or the HAL that old ones lack, or NULL. PASSIVE_LEVEL, and not with the
 * lock held: looking can wait for a thread that loads a driver, and that for the lock.
 */
void *trace_routine(const WCHAR *name);

/* system.c */
void system_init(void);		 /* PASSIVE_LEVEL */
uint64_t system_time(void);	 /* ns; any IRQL */
uint32_t system_processor(void); /* below trace.processors; any IRQL */
uintptr_t system_process(void);	 /* its id; any IRQL */
uintptr_t system_thread(void);	 /* the same */
uint8_t system_context(void);	 /* enum kmn_context; any IRQL */
/* The process's name, KMN_COMM bytes, NUL-padded; any IRQL. */
void system_comm(char *comm);
void system_describe(struct trace_system *system); /* PASSIVE_LEVEL */
/* ZwQuerySystemInformation, where there is one. PASSIVE_LEVEL. */
NTSTATUS system_query(ULONG class, void *answer, ULONG size, ULONG *needed);
/* Run on every processor at the lowest priority. PASSIVE_LEVEL. */
void system_let_others_run(void);

/* modules.c; all at PASSIVE_LEVEL, and but for modules_fini() with the lock held */
/* See TRACE_MODULES. */
size_t modules_list(struct trace_module *modules, size_t n);
/* A recording begins, while no hook is in: bits are given, trace.ranges are there. */
bool modules_begin(void);
void modules_fini(void); /* when no hook is there */
/* Look what is loaded now. */
void modules_look(void);
/* The same when an image was loaded there. Its module; NULL: no list has it. */
const struct trace_module *modules_came(uint64_t base);
uint32_t modules_bit(const char *name); /* see TRACE_BIT */
uint32_t modules_changes(void);		/* counted up when modules_list() has something new */

/* What was loaded at the last look: */
/* The module with this address. */
bool modules_at(uint64_t address, uint64_t *begin, uint64_t *end);
/* Is this one loaded? Where looking failed, what was is. */
bool modules_loaded(uint64_t begin, uint64_t end);
/* Bases of the modules of this name; returns how many. */
size_t modules_of_name(const char *name, uint64_t *bases, size_t n);
/* Is the module at this base the image with this in its header? */
bool modules_is_image(uint64_t base, uint32_t stamp, uint32_t size);
/*
 * What must be known of a function to plan its hook; false: no module has it. starting: its module
 * has not run yet, so that what is discardable is there.
 */
bool modules_function(uint64_t address, bool starting, struct hook_function *function);
bool modules_discardable(uint64_t address);
/* Zeros behind the code of the module with this address, to the end of their page. */
bool modules_slack(uint64_t address, uintptr_t *begin, uintptr_t *end);

/* rings.c; all at PASSIVE_LEVEL */
/* Of this size for each processor from now on; what is in the old ones stays to be read. */
bool rings_make(uint32_t size);
size_t rings_read(void *bytes, size_t n);
void rings_fini(void); /* when no hook is there */

/* loads.c: drivers that are loaded later, and hooks that wait for them; PASSIVE_LEVEL */
void loads_init(void);
bool loads_possible(void); /* does this kernel tell of them? */
/* With the lock: from now on, and no more. No hook waits any more then. */
void loads_begin(void);
void loads_end(void);
/* After each request, without the lock: be told of them while it is wanted, and only then. */
void loads_settle(void);
/* Nobody is in here any more, nor will be. */
void loads_fini(void);
enum control_result loads_await(void *context, const struct trace_await *await,
				struct trace_hooked *hooked);
size_t loads_awaited(void *context, struct trace_awaited *awaited, size_t n);
/* A record that says so. */
void loads_tell(const struct trace_module *module, bool comes);

/* stack.c: the stack of a call at its entry or its return, innermost frame first; any IRQL */
size_t stack_walk(const struct hook_registers *registers, uint64_t function, uint64_t *frames,
		  size_t n, bool *truncated);
uint64_t stack_hash(const uint64_t *frames, size_t n);

/* calls.c: what hooks call; any IRQL */
size_t calls_kept_size(void); /* bytes of trace.kept */
bool call_entered(struct hook *hook, struct hook_registers *registers, struct hook_slot *slot);
void call_returned(struct hook *hook, struct hook_registers *registers, struct hook_slot *slot);

/* code.c; PASSIVE_LEVEL */
extern const struct hook_platform code_platform;
void code_init(void);
void code_fini(void);
/* At DISPATCH_LEVEL, while all other processors wait; under Wine as it is. False: no memory. */
bool code_parked(void (*work)(void *), void *context);

/* unwound.c; PASSIVE_LEVEL */
void unwound_init(void);
/* Give up calls that can't return any more, of hooks that are out. */
void unwound_sweep(void);
uint32_t unwound_count(void); /* calls since the start */

/* hooks.c; PASSIVE_LEVEL */
extern const struct control_operations hooks_operations;
void hooks_init(void);
/* One that is not in yet, with a number; no reason: it is one of trace.traced now. */
enum control_result hooks_create(const struct trace_hook *asked, struct traced **traced);
void hooks_keep(struct traced *traced);
/* Calls from now on, at traced->asked.address. starting: as for modules_function(). */
enum hook_reason hooks_arm(struct traced *traced, bool starting);
void hooks_stop(struct trace_unhooked *unhooked);
/* After modules_look(): no calls from now on. False: somebody has written over it. */
bool hooks_disarm(struct traced *traced);
/* A module has gone, and its hooks with it; replaced: there is another in its place. */
void hooks_gone(const struct trace_module *module, bool replaced);
void hooks_fini(void); /* when nothing is left */

/* removed.c; PASSIVE_LEVEL */
enum control_result removed_take(void *context, const struct trace_remove *remove,
				 struct trace_removed *removed);
/* Free what nobody is inside of. True: there was something. */
bool removed_sweep(void);
void removed_limit(void); /* do so when it is much */

#endif
