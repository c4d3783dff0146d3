/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_pool_counters.h"

#include <stdlib.h>
#include <windows.h>
#include <winternl.h>

/* Neither is in mingw-w64's headers. */
#define SYSTEM_POOL_TAG_INFORMATION 22
#define LENGTH_MISMATCH ((NTSTATUS)0xc0000004)

typedef NTSTATUS(WINAPI *query_routine)(ULONG, void *, ULONG, ULONG *);

static query_routine find_query(void)
{
	HMODULE library = GetModuleHandleA("ntdll.dll");

	return library ? (query_routine)(void *)GetProcAddress(library, "NtQuerySystemInformation")
		       : NULL;
}

int nt_pool_counters_read(struct nt_pool_counters *counters, struct error *err)
{
	query_routine query = find_query();
	NTSTATUS status = LENGTH_MISMATCH;
	ULONG room = 64 * 1024, length = 0;
	void *answer = NULL;
	int code = 0;

	/* What is too small is not told how much it takes on old systems. */
	for (; query && status == LENGTH_MISMATCH && room <= 64u << 20; room *= 2) {
		free(answer);
		answer = malloc(room);
		if (!answer)
			return error_no_memory(err);
		status = query(SYSTEM_POOL_TAG_INFORMATION, answer, room, &length);
	}
	if (query && status >= 0)
		code = nt_pool_counters_parse(answer, length < room ? length : room, sizeof(void *),
					      counters);
	free(answer);
	return code ? error_no_memory(err) : 0;
}
