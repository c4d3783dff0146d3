/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "platform.h"
#include "system_call.h"

#define ARENA_SIZE (1UL << 20)
#define MAX_ARENAS 256
#define GIGABYTE (1ULL << 30)

/* Memory that was released, by size: hooks are put in and out many times. */
struct free_block {
	struct free_block *next;
	size_t size;
};

struct arena {
	uint8_t *memory;
	size_t used;
};

static struct arena arenas[MAX_ARENAS];
static unsigned n_arenas;
static struct free_block *free_blocks;

static struct thread {
	int id; /* 0: free */
	uintptr_t ip;
} threads[PLATFORM_MAX_THREADS];
static int threads_lock;
/* Odd: stand still until it is even again. */
static unsigned generation;
static unsigned n_stopped;

static void lock(void)
{
	while (__atomic_exchange_n(&threads_lock, 1, __ATOMIC_ACQUIRE))
		system_call(SYS_sched_yield, 0, 0, 0);
}

static void unlock(void)
{
	__atomic_store_n(&threads_lock, 0, __ATOMIC_RELEASE);
}

static void stand_still(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *stopped = context;
	int id = (int)system_call(SYS_gettid, 0, 0, 0);
	unsigned now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);

	(void)signal;
	(void)info;
	for (unsigned i = 0; i < PLATFORM_MAX_THREADS; i++)
		if (threads[i].id == id)
#if defined(__i386__)
			threads[i].ip = (uintptr_t)stopped->uc_mcontext.gregs[REG_EIP];
#else
			threads[i].ip = (uintptr_t)stopped->uc_mcontext.gregs[REG_RIP];
#endif
	__atomic_fetch_add(&n_stopped, 1, __ATOMIC_RELEASE);
	while (now % 2 && __atomic_load_n(&generation, __ATOMIC_ACQUIRE) == now)
		system_call(SYS_sched_yield, 0, 0, 0);
}

/* All other threads; the lock is held. */
static void stop(void)
{
	int self = (int)system_call(SYS_gettid, 0, 0, 0);
	int process = (int)system_call(SYS_getpid, 0, 0, 0);
	unsigned n = 0;

	__atomic_store_n(&n_stopped, 0, __ATOMIC_RELEASE);
	__atomic_fetch_add(&generation, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < PLATFORM_MAX_THREADS; i++)
		if (threads[i].id && threads[i].id != self)
			n += !system_call(SYS_tgkill, process, threads[i].id, SIGUSR2);
	while (__atomic_load_n(&n_stopped, __ATOMIC_ACQUIRE) < n)
		system_call(SYS_sched_yield, 0, 0, 0);
}

static void go(void)
{
	__atomic_fetch_add(&generation, 1, __ATOMIC_RELEASE);
}

static bool is_inside(uintptr_t address, size_t n)
{
	int self = (int)system_call(SYS_gettid, 0, 0, 0);

	for (unsigned i = 0; i < PLATFORM_MAX_THREADS; i++)
		if (threads[i].id && threads[i].id != self && threads[i].ip > address &&
		    threads[i].ip < address + n)
			return true;
	return false;
}

static bool protect(uintptr_t address, size_t n, int protection)
{
	uintptr_t page = address & ~(uintptr_t)4095;

	return !system_call(SYS_mprotect, (long)page, (long)(address + n - page), protection);
}

static bool write_code(void *context, void *address, const uint8_t *expected, const uint8_t *bytes,
		       size_t n, unsigned n_inside)
{
	struct platform *platform = context;
	volatile uint8_t *code = address;
	uintptr_t at = (uintptr_t)address;
	bool same = true;

	lock();
	stop();
	while (n_inside && is_inside(at, n)) {
		platform->n_retries++;
		go();
		system_call(SYS_sched_yield, 0, 0, 0);
		stop();
	}
	for (size_t i = 0; i < n; i++)
		same &= code[i] == expected[i];
	if (same && protect(at, n, PROT_READ | PROT_WRITE | PROT_EXEC)) {
		for (size_t i = 0; i < n; i++)
			code[i] = bytes[i];
		protect(at, n, PROT_READ | PROT_EXEC);
	} else {
		same = false;
	}
	go();
	unlock();
	platform->n_writes++;
	platform->n_inside_writes += n_inside > 0;
	return same;
}

