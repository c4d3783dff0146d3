/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks every function of real libraries in this process, at entry and return, while they work:
 * libc, zlib, libcrypto. What they compute must be the same, and their code afterwards, byte for
 * byte.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "functions.h"
#include "nt/hook/hook.h"
#include "platform.h"
#include "system_call.h"
#include "tap.h"
#include "workload.h"

#define N_SLOTS 8192
#define N_THREADS 2

static const struct library {
	const char *file, *symbol;
	uint64_t (*work)(void *library, int alone);
} libraries[] = {
	{"libz.so.1", "deflate", workload_zlib},
	{"libcrypto.so.3", "EVP_CIPHER_CTX_new", workload_crypto},
	{"libc.so.6", "qsort", workload_libc},
};

static struct platform platform;
static struct hook_returns returns;
static struct functions functions;
static struct hook *hooks;
static enum hook_reason *reasons;
static uint32_t *n_calls;
static void *handle;
static uint8_t *code;

static bool on_entry(struct hook *hook, struct hook_registers *registers, struct hook_slot *slot)
{
	(void)registers;
	(void)slot;
	__atomic_fetch_add((uint32_t *)hook->context, 1, __ATOMIC_RELAXED);
	return true;
}

static uint32_t n_returns;

static void on_return(struct hook *hook, struct hook_registers *registers, struct hook_slot *slot)
{
	(void)hook;
	(void)registers;
	(void)slot;
	__atomic_fetch_add(&n_returns, 1, __ATOMIC_RELAXED);
}

static size_t text_size(void)
{
	return functions.text_end - functions.text_begin;
}

static void check_code(const char *when)
{
	const uint8_t *now = (const uint8_t *)functions.text_begin;

	for (size_t i = 0; i < text_size(); i++)
		CHECK(now[i] == code[i], "%s: the code has changed at %zx", when, i);
}

static void print_counts(const char *file)
{
	unsigned counts[HOOK_N_REASONS] = {0}, entry_only = 0, n_named = 0, hotpatch = 0,
		 inside = 0;

	for (size_t i = 0; i < functions.n_functions; i++) {
		counts[reasons[i]]++;
		n_named += functions.functions[i].name != NULL;
		if (reasons[i])
			continue;
		entry_only += !hooks[i].on_return;
		hotpatch += hooks[i].plan.form == HOOK_FORM_HOTPATCH;
		inside += hooks[i].plan.n_inside > 0;
	}
	printf("# %s: %zu functions, %u of them exported", file, functions.n_functions, n_named);
	for (unsigned i = 0; i < HOOK_N_REASONS; i++)
		if (counts[i])
			printf(", %u %s", counts[i], hook_reason_word(i));
	printf("; %u at entry only, %u by a short jump, %u over more than one instruction\n",
	       entry_only, hotpatch, inside);
	CHECK(!counts[HOOK_NOT_EXECUTABLE] && !counts[HOOK_NO_MEMORY] && !counts[HOOK_TOO_FAR],
	      "unexpected reasons");
	CHECK(counts[HOOK_NONE] * 10 > functions.n_functions * 8, "most can't be hooked");
}

static void plan_all(const struct library *library)
{
	functions_init(&functions, dlsym(handle, library->symbol));
	hooks = calloc(functions.n_functions, sizeof(*hooks));
	reasons = calloc(functions.n_functions, sizeof(*reasons));
	n_calls = calloc(functions.n_functions, sizeof(*n_calls));
	code = malloc(text_size());
	memcpy(code, (const void *)functions.text_begin, text_size());
	for (size_t i = 0; i < functions.n_functions; i++) {
		const struct function *function = &functions.functions[i];
		struct hook_function description;

		hooks[i].on_entry = on_entry;
		hooks[i].on_return =
			function->name && hook_return_reason(function->name) ? NULL : on_return;
		hooks[i].context = &n_calls[i];
		hooks[i].sse = true;
		functions_describe(&functions, function, &description);
		reasons[i] = hook_plan(&description, HOOK_FORM_NEAR, &hooks[i].plan);
		if (hooks[i].plan.reads_return)
			hooks[i].on_return = NULL;
		if (!reasons[i])
			reasons[i] = hook_prepare(&hooks[i], &platform.hook, &returns);
	}
	print_counts(library->file);
}

static void arm_all(bool arm)
{
	for (size_t i = 0; i < functions.n_functions; i++) {
		enum hook_reason reason;

		if (reasons[i])
			continue;
		reason = arm ? hook_arm(&hooks[i]) : hook_disarm(&hooks[i]);
		CHECK(!reason, "%s: %s", functions.functions[i].name, hook_reason_sentence(reason));
	}
}

