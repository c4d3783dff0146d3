/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for code, and writing into live code. PASSIVE_LEVEL unless told otherwise; the requests'
 * lock is held.
 */
#include "arena.h"
#include "room.h"
#include "trace.h"

/* What room.S has. */
#define ROOM_SIZE ((uintptr_t)room_rest + ROOM_REST - (uintptr_t)room_returns)

#define PAGE ((uintptr_t)4096)
#define NEAR_ENOUGH (((uint64_t)1 << 31) - (1u << 20))

/* Zeros behind the code of a module that is too far from our own, up to its page's end. */
#define SLACK_MAX 64
struct slack {
	struct arena arena;
	uint32_t used[8]; /* a page */
};

static struct arena room, thunks;
static uint32_t room_used[ROOM_REST / ARENA_UNIT / 32];
static uint32_t thunks_used[ROOM_THUNKS / ARENA_UNIT / 32];
static struct slack *slacks[SLACK_MAX];
static unsigned n_slacks;

static bool reaches(uintptr_t near, const void *memory, size_t size)
{
	uintptr_t at = (uintptr_t)memory;
	uint64_t from_low = near > at ? near - at : at - near;
	uint64_t from_high = near > at + size ? near - at - size : at + size - near;

	return !near || sizeof(void *) == 4 || (from_low < NEAR_ENOUGH && from_high < NEAR_ENOUGH);
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
	while (n && !bytes[n - 1])
		n--;
	return !n;
}

static struct slack *find_slack(uintptr_t near)
{
	uintptr_t begin, end;
	struct slack *slack;

	if (!modules_slack(near, &begin, &end))
		return NULL;
	/* Some linkers fill what the file has behind the code with int3. */
	while (begin < end && *(const uint8_t *)begin == 0xcc)
		begin++;
	begin = (begin + ARENA_UNIT - 1) & ~(uintptr_t)(ARENA_UNIT - 1);
	for (unsigned i = 0; i < n_slacks; i++)
		if (slacks[i]->arena.base == (uint8_t *)begin)
			return slacks[i];
	if (n_slacks == SLACK_MAX || begin >= end || !is_zero((const uint8_t *)begin, end - begin))
		return NULL;
	slack = trace_allocate(sizeof(*slack));
	if (!slack)
		return NULL;
	arena_init(&slack->arena, (void *)begin, end - begin, slack->used);
	return slacks[n_slacks++] = slack;
}

static void *allocate(void *context, uintptr_t near, size_t size)
{
	struct slack *slack;

	if (!room.base) {
		arena_init(&room, room_rest, ROOM_REST, room_used);
		arena_init(&thunks, room_thunks, ROOM_THUNKS, thunks_used);
	}
	/* Each begins where its unwind data says, since all there have one size. */
	if (!near && size == HOOK_THUNK_MAX)
		return arena_take(&thunks, size);
	if (reaches(near, room_rest, ROOM_REST))
		return arena_take(&room, size);
	slack = find_slack(near);
	return slack ? arena_take(&slack->arena, size) : NULL;
}

static void release(void *context, void *memory, size_t size)
{
	if (arena_give(&room, memory, size) || arena_give(&thunks, memory, size))
		return;
	for (unsigned i = 0; i < n_slacks; i++)
		if (arena_give(&slacks[i]->arena, memory, size))
			return;
}

void code_fini(void)
{
	while (n_slacks)
		trace_free(slacks[--n_slacks]);
}

/*
 * Code made writable, in one of three ways: a second mapping of its pages; under Wine, which has no
 * such mapping, the page's protection; on kernels that refuse the mapping, the processor's own
 * write protection, which holds only while this processor does nothing else.
 */
struct window {
	uint8_t *at; /* where to write */
	MDL *mdl;
	void *page;
	SIZE_T n;
	ULONG protection;
	bool unprotected; /* CR0.WP has to be cleared */
};

/* Wine's alone; NULL: there is none */
static NTSTATUS(NTAPI *protect)(HANDLE, void **, SIZE_T *, ULONG, ULONG *);

void code_init(void)
{
	protect = trace_routine(L"ZwProtectVirtualMemory");
}

