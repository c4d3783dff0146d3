/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests under Wine need of a program:
 *	client install|start|stop|remove SYS	the target's service
 *	client call ROUNDS THREADS		prints how many calls returned something wrong
 *	client leak TAG BLOCKS BYTES [plain]
 *	client free
 *	client fail				5 requests that the target does not know
 *	client toggle ROUNDS THREADS		hook and unhook while threads call
 *	client change ROUNDS THREADS		the same one by one, while one hook stays
 *	client resize ROUNDS THREADS		other buffers while threads call
 *	client linger MS			the target's linger() takes so long; doesn't wait
 *	client raise ROUNDS			exceptions; prints how many were not handled well
 *	client send PIPE LINE			to a named pipe
 *	client fuzz N SEED			hostile requests to TRACE.SYS
 * Exit status 0: it went well.
 */
#include <nt/ioctl.h>
#include <record.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "target.h"

#define SERVICE "KmnTarget"
#define MAX_THREADS 8

enum { CLASSIC, HOTPATCH, MSVC, GCC, DATA };
static const char *const functions[] = {"KmnClassic", "KmnHotpatch", "KmnMsvc", "KmnGcc",
					"KmnData"};

static int fail(const char *what)
{
	fprintf(stderr, "client: %s: Windows error %lu\n", what, GetLastError());
	return 1;
}

static int service(const char *action, const char *path)
{
	SC_HANDLE manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS);
	SC_HANDLE target;
	SERVICE_STATUS status;
	char full[MAX_PATH];
	bool done;

	if (!strcmp(action, "install")) {
		GetFullPathNameA(path, sizeof(full), full, NULL);
		target = CreateServiceA(manager, SERVICE, SERVICE, SERVICE_ALL_ACCESS,
					SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START,
					SERVICE_ERROR_NORMAL, full, "Kapimon", NULL, NULL, NULL,
					NULL);
		return target ? 0 : fail(action);
	}
	target = OpenServiceA(manager, SERVICE, SERVICE_ALL_ACCESS);
	if (!target)
		return fail(action);
	if (!strcmp(action, "start"))
		done = StartServiceA(target, 0, NULL);
	else if (!strcmp(action, "stop"))
		done = ControlService(target, SERVICE_CONTROL_STOP, &status);
	else
		done = DeleteService(target);
	return done ? 0 : fail(action);
}

static HANDLE open_device(const char *path)
{
	HANDLE device =
		CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);

	if (device == INVALID_HANDLE_VALUE)
		exit(fail(path));
	return device;
}

static bool ask(HANDLE device, uint32_t code, const void *in, size_t in_length, void *out,
		size_t out_length)
{
	DWORD n;

	return DeviceIoControl(device, code, (void *)in, (DWORD)in_length, out, (DWORD)out_length,
			       &n, NULL);
}

static volatile LONG stopping, wrong, calls;
static HANDLE target;

static DWORD WINAPI call_thread(void *rounds)
{
	struct target_call call = {.rounds = (uint32_t)(uintptr_t)rounds};
	uint32_t result = 0;

	do {
		if (!ask(target, TARGET_CALL, &call, sizeof(call), &result, sizeof(result)))
			result = 1;
		InterlockedExchangeAdd(&wrong, (LONG)result);
		InterlockedExchangeAdd(&calls, (LONG)call.rounds);
	} while (!stopping && !wrong);
	return 0;
}

static void run_threads(HANDLE *threads, unsigned n, uint32_t rounds)
{
	for (unsigned i = 0; i < n; i++)
		threads[i] = CreateThread(NULL, 0, call_thread, (void *)(uintptr_t)rounds, 0, NULL);
}

static int call(uint32_t rounds, unsigned n)
{
	HANDLE threads[MAX_THREADS];

	target = open_device(TARGET_PATH);
	stopping = 1;
	run_threads(threads, n, rounds);
	WaitForMultipleObjects(n, threads, TRUE, INFINITE);
	printf("wrong=%ld\n", wrong);
	return wrong != 0;
}

static uint64_t target_base(HANDLE trace)
{
	static struct trace_module modules[512];
	DWORD n = 0;

	DeviceIoControl(trace, TRACE_MODULES, NULL, 0, modules, sizeof(modules), &n, NULL);
	for (size_t i = 0; i < n / sizeof(modules[0]); i++)
		if (!_stricmp(modules[i].name, "kmntarget.sys"))
			return modules[i].base;
	return 0;
}

