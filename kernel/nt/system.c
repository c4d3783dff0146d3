/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace.h"

/* What not all kernels have, or have under another name. */
static ULONG(NTAPI *current_processor)(void);
static const char *(NTAPI *image_name)(PEPROCESS);
static NTSTATUS(NTAPI *query)(ULONG, void *, ULONG, ULONG *);
static uint64_t frequency;
/* Of Wine, where it can return NULL; else NULL. */
static void *(NTAPI *wine_thread)(void);

#define SECOND 1000000000ull

void system_init(void)
{
	LARGE_INTEGER rate;

	/* The kernel has the upper half of the addresses: here we are in a process. */
	trace.in_process = (intptr_t)system_init > 0;
	current_processor = trace_routine(L"KeGetCurrentProcessorNumber");
	query = trace_routine(L"ZwQuerySystemInformation");
	/* Since NT 5.1; Wine has the name only. */
	if (!trace.in_process)
		image_name = trace_routine(L"PsGetProcessImageFileName");
	else
		wine_thread = trace_routine(L"KeGetCurrentThread");
	KeQueryPerformanceCounter(&rate);
	frequency = (uint64_t)rate.QuadPart;
	for (KAFFINITY mask = KeQueryActiveProcessors(); mask; mask &= mask - 1)
		trace.processors++;
}

uint64_t system_time(void)
{
	uint64_t ticks = (uint64_t)KeQueryPerformanceCounter(NULL).QuadPart;

	return ticks / frequency * SECOND + ticks % frequency * SECOND / frequency;
}

uint32_t system_processor(void)
{
	uint32_t number;

	if (current_processor)
		number = current_processor();
	else
#if defined(__i386__)
		__asm__("movzbl %%fs:0x51, %0" : "=r"(number)); /* KPCR.Number */
#else
		__asm__("movzbl %%gs:0x184, %0" : "=r"(number)); /* KPCR.Prcb.Number */
#endif
	/* Processors can be added while the system runs; rings take any number of writers. */
	return number % trace.processors;
}

/*
 * Wine's "kernel" serves requests in the name of the thread that made them: when that has ended
 * there is no current thread, and the routines that tell its numbers crash.
 */
static bool has_thread(void)
{
	return !wine_thread || wine_thread();
}

uintptr_t system_process(void)
{
	return has_thread() ? (uintptr_t)PsGetCurrentProcessId() : 0;
}

uintptr_t system_thread(void)
{
	uintptr_t number = 0;

	if (has_thread())
		return (uintptr_t)PsGetCurrentThreadId();
#if defined(__i386__)
	__asm__("movl %%fs:0x24, %0" : "=r"(number)); /* TEB.ClientId.UniqueThread */
#else
	__asm__("movq %%gs:0x48, %0" : "=r"(number));		 /* TEB.ClientId.UniqueThread */
#endif
	return number;
}

uint8_t system_context(void)
{
	KIRQL irql = PASSIVE_LEVEL;

	/* There are no interrupts under Wine, nor is there a routine to ask. */
	if (!trace.in_process)
		irql = KeGetCurrentIrql();
	return irql < DISPATCH_LEVEL	? KMN_TASK
	       : irql == DISPATCH_LEVEL ? KMN_SOFTIRQ
					: KMN_HARDIRQ;
}

void system_comm(char *comm)
{
	const char *name = image_name ? image_name(PsGetCurrentProcess()) : "";
	size_t i = 0;

	for (; i < KMN_COMM - 1 && name[i]; i++)
		comm[i] = name[i];
	for (; i < KMN_COMM; i++)
		comm[i] = 0;
}

NTSTATUS system_query(ULONG class, void *answer, ULONG size, ULONG *needed)
{
	return query ? query(class, answer, size, needed) : STATUS_NOT_IMPLEMENTED;
}

/* NtQuerySystemInformation's class 103, in public headers since Windows 8's. */
static bool has_hvci(void)
{
	struct {
		ULONG length, options;
	} integrity = {.length = sizeof(integrity)};

	return !trace.in_process &&
	       NT_SUCCESS(system_query(103, &integrity, sizeof(integrity), NULL)) &&
	       integrity.options & 0x400; /* CODEINTEGRITY_OPTION_HVCI_KMCI_ENABLED */
}

void system_describe(struct trace_system *system)
{
	ULONG major, minor, build;

	PsGetVersion(&major, &minor, &build, NULL);
	*system = (struct trace_system){
		.version = TRACE_VERSION,
		.processors = trace.processors,
		.major = major,
		.minor = minor,
		.build = build,
		.pointer = sizeof(void *),
		.time = system_time(),
	};
	if (trace.in_process)
		system->guards |= TRACE_WINE;
	else if (sizeof(void *) == 8)
		system->guards |= TRACE_PATCHGUARD; /* every x64 kernel since NT 5.2 */
	if (has_hvci())
		system->guards |= TRACE_HVCI;
}

/*
 * A thread that was preempted in a stub is ready to run. Once a thread of the lowest priority has
 * run on its processor, it has too, and stubs are left after some instructions.
 */
void system_let_others_run(void)
{
	KAFFINITY all = KeQueryActiveProcessors();
	LARGE_INTEGER wait = {.QuadPart = -100000}; /* 10 ms, in 100 ns */

	if (trace.in_process) {
		/* Threads are the host's and run on. */
		wait.QuadPart *= 20;
		KeDelayExecutionThread(KernelMode, FALSE, &wait);
		return;
	}
	for (KAFFINITY left = all; left; left &= left - 1) {
		KPRIORITY before;

		KeSetSystemAffinityThread(left & -left);
		before = KeSetPriorityThread(KeGetCurrentThread(), LOW_PRIORITY + 1);
		KeDelayExecutionThread(KernelMode, FALSE, &wait);
		KeSetPriorityThread(KeGetCurrentThread(), before);
	}
	KeRevertToUserAffinityThread();
}
