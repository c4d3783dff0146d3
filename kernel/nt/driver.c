/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device, its requests, and the driver's coming and going. All at PASSIVE_LEVEL. */
#include "trace.h"

struct trace trace;

DRIVER_INITIALIZE DriverEntry;

void *trace_allocate(size_t size)
{
	void *memory = ExAllocatePoolWithTag(NonPagedPool, size, TRACE_POOL_TAG);

	if (memory)
		RtlZeroMemory(memory, size);
	return memory;
}

void trace_free(void *memory)
{
	if (memory)
		ExFreePoolWithTag(memory, TRACE_POOL_TAG);
}

void *trace_routine(const WCHAR *name)
{
	UNICODE_STRING string;

	RtlInitUnicodeString(&string, name);
	return MmGetSystemRoutineAddress(&string);
}

/* An event, as Wine's mutexes stay taken for ever when two threads contend for them. */
void trace_lock(void)
{
	KeEnterCriticalRegion();
	KeWaitForSingleObject(&trace.lock, Executive, KernelMode, FALSE, NULL);
	trace.holder = system_thread();
}

void trace_unlock(void)
{
	trace.holder = 0;
	KeSetEvent(&trace.lock, IO_NO_INCREMENT, FALSE);
	KeLeaveCriticalRegion();
}

/* Who removes the notify routine waits for those who are in it, and they wait for the lock. */
static void begin_request(void)
{
	KeWaitForSingleObject(&trace.requests, Executive, KernelMode, FALSE, NULL);
	trace_lock();
}

static void end_request(void)
{
	trace_unlock();
	loads_settle();
	KeReleaseMutex(&trace.requests, FALSE);
}

static NTSTATUS complete(IRP *irp, NTSTATUS status, size_t written)
{
	irp->IoStatus.Status = status;
	irp->IoStatus.Information = written;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

/*
 * Who may load a driver may use this one. The device's security descriptor says the same; this is
 * for kernels where it could not be set.
 */
static NTSTATUS NTAPI dispatch_create(DEVICE_OBJECT *device, IRP *irp)
{
	LUID load_driver = {.LowPart = SE_LOAD_DRIVER_PRIVILEGE};
	bool allowed = trace.in_process || SeSinglePrivilegeCheck(load_driver, irp->RequestorMode);

	return complete(irp, allowed ? STATUS_SUCCESS : STATUS_ACCESS_DENIED, 0);
}

/*
 * The program's last handle is gone, however it ended: no hook stays. That is for IRP_MJ_CLEANUP,
 * which comes first; Wine sends IRP_MJ_CLOSE alone.
 */
static NTSTATUS NTAPI dispatch_close(DEVICE_OBJECT *device, IRP *irp)
{
	struct trace_unhooked unhooked;

	begin_request();
	hooks_stop(&unhooked);
	end_request();
	return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI dispatch_control(DEVICE_OBJECT *device, IRP *irp)
{
	IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
	struct control_request request = {
		.code = stack->Parameters.DeviceIoControl.IoControlCode,
		.buffer = irp->AssociatedIrp.SystemBuffer,
		.in_length = stack->Parameters.DeviceIoControl.InputBufferLength,
		.out_length = stack->Parameters.DeviceIoControl.OutputBufferLength,
	};
	enum control_result result;
	size_t written;

	if ((request.code & 3) == TRACE_OUT_DIRECT && irp->MdlAddress)
		request.direct = MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority);
	begin_request();
	result = control_handle(&hooks_operations, NULL, &request, &written);
	end_request();
	return complete(irp, (NTSTATUS)control_status(result), written);
}

/* S-1-5-32-544 and S-1-5-18 */
static struct {
	UCHAR revision, n;
	SID_IDENTIFIER_AUTHORITY authority;
	ULONG part[2];
} administrators = {SID_REVISION, 2, {SECURITY_NT_AUTHORITY}, {32, 544}},
  local_system = {SID_REVISION, 1, {SECURITY_NT_AUTHORITY}, {18}};

/* Administrators and the system, nobody else. */
static NTSTATUS protect(DEVICE_OBJECT *device)
{
	SECURITY_DESCRIPTOR descriptor;
	uint64_t room[16];
	ACL *acl = (ACL *)room;
	NTSTATUS status;
	HANDLE handle;

	status = RtlCreateSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
	if (NT_SUCCESS(status))
		status = RtlCreateAcl(acl, sizeof(room), ACL_REVISION);
	if (NT_SUCCESS(status))
		status = RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, &administrators);
	if (NT_SUCCESS(status))
		status = RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, &local_system);
	if (NT_SUCCESS(status))
		status = RtlSetDaclSecurityDescriptor(&descriptor, TRUE, acl, FALSE);
	if (!NT_SUCCESS(status))
		return status;
	status = ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode,
				       &handle);
	if (!NT_SUCCESS(status))
		return status;
	status = ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, &descriptor);
	ZwClose(handle);
	return status;
}

/* Only when hooks_stop() has left nothing; otherwise the driver has no unload routine. */
static VOID NTAPI unload(DRIVER_OBJECT *driver)
{
	UNICODE_STRING link;

	RtlInitUnicodeString(&link, TRACE_LINK_NAME);
	IoDeleteSymbolicLink(&link);
	IoDeleteDevice(trace.device);
	loads_fini();
	hooks_fini();
	modules_fini();
	code_fini();
}

void trace_allow_unload(bool allowed)
{
	trace.driver->DriverUnload = allowed ? unload : NULL;
}

NTSTATUS NTAPI DriverEntry(DRIVER_OBJECT *driver, UNICODE_STRING *registry_path)
{
	UNICODE_STRING name, link;
	NTSTATUS status;

	trace.driver = driver;
	KeInitializeMutex(&trace.requests, 0);
	KeInitializeEvent(&trace.lock, SynchronizationEvent, TRUE);
	KeInitializeSpinLock(&trace.pool_lock);
	system_init();
	unwound_init();
	code_init();
	hooks_init();
	loads_init();
	RtlInitUnicodeString(&name, TRACE_DEVICE_NAME);
	RtlInitUnicodeString(&link, TRACE_LINK_NAME);
	status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN,
				TRUE, &trace.device);
	if (!NT_SUCCESS(status))
		return status;
	status = protect(trace.device);
	/* Objects of drivers have no handles under Wine, nor is there anything to protect. */
	if (!NT_SUCCESS(status) && trace.in_process)
		status = STATUS_SUCCESS;
	if (NT_SUCCESS(status))
		status = IoCreateSymbolicLink(&link, &name);
	if (!NT_SUCCESS(status)) {
		IoDeleteDevice(trace.device);
		return status;
	}
	driver->MajorFunction[IRP_MJ_CREATE] = dispatch_create;
	driver->MajorFunction[IRP_MJ_CLEANUP] = dispatch_close;
	driver->MajorFunction[IRP_MJ_CLOSE] = dispatch_close;
	driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch_control;
	trace_allow_unload(true);
	return STATUS_SUCCESS;
}
