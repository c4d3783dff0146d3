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

static bool is_own(uint64_t address)
{
	for (size_t i = 0; i < ARRAYSIZE(own_routines); i++)
		if ((uintptr_t)trace_routine(own_routines[i]) == address)
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

/*
 * While no hook is in, what was recorded and not read is dropped, and so is the ledger. While hooks
 * are in, only the buffers' size can be another.
 */
static enum control_result start(void *context, const struct trace_start *start)
{
	static struct trace_start started;

	if (trace.armed) {
		if (start->frames != started.frames || start->blocks != started.blocks)
			return CONTROL_NOT_READY;
		return rings_make(start->buffer) ? CONTROL_DONE : CONTROL_NO_MEMORY;
	}
	release_all();
	modules_fini();
	if (!modules_refresh() || !make_returns())
		return CONTROL_NO_MEMORY;
	rings_fini();
	if (!rings_make(start->buffer))
		return CONTROL_NO_MEMORY;
	started = *start;
	trace.frames = start->frames;
	trace.filter = (struct trace_filter){0};
	return make_pool(start->blocks);
}

static enum control_result filter(void *context, const struct trace_filter *filter)
{
	trace.filter = *filter;
	return CONTROL_DONE;
}

/* Of a module that has gone the headers must not be read, and of another there they are to be. */
static bool find_module(uint64_t address, uint64_t *begin, uint64_t *end)
{
	const struct range *range;

	modules_look();
	if (!modules_at(address, begin, end))
		return false;
	range = ranges_find(trace.ranges, address);
	return (range && range->begin == *begin && range->end == *end) || modules_refresh();
}

static enum hook_reason plan(const struct trace_hook *asked, struct traced *traced)
{
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
	if (!find_module(asked->address, &traced->begin, &traced->end) ||
	    !modules_function(asked->address, &function))
		return HOOK_NOT_EXECUTABLE;
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
static enum hook_reason prepare(struct traced *traced)
{
	struct hook_function function;
	enum hook_reason reason, far_reason;

	reason = prepare_near(traced);
	if (reason != HOOK_TOO_FAR || sizeof(void *) == 4)
		return reason;
	if (!modules_function(traced->asked.address, &function))
		return reason;
	far_reason = hook_plan(&function, HOOK_FORM_FAR, &traced->hook.plan);
	if (far_reason)
		return reason;
	return hook_prepare(&traced->hook, &code_platform, &trace.returns);
}

static enum control_result add_hook(void *context, const struct trace_hook *asked,
				    struct trace_hooked *hooked)
{
	enum hook_reason reason;
	struct traced *traced;

	if (!trace.rings)
		return CONTROL_NOT_READY;
	removed_limit();
	if (trace.n_traced == TRACE_MAX_HOOKS || (asked->flags & TRACE_HOOK_ERRORS && !make_kept()))
		return CONTROL_NO_MEMORY;
	traced = trace_allocate(sizeof(*traced));
	if (!traced)
		return CONTROL_NO_MEMORY;
	traced->asked = *asked;
	traced->number = trace.n_traced;
	traced->hook.context = traced;
	traced->hook.on_entry = call_entered;
	if (asked->flags & TRACE_HOOK_RETURN)
		traced->hook.on_return = call_returned;
	reason = plan(asked, traced);
	if (!reason)
		reason = prepare(traced);
	if (!reason) {
		trace_allow_unload(false);
		trace.armed = true;
		reason = hook_arm(&traced->hook);
		if (reason)
			hook_release(&traced->hook); /* no call has been there */
	}
	hooked->hook = traced->number;
	hooked->reason = reason;
	if (reason)
		trace_free(traced);
	else
		trace.traced[trace.n_traced++] = traced;
	return CONTROL_DONE;
}

static uint32_t count_busy(void)
{
	uint32_t busy = 0;

	for (uint32_t i = 0; i < trace.n_traced; i++)
		busy += !hook_quiet(&trace.traced[i]->hook);
	return busy;
}

bool hooks_disarm(struct traced *traced)
{
	if (modules_loaded(traced->begin, traced->end))
		return hook_disarm(&traced->hook) == HOOK_NONE;
	hook_forget(&traced->hook);
	return true;
}

void hooks_stop(struct trace_unhooked *unhooked)
{
	LARGE_INTEGER wait = {.QuadPart = -100000}; /* 10 ms, in 100 ns */

	*unhooked = (struct trace_unhooked){0};
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
		rows[done++] = row_of(i, true, &traced->ret);
		rows[done - 1].missed = hook_count(&traced->hook.missed_returns);
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
	.modules = modules,
	.ledger = ledger,
	.read = read_records,
	.blocks = blocks,
	.tags = tags,
};
