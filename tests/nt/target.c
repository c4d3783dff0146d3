/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KMNTARGET.SYS: a driver to be watched. Its exports have prologues written out as compilers and
 * assemblers write them (functions.S), each adds its two arguments; and it leaks pool memory when
 * it is told to.
 */
#include <ntifs.h>

#include <stdint.h>

#include "raising.h"
#include "target.h"

DRIVER_INITIALIZE DriverEntry;

#define MAX_LEAKED 256

static DEVICE_OBJECT *target_device;
static void *leaked[MAX_LEAKED];
static uint32_t n_leaked;

/* X(name): adds its arguments */
#define FUNCTIONS(X)                                                                               \
	X(KmnClassic)                                                                              \
	X(KmnHotpatch)                                                                             \
	X(KmnMsvc)                                                                                 \
	X(KmnGcc)                                                                                  \
	X(KmnLoopBack)                                                                             \
	X(KmnShort)                                                                                \
	X(KmnData)                                                                                 \
	X(KmnJump)

/* Code that has the type of data: lea [a + b]; ret, with room before it ends. */
#if defined(__i386__)
const unsigned char kmn_bytes[] __attribute__((section(".text"), used)) = {
	0x8b, 0x44, 0x24, 0x04, 0x03, 0x44, 0x24, 0x08, 0xc2, 0x08, 0x00};
#else
const unsigned char kmn_bytes[]
	__attribute__((section(".text"), used)) = {0x48, 0x89, 0xc8, 0x48, 0x01, 0xd0, 0xc3};
#endif

#define DECLARE(name) uintptr_t NTAPI name(uintptr_t a, uintptr_t b);
FUNCTIONS(DECLARE)

static uintptr_t(NTAPI *const functions[])(uintptr_t, uintptr_t) = {
#define ENTRY(name) name,
	FUNCTIONS(ENTRY)};

uintptr_t NTAPI KmnStart(uintptr_t a, uintptr_t b);

static uint32_t call(const struct target_call *asked)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < asked->rounds; i++)
		for (uint32_t j = 0; j < ARRAYSIZE(functions); j++)
			wrong += functions[j](i, j) != i + j;
	return wrong;
}

static uint32_t rounds, wrong;
static uint32_t n_threads, stopping;

static void sleep_ms(uint32_t ms)
{
	LARGE_INTEGER wait = {.QuadPart = -10000 * (int64_t)ms};

	KeDelayExecutionThread(KernelMode, FALSE, &wait);
}

static VOID NTAPI busy_thread(VOID *context)
{
	const struct target_call asked = {.rounds = 10};

	while (!__atomic_load_n(&stopping, __ATOMIC_ACQUIRE)) {
		__atomic_fetch_add(&wrong, call(&asked), __ATOMIC_RELAXED);
		__atomic_fetch_add(&rounds, asked.rounds, __ATOMIC_RELAXED);
		sleep_ms(1);
	}
	__atomic_fetch_sub(&n_threads, 1, __ATOMIC_RELEASE);
}

/* Not static: on i386, gcc hands arguments of such functions over in registers of its choice. */
uint32_t NTAPI linger(uint32_t ms);

__attribute__((noinline)) uint32_t NTAPI linger(uint32_t ms)
{
	sleep_ms(ms);
	return ms;
}

static VOID NTAPI linger_thread(VOID *context)
{
	linger((uint32_t)(uintptr_t)context);
	__atomic_fetch_sub(&n_threads, 1, __ATOMIC_RELEASE);
}

static NTSTATUS start_thread(PKSTART_ROUTINE routine, void *context)
{
	HANDLE thread;
	NTSTATUS status;

	__atomic_fetch_add(&n_threads, 1, __ATOMIC_RELAXED);
	status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, routine,
				      context);
	if (NT_SUCCESS(status))
		ZwClose(thread);
	else
		__atomic_fetch_sub(&n_threads, 1, __ATOMIC_RELAXED);
	return status;
}

static NTSTATUS be_busy(const struct target_call *asked)
{
	NTSTATUS status = STATUS_SUCCESS;

	stopping = 0;
	rounds = wrong = 0;
	for (uint32_t i = 0; i < asked->rounds && NT_SUCCESS(status); i++)
		status = start_thread(busy_thread, NULL);
	return status;
}