/* In every round all functions are hooked, called, and unhooked; records are read meanwhile. */
static int toggle(unsigned rounds, unsigned n)
{
	HMODULE image = LoadLibraryExA("kmntarget.sys", NULL, DONT_RESOLVE_DLL_REFERENCES);
	struct trace_start start = {.buffer = 1u << 20, .frames = 16};
	static uint64_t records[1 << 15];
	struct trace_unhooked unhooked;
	uint64_t hits = 0, sum = 0;
	HANDLE threads[MAX_THREADS], trace = open_device(TRACE_PATH);
	uint64_t base = target_base(trace);

	target = open_device(TARGET_PATH);
	run_threads(threads, n, 100);
	for (unsigned round = 0; round < rounds; round++) {
		struct trace_row rows[2 * sizeof(functions) / sizeof(functions[0])];

		if (!ask(trace, TRACE_START, &start, sizeof(start), NULL, 0))
			return fail("start");
		for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
			struct trace_hook hook = {.flags = TRACE_HOOK_RETURN, .n_args = 2};
			struct trace_hooked hooked = {0};

			strcpy(hook.name, functions[i]);
			hook.address =
				base + (uint64_t)((char *)GetProcAddress(image, functions[i]) -
						  (char *)image);
			if (!ask(trace, TRACE_HOOK, &hook, sizeof(hook), &hooked, sizeof(hooked)) ||
			    hooked.reason) {
				fprintf(stderr, "client: %s: reason %u\n", functions[i],
					hooked.reason);
				return 1;
			}
		}
		Sleep(10);
		if (!ask(trace, TRACE_READ, NULL, 0, records, sizeof(records)) ||
		    !ask(trace, TRACE_UNHOOK, NULL, 0, &unhooked, sizeof(unhooked)))
			return fail("unhook");
		if (unhooked.left || unhooked.armed) {
			fprintf(stderr, "client: round %u: %u left, %u armed\n", round,
				unhooked.left, unhooked.armed);
			return 1;
		}
		if (!ask(trace, TRACE_LEDGER, NULL, 0, rows, sizeof(rows)))
			return fail("ledger");
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			hits += rows[i].hits;
			sum += rows[i].recorded + rows[i].filtered + rows[i].lost +
			       rows[i].suspended;
		}
	}
	stopping = 1;
	WaitForMultipleObjects(n, threads, TRUE, INFINITE);
	printf("rounds=%u wrong=%ld calls=%ld hits=%llu sum=%llu\n", rounds, wrong, calls,
	       (unsigned long long)hits, (unsigned long long)sum);
	return wrong || !hits || hits != sum;
}

/* The target's function i; returns its number, or -1. */
static int hook_one(HANDLE trace, uint64_t base, size_t i, uint32_t flags)
{
	HMODULE image = LoadLibraryExA("kmntarget.sys", NULL, DONT_RESOLVE_DLL_REFERENCES);
	struct trace_hook hook = {.flags = flags, .n_args = 2};
	struct trace_hooked hooked = {0};

	strcpy(hook.name, functions[i]);
	hook.address =
		base + (uint64_t)((char *)GetProcAddress(image, functions[i]) - (char *)image);
	if (ask(trace, TRACE_HOOK, &hook, sizeof(hook), &hooked, sizeof(hooked)) && !hooked.reason)
		return (int)hooked.hook;
	fprintf(stderr, "client: %s: reason %u, Windows error %lu\n", functions[i], hooked.reason,
		GetLastError());
	return -1;
}

/* Read all there is; returns how many entries of this hook. */
static uint64_t count_entries(HANDLE trace, uint32_t hook)
{
	static uint64_t records[1 << 17];
	uint64_t n = 0;
	DWORD got;

	do {
		got = 0;
		DeviceIoControl(trace, TRACE_READ, NULL, 0, records, sizeof(records), &got, NULL);
		for (DWORD at = 0; at < got;) {
			const struct kmn_header *header = (void *)((char *)records + at);

			n += header->kind == KMN_ENTRY && header->hook == hook;
			at += header->length;
		}
	} while (got > sizeof(records) / 2);
	return n;
}

