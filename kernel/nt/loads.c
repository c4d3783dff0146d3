/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drivers that are loaded while it is recorded, and the hooks that wait for them. PASSIVE_LEVEL.
 *
 * The kernel calls a notify routine when an image is mapped and before it runs, in the thread that
 * loads it, which holds the loader's own locks. So nothing that waits for the loader may be done
 * with trace.lock held; routines are looked up when TRACE.SYS starts.
 */
#include "trace.h"

/* Old kernels have no way to take a notify routine out again, so there it must not go in. */
static NTSTATUS(NTAPI *set_notify)(PLOAD_IMAGE_NOTIFY_ROUTINE);
static NTSTATUS(NTAPI *remove_notify)(PLOAD_IMAGE_NOTIFY_ROUTINE);

static bool wanted, told; /* is it to be told, and is it? */
static uint32_t inside;	  /* threads in image_loaded() */

void loads_init(void)
{
	set_notify = trace_routine(L"PsSetLoadImageNotifyRoutine");
	remove_notify = trace_routine(L"PsRemoveLoadImageNotifyRoutine");
}

bool loads_possible(void)
{
	return set_notify && remove_notify;
}

void loads_tell(const struct trace_module *module, bool comes)
{
	uint32_t processor = system_processor();
	struct kmn_fetched name = {.length = (uint16_t)strlen(module->name)};
	uint32_t fetched = (uint32_t)(sizeof(name) + name.length + 7) & ~7u;
	struct kmn_header *record,
		header = {
			.length = (uint16_t)(sizeof(header) + 8 * (KMN_MODULE_BIT + 1) + fetched),
			.kind = comes ? KMN_MODULE_LOAD : KMN_MODULE_UNLOAD,
			.hook = KMN_NO_HOOK,
			.time = comes ? module->loaded : module->unloaded,
			.pid = (uint32_t)system_process(),
			.tid = (uint32_t)system_thread(),
			.cpu = (uint16_t)processor,
			.n_args = KMN_MODULE_BIT + 1,
			.n_fetches = 1,
		};
	uint64_t *at;

	if (!trace.rings)
		return;
	system_comm(header.comm);
	record = ring_reserve(&trace.rings[processor], header.length, &header.sequence);
	if (!record)
		return; /* the gap in the sequence tells */
	at = (uint64_t *)(record + 1);
	at[KMN_MODULE_BASE] = module->base;
	at[KMN_MODULE_SIZE] = module->size;
	at[KMN_MODULE_BIT] = module->bit + 1;
	at += KMN_MODULE_BIT + 1;
	for (uint32_t i = 0; i < fetched / 8; i++)
		at[i] = 0;
	*(struct kmn_fetched *)at = name;
	RtlCopyMemory((char *)at + sizeof(name), module->name, name.length);
	ring_commit(record, &header);
}

/* After one that was in an image which has gone. */
static enum hook_reason make_new(struct traced *traced)
{
	struct hook *hook = &traced->hook;

	if (hook->state == HOOK_ARMED)
		return HOOK_STATE; /* it is in a copy of the image, beside this one */
	/*
	 * Threads between the first and the last instruction of its code were in the driver, where
	 * nobody was left when it went; in its handlers there may be some.
	 */
	if (hook->state == HOOK_PREPARED && hook_release(hook) != HOOK_NONE)
		return HOOK_BUSY;
	traced->missed_returns += hook_count(&hook->missed_returns);
	traced->unwound += hook_count(&hook->unwound);
	hook->missed_returns = hook->unwound = 0;
	traced->gone = false;
	return HOOK_NONE;
}

/* Its driver is there, at base; starting: it has not run yet. */
static void put_in(struct traced *traced, uint64_t base, bool starting)
{
	enum hook_reason reason;

	if (!modules_is_image(base, traced->await.stamp, traced->await.size)) {
		traced->became.others++;
		return;
	}
	if (traced->hook.state == HOOK_ARMED && traced->begin == base)
		return; /* it was listed before it was told of */
	traced->became.loads++;
	reason = make_new(traced);
	if (!reason) {
		traced->asked.address = base + traced->await.hook.address;
		reason = hooks_arm(traced, starting);
	}
	if (reason)
		traced->became.reason = reason;
	else
		traced->became.hooked++;
}

static void came(uint64_t base)
{
	const struct trace_module *module = modules_came(base);
	char name[TRACE_NAME];

	if (!module)
		return;
	/* What module points to is made anew while hooks are put in. */
	RtlCopyMemory(name, module->name, sizeof(name));
	for (uint32_t i = 0; i < trace.n_traced; i++)
		if (trace.traced[i]->awaits &&
		    roster_same_name(trace.traced[i]->await.module, name))
			put_in(trace.traced[i], base, true);
}

/*
 * PASSIVE_LEVEL, in any process. A thread that is in a request of ours loads nothing, as far as is
 * known; if one did, it would find the lock its own and things half done.
 */
static VOID NTAPI image_loaded(UNICODE_STRING *path, HANDLE process, IMAGE_INFO *info)
{
	__atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST);
	if (info->SystemModeImage &&
	    __atomic_load_n(&trace.holder, __ATOMIC_RELAXED) != system_thread()) {
		trace_lock();
		if (wanted)
			came((uintptr_t)info->ImageBase);
		trace_unlock();
	}
	__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
}

void loads_begin(void)
{
	wanted = true;
}

void loads_end(void)
{
	wanted = false;
	for (uint32_t i = 0; i < trace.n_traced; i++)
		trace.traced[i]->awaits = false;
}

void loads_settle(void)
{
	if (wanted == told || !loads_possible())
		return;
	if (wanted)
		told = NT_SUCCESS(set_notify(image_loaded));
	else
		remove_notify(image_loaded);
	told = told && wanted;
}

/*
 * A kernel waits for who is in the routine when it takes it out. Wine does not: there the count
 * tells, and a moment is left for the instructions before and behind it.
 */
void loads_fini(void)
{
	LARGE_INTEGER wait = {.QuadPart = -100000}; /* 10 ms, in 100 ns */

	wanted = false;
	loads_settle();
	if (trace.in_process)
		system_let_others_run();
	while (__atomic_load_n(&inside, __ATOMIC_SEQ_CST))
		KeDelayExecutionThread(KernelMode, FALSE, &wait);
}

/* Where it is loaded already. */
static void put_in_now(struct traced *traced)
{
	uint64_t bases[8];
	size_t n;

	modules_look();
	n = modules_of_name(traced->await.module, bases, ARRAYSIZE(bases));
	for (size_t i = 0; i < n; i++)
		put_in(traced, bases[i], false);
}

enum control_result loads_await(void *context, const struct trace_await *await,
				struct trace_hooked *hooked)
{
	struct traced *traced;
	enum control_result result;

	if (!told)
		return CONTROL_NOT_READY;
	result = hooks_create(&await->hook, &traced);
	if (result != CONTROL_DONE)
		return result;
	traced->awaits = true;
	traced->await = *await;
	traced->became.hook = traced->number;
	put_in_now(traced);
	hooked->hook = traced->number;
	hooked->reason =
		traced->became.loads && !traced->became.hooked ? traced->became.reason : HOOK_NONE;
	if (hooked->reason)
		trace_free(traced);
	else
		hooks_keep(traced);
	return CONTROL_DONE;
}

size_t loads_awaited(void *context, struct trace_awaited *awaited, size_t n)
{
	size_t done = 0;

	for (uint32_t i = 0; i < trace.n_traced && done < n; i++)
		if (trace.traced[i]->await.size)
			awaited[done++] = trace.traced[i]->became;
	return done;
}
