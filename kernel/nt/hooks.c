/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What requests do: hooks put in and taken out, buffers, filters, what is read. PASSIVE_LEVEL. */
#include "trace.h"

/* What hooked calls use themselves: a hook there would call itself for ever. */
static const WCHAR *const own_routines[] = {
	L"KeQueryPerformanceCounter", L"KeGetCurrentProcessorNumber", L"KeGetCurrentIrql",
	L"PsGetCurrentProcessId",     L"PsGetCurrentThreadId",	      L"PsGetProcessImageFileName",
	L"KeGetCurrentThread",	      L"PsGetCurrentProcess",	      L"IoGetCurrentProcess",
	L"IoGetStackLimits",	      L"RtlLookupFunctionEntry",      L"RtlVirtualUnwind",
	L"KeAcquireSpinLock",	      L"KfAcquireSpinLock",	      L"KeReleaseSpinLock",
	L"KfReleaseSpinLock",	      L"KeAcquireSpinLockRaiseToDpc",
};

/* Milliseconds to wait for calls that are inside, when hooks are taken out. */
#define QUIET_MS 2000

static uintptr_t own_addresses[ARRAYSIZE(own_routines)];

/* Not later, see trace_routine(). */
void hooks_init(void)
{
	for (size_t i = 0; i < ARRAYSIZE(own_routines); i++)
		own_addresses[i] = (uintptr_t)trace_routine(own_routines[i]);
}

static bool is_own(uint64_t address)
{
	for (size_t i = 0; i < ARRAYSIZE(own_addresses); i++)
		if (own_addresses[i] == address)
			return true;
	return address >= (uintptr_t)trace.driver->DriverStart &&
	       address < (uintptr_t)trace.driver->DriverStart + trace.driver->DriverSize;
}

static enum control_result make_pool(uint32_t blocks)
{
	trace.pool_on = false;
	trace_free(trace.pool_memory);
	trace.pool_memory = blocks ? trace_allocate(pool_size(blocks)) : NULL;
	if (blocks && !trace.pool_memory)
		return CONTROL_NO_MEMORY;
	if (blocks)
		pool_init(&trace.pool, trace.pool_memory, blocks);
	trace.pool_on = blocks;
	return CONTROL_DONE;
}

static bool make_returns(void)
{
	if (trace.returns_memory)
		return true;
	trace.returns_memory = trace_allocate(hook_returns_size(TRACE_RETURNS));
	if (!trace.returns_memory)
		return false;
	if (hook_returns_init(&trace.returns, trace.returns_memory, TRACE_RETURNS, &code_platform,
			      false) == HOOK_NONE)
		return true;
	trace_free(trace.returns_memory);
	trace.returns_memory = NULL;
	return false;
}

static bool make_kept(void)
{
	if (!trace.kept)
		trace.kept = trace_allocate(calls_kept_size());
	return trace.kept;
}

static void release_all(void)
{
	for (uint32_t i = 0; i < trace.n_traced; i++) {
		if (trace.traced[i]->hook.state == HOOK_PREPARED)
			hook_release(&trace.traced[i]->hook);
		trace_free(trace.traced[i]);
	}
	trace.n_traced = 0;
}

/* Between a start and the end of all hooks, the buffers' size alone can be another. */
static struct trace_start started; /* buffer 0: it is not between them */

static enum control_result resize(const struct trace_start *start)
{
	if (start->frames != started.frames || start->blocks != started.blocks)
		return CONTROL_NOT_READY;
	return rings_make(start->buffer) ? CONTROL_DONE : CONTROL_NO_MEMORY;
}

/* What was recorded and not read is dropped, and so is the ledger. */
static enum control_result start(void *context, const struct trace_start *start)
{
	if (started.buffer)
		return resize(start);
	if (trace.armed)
		return CONTROL_NOT_READY;
	release_all();
	modules_fini();
	if (!modules_begin() || !make_returns())
		return CONTROL_NO_MEMORY;
	rings_fini();
	if (!rings_make(start->buffer))
		return CONTROL_NO_MEMORY;
	started = *start;
	trace.frames = start->frames;
	trace.filter = (struct trace_filter){0};
	loads_begin();
	return make_pool(start->blocks);
}

static enum control_result filter(void *context, const struct trace_filter *filter)
{
	trace.filter = *filter;
	return CONTROL_DONE;
}

static enum hook_reason plan(struct traced *traced, bool starting)
{
	const struct trace_hook *asked = &traced->asked;
	struct hook_function function;
	enum hook_reason reason;

	for (uint32_t i = 0; i < trace.n_traced; i++)
		if (trace.traced[i]->asked.address == asked->address &&
		    trace.traced[i]->hook.state == HOOK_ARMED)
			return HOOK_ALREADY_HOOKED;
	if (is_own(asked->address))
		return HOOK_OWN;
	if (asked->flags & TRACE_HOOK_RETURN) {
		reason = hook_return_reason(asked->name);
		if (reason)
			return reason;
	}
	/* Of a module that has gone the headers must not be read. */
	modules_look();
	if (!modules_at(asked->address, &traced->begin, &traced->end) ||
	    !modules_function(asked->address, starting, &function))
		return HOOK_NOT_EXECUTABLE;
	traced->discardable = modules_discardable(asked->address);
	return hook_plan(&function, HOOK_FORM_NEAR, &traced->hook.plan);
}