static bool remove_one(HANDLE trace, uint32_t hook, uint32_t *held)
{
	struct trace_remove remove = {.hook = hook};
	struct trace_removed removed = {0};

	if (!ask(trace, TRACE_REMOVE, &remove, sizeof(remove), &removed, sizeof(removed)) ||
	    removed.armed)
		return false;
	if (removed.held > *held)
		*held = removed.held;
	/* What is out can't be taken out. */
	return !ask(trace, TRACE_REMOVE, &remove, sizeof(remove), &removed, sizeof(removed));
}

/*
 * The first function stays hooked while others are hooked and taken out one by one, and threads of
 * the target call them all: it misses no call and no record, and the memory of hooks that are out
 * is used again. Only functions that can be changed under the feet of running threads, which
 * nothing holds up under Wine.
 */
static int change(unsigned n_rounds, unsigned n)
{
	static const size_t safe[] = {HOTPATCH, DATA};
	struct trace_start start = {.buffer = TRACE_MAX_BUFFER};
	static struct trace_row rows[2 * TRACE_MAX_HOOKS];
	struct target_call busy = {.rounds = n};
	struct target_idle idle;
	HANDLE trace = open_device(TRACE_PATH);
	uint64_t base = target_base(trace), read = 0, hits = 0, sum = 0;
	struct trace_unhooked unhooked;
	uint32_t held = 0;
	DWORD got = 0;

	target = open_device(TARGET_PATH);
	if (!ask(trace, TRACE_START, &start, sizeof(start), NULL, 0))
		return fail("start");
	if (hook_one(trace, base, CLASSIC, 0) != 0)
		return 1;
	if (!ask(target, TARGET_BUSY, &busy, sizeof(busy), NULL, 0))
		return fail("busy");
	for (unsigned round = 0; round < n_rounds; round++) {
		int hooks[2];

		for (size_t i = 0; i < 2; i++) {
			hooks[i] = hook_one(trace, base, safe[i], TRACE_HOOK_RETURN);
			if (hooks[i] < 0)
				return 1;
		}
		read += count_entries(trace, 0);
		for (size_t i = 0; i < 2; i++)
			if (!remove_one(trace, (uint32_t)hooks[i], &held))
				return fail("remove");
	}
	if (!ask(target, TARGET_IDLE, NULL, 0, &idle, sizeof(idle)))
		return fail("idle");
	if (!ask(trace, TRACE_UNHOOK, NULL, 0, &unhooked, sizeof(unhooked)) || unhooked.left ||
	    unhooked.armed)
		return fail("unhook");
	read += count_entries(trace, 0);
	if (!DeviceIoControl(trace, TRACE_LEDGER, NULL, 0, rows, sizeof(rows), &got, NULL))
		return fail("ledger");
	got /= sizeof(rows[0]);
	for (DWORD i = 2; i < got; i++) {
		hits += rows[i].hits;
		sum += rows[i].recorded + rows[i].filtered + rows[i].lost + rows[i].suspended;
	}
	printf("wrong=%llu calls=%llu; the one that stayed: hits=%llu recorded=%llu read=%llu; "
	       "%lu rows, others: hits=%llu sum=%llu; held at most %u\n",
	       (unsigned long long)idle.wrong, (unsigned long long)idle.rounds,
	       (unsigned long long)rows[0].hits, (unsigned long long)rows[0].recorded,
	       (unsigned long long)read, got, (unsigned long long)hits, (unsigned long long)sum,
	       held);
	if (idle.wrong || rows[0].hits != idle.rounds || rows[0].recorded != idle.rounds ||
	    read != idle.rounds)
		return 1;
	return got != 2 * (1 + 2 * n_rounds) || !hits || hits != sum || !held || held > 80;
}

/* What was read of each processor: every number is a record or a gap. */
struct reading {
	uint64_t next[64];
	uint64_t records, gaps;
	bool back; /* a number came twice, or late */
};

static void read_all(HANDLE trace, struct reading *reading)
{
	static uint64_t bytes[1 << 17];
	DWORD got;

	do {
		got = 0;
		DeviceIoControl(trace, TRACE_READ, NULL, 0, bytes, sizeof(bytes), &got, NULL);
		for (DWORD at = 0; at < got;) {
			const struct kmn_header *header = (void *)((char *)bytes + at);
			uint64_t *next = &reading->next[header->cpu % 64];

			reading->back |= header->sequence < *next;
			reading->gaps += header->sequence - *next;
			*next = header->sequence + 1;
			reading->records++;
			at += header->length;
		}
	} while (got > sizeof(bytes) / 2);
}