static bool window_by_mdl(struct window *window, void *address, size_t n)
{
	MDL *mdl = IoAllocateMdl(address, (ULONG)n, FALSE, FALSE, NULL);

	if (!mdl)
		return false;
	/*
	 * It raises an exception, which nobody here would catch, for addresses that are not mapped;
	 * these are in a section of a loaded module and were read a moment ago.
	 */
	MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
	window->at = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE,
						  NormalPagePriority);
	if (!window->at) {
		MmUnlockPages(mdl);
		IoFreeMdl(mdl);
		return false;
	}
	window->mdl = mdl;
	return true;
}

static bool window_by_protection(struct window *window, void *address, size_t n)
{
	if (!protect)
		return false;
	window->page = address;
	window->n = n;
	if (!NT_SUCCESS(protect(NtCurrentProcess(), &window->page, &window->n,
				PAGE_EXECUTE_READWRITE, &window->protection)))
		return false;
	window->at = address;
	return true;
}

static void window_open(struct window *window, void *address, size_t n)
{
	*window = (struct window){0};
	if (trace.in_process) {
		window_by_protection(window, address, n);
	} else if (!window_by_mdl(window, address, n)) {
		window->at = address;
		window->unprotected = true;
	}
}

static void window_close(struct window *window)
{
	ULONG before;

	if (window->mdl) {
		MmUnmapLockedPages(window->at, window->mdl);
		MmUnlockPages(window->mdl);
		IoFreeMdl(window->mdl);
	} else if (window->page) {
		protect(NtCurrentProcess(), &window->page, &window->n, window->protection, &before);
	}
}

#define CR0_WP 0x10000

static uintptr_t unprotect(void)
{
	uintptr_t cr0;

	__asm__ volatile("cli; mov %%cr0, %0" : "=r"(cr0)::"memory");
	__asm__ volatile("mov %0, %%cr0" ::"r"(cr0 & ~(uintptr_t)CR0_WP) : "memory");
	return cr0;
}

static void protect_again(uintptr_t cr0)
{
	__asm__ volatile("mov %0, %%cr0; sti" ::"r"(cr0) : "memory");
}

/* Bytes that no processor may see in part; at, not address, is written. */
static void store(uint8_t *at, const uint8_t *bytes, size_t n)
{
	uintptr_t word = (uintptr_t)at & ~(uintptr_t)7;
	union {
		uint64_t value;
		uint8_t bytes[8];
	} new;

	/* Whole in an aligned word, else at least in a cache line: then any 8 bytes of it. */
	if ((uintptr_t)at + n > word + 8)
		word = (uintptr_t)at % 64 <= 56 ? (uintptr_t)at : (uintptr_t)at + n - 8;
	new.value = *(const volatile uint64_t *)word;
	for (size_t i = 0; i < n; i++)
		new.bytes[(uintptr_t)at - word + i] = bytes[i];
	counter_swap((uint64_t *)word, *(uint64_t *)word, new.value);
}

static const uint8_t spin_here[] = {0xeb, 0xfe}; /* jmp to itself */

/* Longer than a word: whoever comes in the meantime waits at the first instruction. */
static void store_long(uint8_t *at, const uint8_t *bytes, size_t n)
{
	store(at, spin_here, sizeof(spin_here));
	for (size_t i = 2; i < n; i++)
		((volatile uint8_t *)at)[i] = bytes[i];
	__sync_synchronize();
	store(at, bytes, 2);
}

struct parking {
	KDPC dpc[64];
	uint32_t arrived, go, gone;
};

static VOID NTAPI park(KDPC *dpc, VOID *context, VOID *a, VOID *b)
{
	struct parking *parking = context;
	uint32_t zero = 0, ebx;

	__atomic_fetch_add(&parking->arrived, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&parking->go, __ATOMIC_ACQUIRE))
		YieldProcessor();
	/* Throw away what was fetched before. */
	__asm__ volatile("cpuid" : "+a"(zero), "=b"(ebx)::"ecx", "edx", "memory");
	__atomic_fetch_add(&parking->gone, 1, __ATOMIC_SEQ_CST);
}

