/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks thousands of compiled functions and calls them: arguments, results and code must be what
 * they are without hooks. Arguments: the shared objects of generate.py's functions, in all the ways
 * that compilers make them.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "functions.h"
#include "generated_calls.h"
#include "nt/hook/hook.h"
#include "platform.h"
#include "tap.h"

#define N_CALLS 4
#define N_SLOTS 4096
#define N_THREADS 4
#define N_TOGGLE_SECONDS 4

struct target {
	const struct generated *generated;
	const char *object; /* file name */
	size_t size;
	enum hook_reason reason;
	struct generated_result results[N_CALLS];
	uint8_t code[64];
	struct hook hook;
	uint32_t n_entries, n_returns;
};

static struct target *targets;
static unsigned n_targets;
static struct generated_call calls[N_CALLS];
static struct platform platform;
static struct hook_returns returns;

/* The call that a thread makes and wants to find in the handlers. */
static __thread struct {
	const struct target *target;
	const struct generated_call *call;
	bool entered, returned;
	unsigned n_wrong;
	uint64_t value;
	double sse;
} expected;

static double low_double(const struct hook_registers *registers)
{
	double value = 0;

#if !defined(__i386__)
	memcpy(&value, registers->xmm[0], sizeof(value));
#endif
	return value;
}

static unsigned count_wrong(const struct target *target, const struct hook_registers *registers)
{
	const word *a = expected.call->arguments;
	unsigned n = 0;

	if (strchr("wv", target->generated->kind)) {
		for (unsigned i = 0; i < target->generated->n_arguments; i++)
			n += hook_argument(registers, i) != a[i];
	} else if (target->generated->kind == 'd' && sizeof(word) == 8) {
		n += low_double(registers) != (double)expected.call->x;
		n += hook_argument(registers, 0) != a[0];
	}
	return n;
}

static bool on_entry(struct hook *hook, struct hook_registers *registers, struct hook_slot *slot)
{
	struct target *target = hook->context;

	__atomic_fetch_add(&target->n_entries, 1, __ATOMIC_RELAXED);
	if (slot)
		slot->entry[0] = 0;
	if (expected.target == target && !expected.entered) {
		expected.entered = true;
		expected.n_wrong += count_wrong(target, registers);
		if (slot)
			slot->entry[0] = 1;
	}
	return true;
}

static void on_return(struct hook *hook, struct hook_registers *registers, struct hook_slot *slot)
{
	struct target *target = hook->context;

	__atomic_fetch_add(&target->n_returns, 1, __ATOMIC_RELAXED);
	if (!slot->entry[0])
		return;
	expected.returned = true;
	expected.value = hook_return_value(registers);
	expected.sse = low_double(registers);
}

static bool is_told(const struct target *target, const struct generated_result *result)
{
	switch (target->generated->kind) {
	case 'w':
	case 'v':
		return (word)expected.value == result->words[0];
	case 'q':
		return expected.value == result->quad;
	case 'd':
		return sizeof(word) == 4 || expected.sse == result->as_double;
	default:
		return true;
	}
}

/* Call it while it is hooked: everything is as without, and the handlers saw it. */
static void call_hooked(struct target *target)
{
	for (unsigned i = 0; i < N_CALLS; i++) {
		struct generated_result result;

		memset(&expected, 0, sizeof(expected));
		expected.target = target;
		expected.call = &calls[i];
		generated_call(target->generated, &calls[i], &result);
		expected.target = NULL;
		CHECK(!memcmp(&result, &target->results[i], sizeof(result)),
		      "%s %s, call %u: result", target->object, target->generated->name, i);
		CHECK(expected.entered && expected.returned, "%s %s: entered %d, returned %d",
		      target->object, target->generated->name, expected.entered, expected.returned);
		CHECK(!expected.n_wrong && is_told(target, &result), "%s %s: %u wrong arguments",
		      target->object, target->generated->name, expected.n_wrong);
	}
}

static size_t code_size(const struct target *target)
{
	return target->size < sizeof(target->code) ? target->size : sizeof(target->code);
}

static bool is_restored(const struct target *target)
{
	return !memcmp(target->code, target->generated->function, code_size(target));
}