/*
 * The buffers are replaced by larger and smaller ones while threads of the target call a hooked
 * function: each call is a record that is read, in order, or counted as lost.
 */
static int resize(unsigned n_rounds, unsigned n)
{
	static const uint32_t sizes[] = {TRACE_MIN_BUFFER, 1u << 20, 1u << 16};
	struct trace_start start = {.buffer = 1u << 20};
	struct target_call busy = {.rounds = n};
	struct reading reading = {0};
	struct target_idle idle;
	struct trace_row rows[2];
	HANDLE trace = open_device(TRACE_PATH);
	struct trace_unhooked unhooked;

	target = open_device(TARGET_PATH);
	if (!ask(trace, TRACE_START, &start, sizeof(start), NULL, 0))
		return fail("start");
	if (hook_one(trace, target_base(trace), CLASSIC, 0) != 0)
		return 1;
	if (!ask(target, TARGET_BUSY, &busy, sizeof(busy), NULL, 0))
		return fail("busy");
	start.frames = 5;
	if (ask(trace, TRACE_START, &start, sizeof(start), NULL, 0))
		return fail("a start with other frames was taken");
	start.frames = 0;
	for (unsigned round = 0; round < n_rounds; round++) {
		start.buffer = sizes[round % (sizeof(sizes) / sizeof(sizes[0]))];
		if (!ask(trace, TRACE_START, &start, sizeof(start), NULL, 0))
			return fail("resize");
		Sleep(round % 20);
		read_all(trace, &reading);
	}
	if (!ask(target, TARGET_IDLE, NULL, 0, &idle, sizeof(idle)))
		return fail("idle");
	if (!ask(trace, TRACE_UNHOOK, NULL, 0, &unhooked, sizeof(unhooked)) || unhooked.left)
		return fail("unhook");
	read_all(trace, &reading);
	if (!ask(trace, TRACE_LEDGER, NULL, 0, rows, sizeof(rows)))
		return fail("ledger");
	printf("hits=%llu recorded=%llu lost=%llu; read=%llu gaps=%llu%s\n",
	       (unsigned long long)rows[0].hits, (unsigned long long)rows[0].recorded,
	       (unsigned long long)rows[0].lost, (unsigned long long)reading.records,
	       (unsigned long long)reading.gaps, reading.back ? " out of order" : "");
	/* The last numbers of a processor may be lost ones, which no record shows. */
	return reading.back || idle.wrong || rows[0].hits != rows[0].recorded + rows[0].lost ||
	       reading.records != rows[0].recorded || reading.gaps > rows[0].lost ||
	       rows[0].hits < idle.rounds || !idle.rounds;
}

static int raise_exceptions(uint32_t rounds)
{
	struct target_call call = {.rounds = rounds};
	uint32_t result = 0;

	if (!ask(open_device(TARGET_PATH), TARGET_RAISE, &call, sizeof(call), &result,
		 sizeof(result)))
		return fail("raise");
	printf("wrong=%u\n", result);
	return result != 0;
}

static int linger(uint32_t ms)
{
	struct target_call call = {.rounds = ms};

	return ask(open_device(TARGET_PATH), TARGET_LINGER, &call, sizeof(call), NULL, 0)
		       ? 0
		       : fail("linger");
}

static int leak(const char *tag, uint32_t blocks, uint32_t bytes, bool plain)
{
	struct target_leak asked = {.blocks = blocks, .bytes = bytes, .plain = plain};

	memcpy(asked.tag, tag, strnlen(tag, 4));
	return ask(open_device(TARGET_PATH), TARGET_LEAK, &asked, sizeof(asked), NULL, 0)
		       ? 0
		       : fail("leak");
}

static int be_refused(void)
{
	HANDLE device = open_device(TARGET_PATH);

	for (int i = 0; i < 5; i++)
		if (ask(device, TARGET_FREE + 0x400, NULL, 0, NULL, 0))
			return 1;
	return 0;
}