/* Make all other processors wait; at DISPATCH_LEVEL when it returns. */
static void park_others(struct parking *parking, KIRQL *irql)
{
	KAFFINITY all = KeQueryActiveProcessors();
	uint32_t wanted = 0, self;

	KeRaiseIrql(DISPATCH_LEVEL, irql);
	self = system_processor();
	for (uint32_t i = 0; i < 8 * sizeof(all) && i < 64; i++) {
		if (!(all >> i & 1) || i == self)
			continue;
		KeInitializeDpc(&parking->dpc[i], park, parking);
		KeSetTargetProcessorDpc(&parking->dpc[i], (CCHAR)i);
		KeSetImportanceDpc(&parking->dpc[i], HighImportance);
		KeInsertQueueDpc(&parking->dpc[i], NULL, NULL);
		wanted++;
	}
	while (__atomic_load_n(&parking->arrived, __ATOMIC_ACQUIRE) < wanted)
		YieldProcessor();
}

static void release_others(struct parking *parking, KIRQL irql)
{
	__atomic_store_n(&parking->go, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&parking->gone, __ATOMIC_ACQUIRE) < parking->arrived)
		YieldProcessor();
	KeLowerIrql(irql);
}

bool code_parked(void (*work)(void *), void *context)
{
	struct parking *parking;
	KIRQL irql;

	if (trace.in_process) {
		work(context);
		return true;
	}
	parking = trace_allocate(sizeof(*parking));
	if (!parking)
		return false;
	park_others(parking, &irql);
	work(context);
	release_others(parking, irql);
	trace_free(parking);
	return true;
}

static bool same(const void *address, const uint8_t *expected, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((const volatile uint8_t *)address)[i] != expected[i])
			return false;
	return true;
}

static bool write_window(const struct window *window, const uint8_t *bytes, size_t n)
{
	uintptr_t cr0 = 0;

	if (window->unprotected)
		cr0 = unprotect();
	if (n <= 8)
		store(window->at, bytes, n);
	else
		store_long(window->at, bytes, n);
	if (window->unprotected)
		protect_again(cr0);
	return true;
}

/*
 * A thread that was preempted between the replaced instructions can't be seen on any kernel: it
 * would go on in the middle of the jump. Who hooks functions with n_inside takes that risk.
 */
static bool write(void *context, void *address, const uint8_t *expected, const uint8_t *bytes,
		  size_t n, unsigned n_inside)
{
	struct parking *parking = NULL;
	struct window window;
	KIRQL irql = 0;
	bool done;

	if (!trace.in_process) {
		parking = trace_allocate(sizeof(*parking));
		if (!parking)
			return false;
	}
	window_open(&window, address, n);
	if (!window.at) {
		trace_free(parking);
		return false;
	}
	if (parking)
		park_others(parking, &irql);
	done = same(address, expected, n) && write_window(&window, bytes, n);
	if (parking)
		release_others(parking, irql);
	window_close(&window);
	trace_free(parking);
	return done;
}

/* Nobody executes it yet. */
static bool fill(void *context, void *memory, const uint8_t *bytes, size_t n)
{
	struct window window;
	uintptr_t cr0 = 0;

	if ((uintptr_t)memory - (uintptr_t)room_returns < ROOM_SIZE) {
		RtlCopyMemory(memory, bytes, n);
		return true;
	}
	window_open(&window, memory, n);
	if (!window.at)
		return false;
	if (window.unprotected)
		cr0 = unprotect();
	RtlCopyMemory(window.at, bytes, n);
	if (window.unprotected)
		protect_again(cr0);
	window_close(&window);
	return true;
}

/* On the stack of a DPC the limits are those of another one. */
static uintptr_t stack_low(void *context, uintptr_t address)
{
	ULONG_PTR low, high;

	IoGetStackLimits(&low, &high);
	return address >= low && address < high ? low : 0;
}

const struct hook_platform code_platform = {
	.allocate = allocate,
	.release = release,
	.fill = fill,
	.write = write,
	.stack_low = stack_low,
	.returns_code = room_returns,
};