/* With the memory of hooks that were taken out, where there is none without. */
static enum hook_reason prepare_near(struct traced *traced)
{
	enum hook_reason reason = hook_prepare(&traced->hook, &code_platform, &trace.returns);

	if ((reason != HOOK_TOO_FAR && reason != HOOK_NO_MEMORY) || !removed_sweep())
		return reason;
	return hook_prepare(&traced->hook, &code_platform, &trace.returns);
}

/* Near memory may be missing: then a longer jump that reaches everywhere. */
static enum hook_reason prepare(struct traced *traced, bool starting)
{
	struct hook_function function;
	enum hook_reason reason, far_reason;

	reason = prepare_near(traced);
	if (reason != HOOK_TOO_FAR || sizeof(void *) == 4)
		return reason;
	if (!modules_function(traced->asked.address, starting, &function))
		return reason;
	far_reason = hook_plan(&function, HOOK_FORM_FAR, &traced->hook.plan);
	if (far_reason)
		return reason;
	return hook_prepare(&traced->hook, &code_platform, &trace.returns);
}

enum control_result hooks_create(const struct trace_hook *asked, struct traced **traced)
{
	struct traced *made;

	if (!trace.rings)
		return CONTROL_NOT_READY;
	removed_limit();
	if (trace.n_traced == TRACE_MAX_HOOKS || (asked->flags & TRACE_HOOK_ERRORS && !make_kept()))
		return CONTROL_NO_MEMORY;
	made = trace_allocate(sizeof(*made));
	if (!made)
		return CONTROL_NO_MEMORY;
	made->asked = *asked;
	made->number = trace.n_traced;
	made->hook.context = made;
	made->hook.on_entry = call_entered;
	if (asked->flags & TRACE_HOOK_RETURN)
		made->hook.on_return = call_returned;
	*traced = made;
	return CONTROL_DONE;
}

void hooks_keep(struct traced *traced)
{
	trace.traced[trace.n_traced++] = traced;
}

enum hook_reason hooks_arm(struct traced *traced, bool starting)
{
	enum hook_reason reason = plan(traced, starting);

	if (!reason)
		reason = prepare(traced, starting);
	if (reason)
		return reason;
	trace_allow_unload(false);
	trace.armed = true;
	reason = hook_arm(&traced->hook);
	if (reason)
		hook_release(&traced->hook); /* no call has been there */
	return reason;
}

static enum control_result add_hook(void *context, const struct trace_hook *asked,
				    struct trace_hooked *hooked)
{
	struct traced *traced;
	enum control_result result = hooks_create(asked, &traced);

	if (result != CONTROL_DONE)
		return result;
	hooked->hook = traced->number;
	hooked->reason = hooks_arm(traced, false);
	if (hooked->reason)
		trace_free(traced);
	else
		hooks_keep(traced);
	return CONTROL_DONE;
}

static uint32_t count_busy(void)
{
	uint32_t busy = 0;

	for (uint32_t i = 0; i < trace.n_traced; i++)
		busy += !hook_quiet(&trace.traced[i]->hook);
	return busy;
}

/*
 * What was discarded is not there, though its module is. It is looked and written without a break,
 * so that the driver's start would have to end between two instructions for it to go meanwhile.
 */
static bool disarm_discardable(struct traced *traced)
{
	enum hook_reason reason = HOOK_NONE;
	KIRQL irql;

	KeRaiseIrql(DISPATCH_LEVEL, &irql);
	if (MmIsAddressValid((void *)(uintptr_t)traced->hook.plan.patch_address))
		reason = hook_disarm(&traced->hook);
	else
		hook_forget(&traced->hook);
	KeLowerIrql(irql);
	return reason == HOOK_NONE;
}

bool hooks_disarm(struct traced *traced)
{
	if (!modules_loaded(traced->begin, traced->end)) {
		hook_forget(&traced->hook);
		return true;
	}
	if (traced->discardable && !trace.in_process)
		return disarm_discardable(traced);
	return hook_disarm(&traced->hook) == HOOK_NONE;
}

/* After all it is the image that was there: a new one has bytes of its own. */
static bool is_still_in(const struct hook *hook)
{
	uint8_t *bytes = (uint8_t *)(uintptr_t)hook->plan.patch_address;
	uint64_t begin, end;

	if (!modules_at(hook->plan.patch_address, &begin, &end) ||
	    end - hook->plan.patch_address < HOOK_PATCH_MAX ||
	    (!trace.in_process &&
	     (!MmIsAddressValid(bytes) || !MmIsAddressValid(bytes + HOOK_PATCH_MAX))))
		return false;
	for (size_t i = 0; i < hook->plan.n_original; i++)
		if (bytes[i] != hook->patch[i])
			return false;
	return true;
}

