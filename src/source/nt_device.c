/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_device.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

struct nt_device {
	HANDLE handle;
};

static const char *control_name(enum trace_control control)
{
	switch (control) {
#define CONTROL_TEXT(name, number, method, text)                                                   \
	case TRACE_##name:                                                                         \
		return text;
		TRACE_CONTROLS(CONTROL_TEXT)
#undef CONTROL_TEXT
	}
	return "?";
}

/* The driver asks for it when it is opened; who is no administrator does not have it. */
static void enable_load_driver(void)
{
	TOKEN_PRIVILEGES privileges = {.PrivilegeCount = 1,
				       .Privileges[0].Attributes = SE_PRIVILEGE_ENABLED};
	HANDLE token;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token))
		return;
	if (LookupPrivilegeValueA(NULL, "SeLoadDriverPrivilege", &privileges.Privileges[0].Luid))
		AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL);
	CloseHandle(token);
}

static int open_failed(struct error *err)
{
	switch (GetLastError()) {
	case ERROR_FILE_NOT_FOUND:
	case ERROR_PATH_NOT_FOUND:
		error_set(err, "TRACE.SYS is not loaded");
		return error_hint(err, "\"kapimon install\" once, then \"kapimon start\"");
	case ERROR_ACCESS_DENIED:
		error_set(err,
			  "TRACE.SYS is for administrators only, or in use by another program");
		return error_hint(err, "run it as an administrator, and only once");
	}
	return error_set(err, "can't open TRACE.SYS: Windows error %lu", GetLastError());
}

struct nt_device *nt_device_open(struct trace_system *system, struct error *err)
{
	struct nt_device *device = calloc(1, sizeof(*device));

	if (!device) {
		error_no_memory(err);
		return NULL;
	}
	enable_load_driver();
	device->handle = CreateFileA(TRACE_PATH, GENERIC_READ | GENERIC_WRITE, 0, NULL,
				     OPEN_EXISTING, 0, NULL);
	if (device->handle == INVALID_HANDLE_VALUE) {
		open_failed(err);
		free(device);
		return NULL;
	}
	if (nt_device_ask(device, TRACE_SYSTEM, NULL, 0, system, sizeof(*system), err) < 0) {
		nt_device_close(device);
		return NULL;
	}
	if (system->version != TRACE_VERSION) {
		error_set(err, "the TRACE.SYS that is loaded has another version");
		error_hint(err,
			   "\"kapimon stop\" and \"kapimon start\" load the one beside kapimon");
		nt_device_close(device);
		return NULL;
	}
	return device;
}

void nt_device_close(struct nt_device *device)
{
	if (!device)
		return;
	CloseHandle(device->handle);
	free(device);
}

long nt_device_ask(struct nt_device *device, enum trace_control control, const void *in,
		   size_t in_length, void *out, size_t out_length, struct error *err)
{
	DWORD n = 0;

	if (DeviceIoControl(device->handle, control, (void *)in, (DWORD)in_length, out,
			    (DWORD)out_length, &n, NULL))
		return (long)n;
	return error_set(err, "TRACE.SYS refused to %s: Windows error %lu", control_name(control),
			 GetLastError());
}

int nt_device_list(struct nt_device *device, enum trace_control control, size_t size, void **list,
		   size_t *n, struct error *err)
{
	size_t room = 256;

	for (;; room *= 4) {
		void *made = calloc(room, size);
		long got;

		if (!made)
			return error_no_memory(err);
		got = nt_device_ask(device, control, NULL, 0, made, room * size, err);
		if (got >= 0 && (size_t)got < room * size) {
			*list = made;
			*n = (size_t)got / size;
			return 0;
		}
		free(made);
		if (got < 0)
			return -1;
	}
}

#define SERVICE "KapimonTrace"
/* winerror.h of mingw-w64 lacks it */
#define INVALID_IMAGE_HASH 577

static int service_failed(const char *what, struct error *err)
{
	DWORD code = GetLastError();

	error_set(err, "can't %s the service %s: Windows error %lu", what, SERVICE, code);
	switch (code) {
	case ERROR_ACCESS_DENIED:
		return error_hint(err, "run it as an administrator");
	case ERROR_SERVICE_DOES_NOT_EXIST:
		return error_hint(err, "\"kapimon install\" makes it");
	case INVALID_IMAGE_HASH:
		return error_hint(err, "this Windows takes signed drivers only: sign TRACE.SYS, or "
				       "start Windows with test signing on");
	case ERROR_INVALID_SERVICE_CONTROL:
		return error_hint(err, "a call is still inside a hook that was taken out, so the "
				       "driver stays until the machine starts again; its hooks are "
				       "off");
	}
	return -1;
}

static SC_HANDLE open_service(DWORD access, const char *what, struct error *err)
{
	SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CONNECT);
	SC_HANDLE service = manager ? OpenServiceA(manager, SERVICE, access) : NULL;

	if (!service)
		service_failed(what, err);
	if (manager)
		CloseServiceHandle(manager);
	return service;
}

int nt_service_install(const char *path, struct error *err)
{
	SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_CREATE_SERVICE);
	SC_HANDLE service = NULL;

	/* Wine runs the drivers of one group in one process; nowhere else has the group a meaning.
	 */
	if (manager)
		service = CreateServiceA(manager, SERVICE, "Kapimon kernel API monitor",
					 SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
					 SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, path,
					 "Kapimon", NULL, NULL, NULL, NULL);
	if (!service)
		service_failed("install", err);
	else
		CloseServiceHandle(service);
	if (manager)
		CloseServiceHandle(manager);
	return service ? 0 : -1;
}

int nt_service_start(struct error *err)
{
	SC_HANDLE service = open_service(SERVICE_START, "start", err);
	int code = 0;

	if (!service)
		return -1;
	if (!StartServiceA(service, 0, NULL) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING)
		code = service_failed("start", err);
	CloseServiceHandle(service);
	return code;
}

int nt_service_stop(struct error *err)
{
	SC_HANDLE service = open_service(SERVICE_STOP | SERVICE_QUERY_STATUS, "stop", err);
	SERVICE_STATUS status;
	int code = 0;

	if (!service)
		return -1;
	if (!ControlService(service, SERVICE_CONTROL_STOP, &status))
		code = service_failed("stop", err);
	CloseServiceHandle(service);
	return code;
}

int nt_service_remove(struct error *err)
{
	SC_HANDLE service = open_service(DELETE, "remove", err);
	int code = 0;

	if (!service)
		return -1;
	if (!DeleteService(service))
		code = service_failed("remove", err);
	CloseServiceHandle(service);
	return code;
}