static int send_line(const char *pipe, const char *line)
{
	HANDLE to = INVALID_HANDLE_VALUE;
	char path[128], text[256];
	DWORD written, wanted;

	snprintf(path, sizeof(path), "\\\\.\\pipe\\%s", pipe);
	wanted = (DWORD)snprintf(text, sizeof(text), "%s\r\n", line);
	/* Another writer may be there, or just have gone. */
	for (int i = 0; i < 100 && to == INVALID_HANDLE_VALUE; i++) {
		to = CreateFileA(path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
		if (to == INVALID_HANDLE_VALUE)
			Sleep(50);
	}
	if (to == INVALID_HANDLE_VALUE || !WriteFile(to, text, wanted, &written, NULL))
		return fail(path);
	CloseHandle(to);
	/* Until it is read and done. */
	Sleep(500);
	return written != wanted;
}

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

/* Requests with lengths and contents that are nearly right, or not at all. */
static int fuzz(unsigned n, uint32_t seed)
{
	static const size_t lengths[] = {0, 4, 8, 16, 24, 48, 64, 72, 88, 136, 160, 360, 4096};
	static unsigned char in[4096], out[65536];
	HANDLE trace = open_device(TRACE_PATH);
	struct trace_system system;
	struct trace_unhooked unhooked;
	struct trace_start start = {.buffer = TRACE_MIN_BUFFER};
	uint64_t base = target_base(trace);
	unsigned taken = 0;

	random_state = seed | 1;
	for (unsigned i = 0; i < n; i++) {
		/* Something that can be taken out. */
		if (!(i % 512) && ask(trace, TRACE_UNHOOK, NULL, 0, &unhooked, sizeof(unhooked)) &&
		    ask(trace, TRACE_START, &start, sizeof(start), NULL, 0))
			hook_one(trace, base, 0, 0);
		uint32_t code = TRACE_CODE(random_below(15), random_below(4));
		size_t in_length =
			lengths[random_below(13)] + (random_below(4) ? 0 : random_below(9));
		size_t out_length =
			lengths[random_below(13)] + (random_below(4) ? 0 : random_below(9));

		for (size_t j = 0; j < sizeof(in) / 4; j += 1 + random_below(64))
			((uint32_t *)in)[j] =
				random_below(4) ? random_below(65536) : random_below(~0u);
		if (!random_below(4))
			memset(in, 0, 16);
		if (in_length > sizeof(in))
			in_length = sizeof(in);
		taken += ask(trace, code, in, in_length, out, out_length);
	}
	if (!ask(trace, TRACE_SYSTEM, NULL, 0, &system, sizeof(system)))
		return fail("it answers no more");
	printf("taken=%u of %u\n", taken, n);
	return system.version != TRACE_VERSION || !taken || taken == n;
}

int main(int argc, char **argv)
{
	const char *action = argc > 1 ? argv[1] : "";

	if (argc == 4 && !strcmp(action, "call"))
		return call((uint32_t)atoi(argv[2]), (unsigned)atoi(argv[3]));
	if (argc >= 5 && !strcmp(action, "leak"))
		return leak(argv[2], (uint32_t)atoi(argv[3]), (uint32_t)atoi(argv[4]), argc > 5);
	if (argc == 2 && !strcmp(action, "free"))
		return ask(open_device(TARGET_PATH), TARGET_FREE, NULL, 0, NULL, 0) ? 0
										    : fail(action);
	if (argc == 2 && !strcmp(action, "fail"))
		return be_refused();
	if (argc == 4 && !strcmp(action, "toggle"))
		return toggle((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
	if (argc == 4 && !strcmp(action, "resize"))
		return resize((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
	if (argc == 3 && !strcmp(action, "raise"))
		return raise_exceptions((uint32_t)atoi(argv[2]));
	if (argc == 3 && !strcmp(action, "linger"))
		return linger((uint32_t)atoi(argv[2]));
	if (argc == 4 && !strcmp(action, "send"))
		return send_line(argv[2], argv[3]);
	if (argc == 4 && !strcmp(action, "change"))
		return change((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
	if (argc == 4 && !strcmp(action, "fuzz"))
		return fuzz((unsigned)atoi(argv[2]), (uint32_t)atoi(argv[3]));
	if (argc == 3)
		return service(action, argv[2]);
	fprintf(stderr, "client: see client.c\n");
	return 2;
}