void hooks_gone(const struct trace_module *module, bool replaced)
{
	for (uint32_t i = 0; i < trace.n_traced; i++) {
		struct traced *traced = trace.traced[i];

		if (traced->hook.state != HOOK_ARMED || traced->begin != module->base ||
		    (replaced && is_still_in(&traced->hook)))
			continue;
		hook_forget(&traced->hook);
		traced->gone = true;
	}
}

void hooks_stop(struct trace_unhooked *unhooked)
{
	LARGE_INTEGER wait = {.QuadPart = -100000}; /* 10 ms, in 100 ns */

	started.buffer = 0;
	*unhooked = (struct trace_unhooked){0};
	loads_end();
	modules_look();
	/* The last one first: what frees memory was hooked before what allocates it. */
	for (uint32_t i = trace.n_traced; i-- > 0;) {
		if (trace.traced[i]->hook.state == HOOK_ARMED && hooks_disarm(trace.traced[i]))
			unhooked->hooks++;
		unhooked->armed += trace.traced[i]->hook.state == HOOK_ARMED;
	}
	for (int i = 0; i < QUIET_MS / 10 && count_busy(); i++)
		KeDelayExecutionThread(KernelMode, FALSE, &wait);
	if (count_busy())
		unwound_sweep();
	unhooked->left = count_busy();
	unhooked->unwound = unwound_count();
	if (unhooked->armed || unhooked->left || !trace.armed)
		return;
	/*
	 * Nobody is in a handler; nor, after this, in the instructions around it. Who was about to
	 * call a handler may have come to it, and now be awaited.
	 */
	system_let_others_run();
	unhooked->left = count_busy();
	if (unhooked->left)
		return;
	trace.armed = false;
	trace_allow_unload(true);
}

/* The rows of the ledger stay until the next start. */
static void unhook(void *context, struct trace_unhooked *unhooked)
{
	hooks_stop(unhooked);
}

static size_t modules(void *context, struct trace_module *modules, size_t n)
{
	return modules_list(modules, n);
}

static enum control_result give_bit(void *context, const struct trace_name *name,
				    struct trace_bit *bit)
{
	bit->bit = modules_bit(name->name);
	return CONTROL_DONE;
}

static struct trace_row row_of(uint32_t hook, bool is_return, const struct tally *tally)
{
	return (struct trace_row){
		.hook = hook,
		.is_return = is_return,
		.hits = counter_read(&tally->hits),
		.recorded = counter_read(&tally->recorded),
		.filtered = counter_read(&tally->filtered),
		.lost = counter_read(&tally->lost),
		.suspended = counter_read(&tally->suspended),
		.first_lost = counter_read(&tally->first_lost),
		.last_lost = counter_read(&tally->last_lost),
	};
}

static size_t ledger(void *context, struct trace_row *rows, size_t n)
{
	size_t done = 0;

	for (uint32_t i = 0; i < trace.n_traced && done + 2 <= n; i++) {
		const struct traced *traced = trace.traced[i];

		rows[done++] = row_of(i, false, &traced->entry);
		rows[done - 1].missed =
			traced->became.others + traced->became.loads - traced->became.hooked;
		rows[done++] = row_of(i, true, &traced->ret);
		rows[done - 1].missed =
			traced->missed_returns + hook_count(&traced->hook.missed_returns);
	}
	return done;
}

static size_t read_records(void *context, void *bytes, size_t n)
{
	return rings_read(bytes, n);
}

static size_t blocks(void *context, struct trace_block *blocks, size_t n)
{
	size_t done = 0;
	KIRQL irql;

	if (!trace.pool_on)
		return 0;
	KeAcquireSpinLock(&trace.pool_lock, &irql);
	done = pool_blocks(&trace.pool, blocks, n);
	KeReleaseSpinLock(&trace.pool_lock, irql);
	return done;
}

static size_t tags(void *context, struct trace_tag *tags, size_t n)
{
	size_t done = 0;
	KIRQL irql;

	if (!trace.pool_on)
		return 0;
	KeAcquireSpinLock(&trace.pool_lock, &irql);
	done = pool_tags(&trace.pool, tags, n);
	KeReleaseSpinLock(&trace.pool_lock, irql);
	return done;
}

static void describe(void *context, struct trace_system *system)
{
	system_describe(system);
	system->changes = modules_changes();
	if (!loads_possible())
		system->guards |= TRACE_NO_LOADS;
	for (uint32_t i = 0; trace.armed && i < trace.n_traced; i++)
		system->hooks_left += trace.traced[i]->hook.state != HOOK_EMPTY;
}

void hooks_fini(void)
{
	release_all();
	if (trace.returns_memory && hook_returns_fini(&trace.returns) == HOOK_NONE)
		trace_free(trace.returns_memory);
	trace.returns_memory = NULL;
	trace_free(trace.kept);
	trace.kept = NULL;
	rings_fini();
	make_pool(0);
}

const struct control_operations hooks_operations = {
	.system = describe,
	.start = start,
	.filter = filter,
	.hook = add_hook,
	.unhook = unhook,
	.remove = removed_take,
	.bit = give_bit,
	.await = loads_await,
	.awaited = loads_awaited,
	.modules = modules,
	.ledger = ledger,
	.read = read_records,
	.blocks = blocks,
	.tags = tags,
};