static void load(const char *path, unsigned counts[HOOK_N_REASONS], enum hook_form form)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const char *name = strrchr(path, '/');
	const struct generated *generated;
	struct functions functions;
	unsigned n;

	if (!object) {
		CHECK(false, "%s", dlerror());
		return;
	}
	generated = dlsym(object, "generated_functions");
	n = *(unsigned *)dlsym(object, "generated_count");
	functions_init(&functions, generated[0].function);
	targets = realloc(targets, (n_targets + n) * sizeof(*targets));
	for (unsigned i = 0; i < n; i++) {
		const struct function *function = functions_find(&functions, generated[i].function);
		struct target *target = &targets[n_targets++];
		struct hook_function description;

		*target = (struct target){.generated = &generated[i],
					  .object = name ? name + 1 : path};
		CHECK(function && function->frame, "%s: %s has no unwind data", path,
		      generated[i].name);
		if (!function)
			exit(tap_end());
		target->size = function->size;
		functions_describe(&functions, function, &description);
		target->reason = hook_plan(&description, form, &target->hook.plan);
		counts[target->reason]++;
		memcpy(target->code, generated[i].function, code_size(target));
		for (unsigned j = 0; j < N_CALLS; j++)
			generated_call(&generated[i], &calls[j], &target->results[j]);
	}
	functions_fini(&functions);
}

static void prepare_hooks(void)
{
	unsigned n_far = 0;

	for (unsigned i = 0; i < n_targets; i++) {
		struct target *target = &targets[i];

		if (target->reason)
			continue;
		target->hook.on_entry = on_entry;
		target->hook.on_return = on_return;
		target->hook.context = target;
		target->hook.sse = true;
		target->reason = hook_prepare(&target->hook, &platform.hook, &returns);
		if (platform.far && target->reason == HOOK_TOO_FAR) {
			n_far++;
			continue;
		}
		CHECK(!target->reason, "%s %s: %s", target->object, target->generated->name,
		      hook_reason_sentence(target->reason));
	}
	if (platform.far) {
		printf("# %u functions use what is too far from their trampoline\n", n_far);
		CHECK(n_far, "the far memory is near");
	}
}

static void arm(struct target *target)
{
	enum hook_reason reason = hook_arm(&target->hook);

	CHECK(!reason, "%s %s: %s", target->object, target->generated->name,
	      hook_reason_sentence(reason));
}

static void disarm(struct target *target)
{
	enum hook_reason reason = hook_disarm(&target->hook);

	CHECK(!reason && is_restored(target), "%s %s: %s", target->object, target->generated->name,
	      hook_reason_sentence(reason));
}

static void one_after_another(void)
{
	for (unsigned i = 0; i < n_targets; i++) {
		struct target *target = &targets[i];

		if (target->reason)
			continue;
		arm(target);
		CHECK(!is_restored(target) ||
			      target->hook.plan.patch_address != target->hook.plan.address,
		      "%s", target->generated->name);
		call_hooked(target);
		disarm(target);
	}
}

static void all_at_once(void)
{
	for (unsigned i = 0; i < n_targets; i++)
		if (!targets[i].reason)
			arm(&targets[i]);
	for (unsigned i = 0; i < n_targets; i++)
		if (!targets[i].reason)
			call_hooked(&targets[i]);
	for (unsigned i = 0; i < n_targets; i++)
		if (!targets[i].reason)
			disarm(&targets[i]);
}

static int stop_working;
static unsigned long n_worked;

static void *work(void *context)
{
	uint32_t state = (uint32_t)(uintptr_t)context;
	unsigned long n = 0;

	platform_thread_begin();
	while (!__atomic_load_n(&stop_working, __ATOMIC_ACQUIRE)) {
		struct generated_result result;
		struct target *target;
		unsigned call;

		state = state * 1664525u + 1013904223u;
		target = &targets[(state >> 8) % n_targets];
		call = state >> 30;
		generated_call(target->generated, &calls[call], &result);
		CHECK(!memcmp(&result, &target->results[call], sizeof(result)), "%s %s",
		      target->object, target->generated->name);
		n++;
	}
	__atomic_fetch_add(&n_worked, n, __ATOMIC_RELAXED);
	platform_thread_end();
	return NULL;
}