static void be_idle(struct target_idle *idle)
{
	__atomic_store_n(&stopping, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&n_threads, __ATOMIC_ACQUIRE))
		sleep_ms(10);
	*idle = (struct target_idle){.rounds = rounds, .wrong = wrong};
}

static NTSTATUS leak(const struct target_leak *asked)
{
	ULONG tag = 0;

	for (int i = 0; i < 4; i++)
		tag |= (ULONG)(UCHAR)asked->tag[i] << 8 * i;
	for (uint32_t i = 0; i < asked->blocks; i++) {
		void *block = asked->plain ? ExAllocatePool(NonPagedPool, asked->bytes)
					   : ExAllocatePoolWithTag(NonPagedPool, asked->bytes, tag);

		if (!block)
			return STATUS_INSUFFICIENT_RESOURCES;
		if (i % 4 == 0 && n_leaked < MAX_LEAKED)
			leaked[n_leaked++] = block;
		else if (asked->plain)
			ExFreePool(block);
		else
			ExFreePoolWithTag(block, tag);
	}
	return STATUS_SUCCESS;
}

/* No export: symbols alone name it. */
static __attribute__((noinline)) void free_leaked(void)
{
	while (n_leaked)
		ExFreePool(leaked[--n_leaked]);
}

static NTSTATUS NTAPI dispatch(DEVICE_OBJECT *of, IRP *irp)
{
	IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
	ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
	ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
	void *buffer = irp->AssociatedIrp.SystemBuffer;
	NTSTATUS status = STATUS_SUCCESS;

	irp->IoStatus.Information = 0;
	if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
		switch (stack->Parameters.DeviceIoControl.IoControlCode) {
		case TARGET_CALL:
		case TARGET_RAISE:
			if (in != sizeof(struct target_call) || out != sizeof(uint32_t)) {
				status = STATUS_INVALID_PARAMETER;
				break;
			}
			*(uint32_t *)buffer =
				stack->Parameters.DeviceIoControl.IoControlCode == TARGET_CALL
					? call(buffer)
					: raising_rounds(((struct target_call *)buffer)->rounds);
			irp->IoStatus.Information = sizeof(uint32_t);
			break;
		case TARGET_LEAK:
			status = in == sizeof(struct target_leak) ? leak(buffer)
								  : STATUS_INVALID_PARAMETER;
			break;
		case TARGET_FREE:
			free_leaked();
			break;
		case TARGET_BUSY:
			status = in == sizeof(struct target_call) ? be_busy(buffer)
								  : STATUS_INVALID_PARAMETER;
			break;
		case TARGET_IDLE:
			if (out != sizeof(struct target_idle)) {
				status = STATUS_INVALID_PARAMETER;
				break;
			}
			be_idle(buffer);
			irp->IoStatus.Information = out;
			break;
		case TARGET_LINGER:
			status = in == sizeof(struct target_call)
					 ? start_thread(
						   linger_thread,
						   (void *)(uintptr_t)((struct target_call *)buffer)
							   ->rounds)
					 : STATUS_INVALID_PARAMETER;
			break;
		default:
			status = STATUS_INVALID_DEVICE_REQUEST;
		}
	}
	irp->IoStatus.Status = status;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

static VOID NTAPI unload(DRIVER_OBJECT *driver)
{
	struct target_idle idle;
	UNICODE_STRING link;

	be_idle(&idle);
	free_leaked();
	RtlInitUnicodeString(&link, L"\\DosDevices\\KmnTarget");
	IoDeleteSymbolicLink(&link);
	IoDeleteDevice(target_device);
}

NTSTATUS NTAPI DriverEntry(DRIVER_OBJECT *driver, UNICODE_STRING *registry_path)
{
	const struct target_call at_start = {.rounds = TARGET_AT_START};
	UNICODE_STRING name, link;
	NTSTATUS status;

	if (call(&at_start) || KmnStart(1, 2) != 3)
		return STATUS_UNSUCCESSFUL;
	RtlInitUnicodeString(&name, L"\\Device\\KmnTarget");
	RtlInitUnicodeString(&link, L"\\DosDevices\\KmnTarget");
	status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &target_device);
	if (!NT_SUCCESS(status))
		return status;
	IoCreateSymbolicLink(&link, &name);
	driver->MajorFunction[IRP_MJ_CREATE] = dispatch;
	driver->MajorFunction[IRP_MJ_CLOSE] = dispatch;
	driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch;
	driver->DriverUnload = unload;
	return STATUS_SUCCESS;
}