static bool is_near(uintptr_t memory, uintptr_t near)
{
	uintptr_t distance = memory > near ? memory - near : near - memory;

	return sizeof(void *) == 4 || distance < 2 * GIGABYTE - 2 * ARENA_SIZE;
}

/* Far memory lies where the kernel maps nothing by itself. */
static bool is_far(uint64_t memory)
{
	return memory < 256 * GIGABYTE;
}

static bool fits(const struct platform *platform, uintptr_t memory, uintptr_t near)
{
	return near ? is_near(memory, near) : !platform->far_thunks || is_far(memory);
}

static uint8_t *map_at(uintptr_t hint)
{
	void *memory = mmap((void *)hint, ARENA_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS | (hint ? MAP_FIXED_NOREPLACE : 0), -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static uint8_t *map_arena(const struct platform *platform, uintptr_t near)
{
	uint8_t *memory = NULL;

	if (sizeof(void *) == 4)
		return map_at(0);
	if (!near && platform->far_thunks) {
		for (uint64_t at = 64 * GIGABYTE; !memory && is_far(at); at += ARENA_SIZE)
			memory = map_at((uintptr_t)at);
		return memory;
	}
	if (!near)
		near = (uintptr_t)platform_init;
	near &= ~(ARENA_SIZE - 1);
	for (uintptr_t away = ARENA_SIZE; !memory && away < GIGABYTE; away += ARENA_SIZE) {
		memory = map_at(near - away);
		if (!memory)
			memory = map_at(near + away);
	}
	return memory;
}

static void *take_free(const struct platform *platform, uintptr_t near, size_t size)
{
	for (struct free_block **at = &free_blocks; *at; at = &(*at)->next) {
		struct free_block *block = *at;

		if (block->size == size && fits(platform, (uintptr_t)block, near)) {
			*at = block->next;
			return block;
		}
	}
	return NULL;
}

static void *allocate(void *context, uintptr_t near, size_t size)
{
	struct platform *platform = context;
	struct arena *arena = NULL;
	void *memory;

	if (platform->far && near)
		return NULL;
	size = (size + 15) & ~(size_t)15;
	memory = take_free(platform, near, size);
	for (unsigned i = 0; !memory && !arena && i < n_arenas; i++)
		if (ARENA_SIZE - arenas[i].used >= size &&
		    fits(platform, (uintptr_t)arenas[i].memory, near))
			arena = &arenas[i];
	if (!memory && !arena && n_arenas < MAX_ARENAS) {
		arena = &arenas[n_arenas];
		arena->memory = map_arena(platform, near);
		if (!arena->memory)
			return NULL;
		n_arenas++;
	}
	if (!memory && arena) {
		memory = arena->memory + arena->used;
		arena->used += size;
	}
	if (memory)
		platform->n_allocated += size;
	return memory;
}

static void release(void *context, void *memory, size_t size)
{
	struct platform *platform = context;
	struct free_block *block = memory;

	size = (size + 15) & ~(size_t)15;
	block->size = size;
	block->next = free_blocks;
	free_blocks = block;
	platform->n_allocated -= size;
}

static bool fill(void *context, void *memory, const uint8_t *bytes, size_t n)
{
	volatile uint8_t *code = memory;

	(void)context;
	for (size_t i = 0; i < n; i++)
		code[i] = bytes[i];
	return true;
}

void platform_init(struct platform *platform)
{
	struct sigaction action = {.sa_sigaction = stand_still,
				   .sa_flags = SA_SIGINFO | SA_RESTART};

	*platform = (struct platform){
		.hook = {.context = platform,
			 .allocate = allocate,
			 .release = release,
			 .fill = fill,
			 .write = write_code},
	};
	sigaction(SIGUSR2, &action, NULL);
}

void platform_thread_begin(void)
{
	lock();
	for (unsigned i = 0; i < PLATFORM_MAX_THREADS; i++) {
		if (!threads[i].id) {
			threads[i].id = (int)system_call(SYS_gettid, 0, 0, 0);
			break;
		}
	}
	unlock();
}

void platform_thread_end(void)
{
	int id = (int)system_call(SYS_gettid, 0, 0, 0);

	lock();
	for (unsigned i = 0; i < PLATFORM_MAX_THREADS; i++)
		if (threads[i].id == id)
			threads[i].id = 0;
	unlock();
}