static void toggle_under_threads(void)
{
	pthread_t threads[N_THREADS];
	time_t end = time(NULL) + N_TOGGLE_SECONDS;
	unsigned n_toggles = 0;
	uint32_t state = 1;

	stop_working = 0;
	for (unsigned i = 0; i < N_THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)(i + 1));
	while (time(NULL) < end) {
		struct target *target;

		state = state * 1664525u + 1013904223u;
		target = &targets[(state >> 8) % n_targets];
		if (target->reason)
			continue;
		if (target->hook.state == HOOK_ARMED)
			disarm(target);
		else
			arm(target);
		n_toggles++;
	}
	for (unsigned i = 0; i < n_targets; i++)
		if (targets[i].hook.state == HOOK_ARMED)
			disarm(&targets[i]);
	__atomic_store_n(&stop_working, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("# %u toggles under %lu calls of %d threads, %lu of %lu writes waited for a thread "
	       "inside\n",
	       n_toggles, n_worked, N_THREADS, platform.n_retries, platform.n_writes);
	CHECK(n_toggles > 100 && n_worked > 1000, "%u, %lu", n_toggles, n_worked);
}

static void check_counts(void)
{
	for (unsigned i = 0; i < n_targets; i++) {
		struct target *target = &targets[i];

		if (target->reason)
			continue;
		CHECK(hook_quiet(&target->hook), "%s: %u inside, %u pending",
		      target->generated->name, target->hook.inside, target->hook.pending);
		CHECK(target->n_entries == target->n_returns + target->hook.missed_returns,
		      "%s: %u entries, %u returns", target->generated->name, target->n_entries,
		      target->n_returns);
	}
	CHECK(!returns.n_unexpected, "%u", returns.n_unexpected);
}

static void release_hooks(void)
{
	for (unsigned i = 0; i < n_targets; i++)
		if (!targets[i].reason)
			CHECK(!hook_release(&targets[i].hook), "%s", targets[i].generated->name);
}

static void print_counts(const char *what, const unsigned counts[HOOK_N_REASONS])
{
	printf("# %s: %u functions", what, n_targets);
	for (unsigned i = 0; i < HOOK_N_REASONS; i++)
		if (counts[i])
			printf(", %u %s", counts[i], hook_reason_word(i));
	putchar('\n');
}

static bool is_sound(enum hook_reason reason)
{
	return reason == HOOK_NONE || reason == HOOK_TOO_SHORT || reason == HOOK_BRANCH_BACK ||
	       reason == HOOK_CALL_EARLY;
}

static void plan_all(int argc, char **argv, enum hook_form form)
{
	unsigned counts[HOOK_N_REASONS] = {0};

	n_targets = 0;
	for (int i = 1; i < argc; i++)
		load(argv[i], counts, form);
	for (unsigned i = 0; i < HOOK_N_REASONS; i++)
		CHECK(is_sound(i) || !counts[i], "%u %s", counts[i], hook_reason_word(i));
	print_counts(form == HOOK_FORM_FAR ? "far" : "near", counts);
	CHECK(counts[HOOK_NONE] * 2 > n_targets, "%u of %u", counts[HOOK_NONE], n_targets);
}

static void run(int argc, char **argv, const char *what, enum hook_form form)
{
	char name[100];

#define DONE(text)                                                                                 \
	do {                                                                                       \
		snprintf(name, sizeof(name), "%s: %s", what, text);                                \
		test_done(name);                                                                   \
	} while (0)
	plan_all(argc, argv, form);
	prepare_hooks();
	DONE("functions can be hooked, or are refused for reasons that small functions have");
	one_after_another();
	DONE("hooked one by one, a function gets and returns what it should, and is restored");
	all_at_once();
	DONE("hooked all at once, they call each other as ever");
	check_counts();
	toggle_under_threads();
	DONE("hooks come and go under four threads");
	check_counts();
	DONE("every entry has its return, and nobody stays inside");
	release_hooks();
	CHECK(!hook_returns_fini(&returns) && !platform.n_allocated, "%zu bytes",
	      platform.n_allocated);
	DONE("everything is given back");
}

static void init(bool far_thunks, bool far)
{
	static struct hook_slot *slots;

	platform_init(&platform);
	platform.far = far;
	platform.far_thunks = far_thunks;
	free(slots);
	slots = aligned_alloc(64, hook_returns_size(N_SLOTS));
	CHECK(!hook_returns_init(&returns, slots, N_SLOTS, &platform.hook, true), "no pool");
}

int main(int argc, char **argv)
{
	for (unsigned i = 0; i < N_CALLS; i++)
		generated_call_make(&calls[i], i);
	init(false, false);
	run(argc, argv, "near", HOOK_FORM_NEAR);
	if (sizeof(void *) == 8) {
		init(true, false);
		run(argc, argv, "islands", HOOK_FORM_NEAR);
		init(true, true);
		run(argc, argv, "far", HOOK_FORM_FAR);
	}
	return tap_end();
}