/* pause: between functions, so that threads come to work. */
static void toggle_each(bool pause)
{
	const long tenth_of_ms[2] = {0, 100000};

	for (size_t i = 0; i < functions.n_functions; i++) {
		if (reasons[i])
			continue;
		CHECK(!hook_arm(&hooks[i]), "%s", functions.functions[i].name);
		CHECK(!hook_disarm(&hooks[i]), "%s", functions.functions[i].name);
		if (pause)
			system_call(SYS_nanosleep, (long)tenth_of_ms, 0, 0);
	}
}

static void print_called(const char *file)
{
	size_t n_called = 0;
	unsigned long n = 0;

	for (size_t i = 0; i < functions.n_functions; i++) {
		n_called += n_calls[i] > 0;
		n += n_calls[i];
	}
	printf("# %s: %zu functions were called, %lu times, %u returns\n", file, n_called, n,
	       n_returns);
	CHECK(n_called > 30 && n > 1000, "%zu functions were called", n_called);
}

struct worker {
	const struct library *library;
	uint64_t wanted;
	unsigned n_done, n_wrong;
};

static int stop;

static void *work(void *context)
{
	struct worker *worker = context;

	platform_thread_begin();
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		worker->n_wrong += worker->library->work(handle, 0) != worker->wanted;
		__atomic_fetch_add(&worker->n_done, 1, __ATOMIC_RELEASE);
	}
	platform_thread_end();
	return NULL;
}

static bool have_worked(struct worker *workers, unsigned n)
{
	for (unsigned i = 0; i < N_THREADS; i++)
		if (__atomic_load_n(&workers[i].n_done, __ATOMIC_ACQUIRE) < n)
			return false;
	return true;
}

/* Each function is hooked and let go of again while threads work, and all of them at once. */
static void toggle_under_threads(const struct library *library)
{
	struct worker workers[N_THREADS];
	pthread_t threads[N_THREADS];
	uint64_t wanted = library->work(handle, 0);

	stop = 0;
	for (unsigned i = 0; i < N_THREADS; i++) {
		workers[i] = (struct worker){.library = library, .wanted = wanted};
		pthread_create(&threads[i], NULL, work, &workers[i]);
	}
	do {
		toggle_each(true);
		arm_all(true);
		arm_all(false);
	} while (!have_worked(workers, 2));
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < N_THREADS; i++) {
		pthread_join(threads[i], NULL);
		CHECK(!workers[i].n_wrong, "%u of %u results differ", workers[i].n_wrong,
		      workers[i].n_done);
	}
	printf("# %lu of %lu writes waited for a thread inside\n", platform.n_retries,
	       platform.n_writes);
}

static void release_all(void)
{
	unsigned n_busy = 0, n_unwound = 0;

	/* Threads and processes that ended took calls with them. */
	hook_returns_abandon(&returns, 1, UINTPTR_MAX);
	for (size_t i = 0; i < functions.n_functions; i++) {
		n_unwound += hooks[i].unwound;
		n_busy += !reasons[i] && hook_release(&hooks[i]) != HOOK_NONE;
	}
	CHECK(!n_busy && !hook_returns_fini(&returns) && !platform.n_allocated, "%u hooks are busy",
	      n_busy);
	printf("# %u calls never returned\n", n_unwound);
}

static void done(const char *file, const char *text)
{
	char name[200];

	snprintf(name, sizeof(name), "%s: %s", file, text);
	test_done(name);
}

static void run(const struct library *library)
{
	static struct hook_slot *slots;
	uint64_t before, during, after;

	handle = dlopen(library->file, RTLD_NOW);
	if (!handle) {
		printf("# %s is not there\n", library->file);
		return;
	}
	platform_init(&platform);
	free(slots);
	slots = aligned_alloc(64, (hook_returns_size(N_SLOTS) + 63) & ~(size_t)63);
	CHECK(!hook_returns_init(&returns, slots, N_SLOTS, &platform.hook, true), "no pool");
	before = library->work(handle, 1);
	plan_all(library);
	done(library->file, "most of its functions can be hooked");
	toggle_each(false);
	check_code("toggled");
	done(library->file, "each is hooked and restored");
	n_returns = 0;
	arm_all(true);
	during = library->work(handle, 1);
	arm_all(false);
	after = library->work(handle, 1);
	CHECK(before == during && before == after, "%llx, %llx, %llx", (unsigned long long)before,
	      (unsigned long long)during, (unsigned long long)after);
	check_code("worked");
	print_called(library->file);
	done(library->file, "with all functions hooked it works as without");
	toggle_under_threads(library);
	check_code("worked in threads");
	done(library->file, "hooks come and go while threads work");
	CHECK(!returns.n_unexpected, "%u", returns.n_unexpected);
	release_all();
	done(library->file, "everything is given back");
	functions_fini(&functions);
	free(hooks);
	free(reasons);
	free(n_calls);
	free(code);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		run(&libraries[i]);
	return tap_end();
}
