/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/inlet.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define PREFIX "\\\\.\\pipe\\"
#define ROOM 4096

/* winbase.h of mingw-w64 has it for Windows Vista alone, which was the first to know it. */
#ifndef PIPE_REJECT_REMOTE_CLIENTS
#define PIPE_REJECT_REMOTE_CLIENTS 8
#endif

struct inlet {
	HANDLE pipe;
	OVERLAPPED connecting; /* its event is signalled when a writer has come */
};

/*
 * Who may write there changes what is hooked: by the default descriptor these are the system,
 * administrators and who made it. Nobody else can have made it before.
 */
static HANDLE make_pipe(const char *path)
{
	const DWORD access =
		PIPE_ACCESS_INBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED;
	HANDLE pipe =
		CreateNamedPipeA(path, access, PIPE_REJECT_REMOTE_CLIENTS, 1, 0, ROOM, 0, NULL);

	if (pipe == INVALID_HANDLE_VALUE && GetLastError() == ERROR_INVALID_PARAMETER)
		pipe = CreateNamedPipeA(path, access, 0, 1, 0, ROOM, 0, NULL);
	return pipe;
}

/*
 * Wait for a writer, in the background. Where that is not begun, one is there, or was and has gone
 * again: reading tells.
 */
static void await(struct inlet *inlet)
{
	ResetEvent(inlet->connecting.hEvent);
	if (ConnectNamedPipe(inlet->pipe, &inlet->connecting) || GetLastError() != ERROR_IO_PENDING)
		SetEvent(inlet->connecting.hEvent);
}

struct inlet *inlet_open(const char *name, struct error *err)
{
	struct inlet *inlet = calloc(1, sizeof(*inlet));
	bool whole = !strncmp(name, PREFIX, strlen(PREFIX));
	char path[256];
	DWORD code;

	if (!inlet) {
		error_no_memory(err);
		return NULL;
	}
	snprintf(path, sizeof(path), "%s%s", whole ? "" : PREFIX, name);
	inlet->connecting.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
	inlet->pipe = inlet->connecting.hEvent ? make_pipe(path) : INVALID_HANDLE_VALUE;
	if (inlet->pipe == INVALID_HANDLE_VALUE) {
		code = GetLastError();
		error_usage(err, "can't read changes from %s: Windows error %lu", path, code);
		error_hint(err, "NAME is that of a pipe that no program has made yet");
		inlet_close(inlet);
		return NULL;
	}
	await(inlet);
	return inlet;
}

/* The writer has gone: for the next one. */
static void begin_anew(struct inlet *inlet)
{
	DisconnectNamedPipe(inlet->pipe);
	await(inlet);
}

size_t inlet_read(struct inlet *inlet, void *bytes, size_t n)
{
	OVERLAPPED reading = {0};
	DWORD there = 0, got = 0;

	if (WaitForSingleObject(inlet->connecting.hEvent, 0) != WAIT_OBJECT_0)
		return 0;
	if (!PeekNamedPipe(inlet->pipe, NULL, 0, NULL, &there, NULL)) {
		begin_anew(inlet);
		return 0;
	}
	if (!there)
		return 0;
	/* It is there, so this does not wait. */
	reading.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
	if (!reading.hEvent)
		return 0;
	if (ReadFile(inlet->pipe, bytes, there < n ? there : (DWORD)n, NULL, &reading) ||
	    GetLastError() == ERROR_IO_PENDING)
		GetOverlappedResult(inlet->pipe, &reading, &got, TRUE);
	CloseHandle(reading.hEvent);
	return got;
}

void inlet_close(struct inlet *inlet)
{
	DWORD ignored;

	if (!inlet)
		return;
	if (inlet->pipe != INVALID_HANDLE_VALUE) {
		/* The system writes to "connecting" until it has given up waiting. */
		CancelIo(inlet->pipe);
		GetOverlappedResult(inlet->pipe, &inlet->connecting, &ignored, TRUE);
		CloseHandle(inlet->pipe);
	}
	if (inlet->connecting.hEvent)
		CloseHandle(inlet->connecting.hEvent);
	free(inlet);
}
