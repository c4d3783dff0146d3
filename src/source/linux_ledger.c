/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adding up what became of every call. Trampolines: the kernel counts how often it skipped the
 * first copy; the other copies count the calls that they took in its place; what is left was
 * missed. Both numbers are compared at the beginning and at the end, while the programs stay in but
 * record nothing. Kprobe events: the kernel counts hits, our program its runs; hits that did not
 * become runs were missed.
 */
#include "source/linux_engine.h"
#include "source/linux_events.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kapimon.skel.h"

/* Turns to find a moment in which no skipped call is on its way to another copy. */
#define SETTLE_TURNS 50
/*
 * The same for kprobe events, where every call counts: a millisecond without one is looked for, as
 * long as that gets any further. Reading the counts makes calls too, which never end when they are
 * hooked.
 */
#define EVENT_TURNS 10

/* As kernel/linux/missed.h has it. */
struct missed_question {
	uint64_t probe;
	uint64_t missed;
};

/* What one program has counted on all processors. */
static struct kmn_counters counters_sum(const struct kmn_counters *each, unsigned n_cpus)
{
	struct kmn_counters total = {0}, *sum = &total;

	for (unsigned cpu = 0; cpu < n_cpus; cpu++) {
		const uint64_t *from = (const uint64_t *)&each[cpu];
		uint64_t *to = (uint64_t *)sum;
		uint64_t first = sum->first_lost, last = sum->last_lost, probe = sum->probe;

		for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
			to[i] += from[i];
		/* These are no counts. */
		sum->probe = each[cpu].probe ? each[cpu].probe : probe;
		sum->first_lost = first && (!each[cpu].first_lost || first < each[cpu].first_lost)
					  ? first
					  : each[cpu].first_lost;
		sum->last_lost = last > each[cpu].last_lost ? last : each[cpu].last_lost;
	}
	return total;
}

static int read_counters(const struct engine *engine, uint32_t slot, struct kmn_counters *sum)
{
	int fd = bpf_map__fd(engine->object->maps.counters);
	struct kmn_counters *each = calloc(engine->n_cpus, sizeof(*each));
	int code = each ? bpf_map_lookup_elem(fd, &slot, each) : -1;

	if (!code)
		*sum = counters_sum(each, engine->n_cpus);
	free(each);
	return code ? -1 : 0;
}

/* The same for all programs at once, by slot; NULL: it can't be had. The caller's to free. */
static struct kmn_counters *read_all_counters(const struct engine *engine)
{
	int fd = bpf_map__fd(engine->object->maps.counters);
	uint32_t n = engine->n_slots, next;
	struct kmn_counters *sums = calloc(n + 1, sizeof(*sums));
	struct kmn_counters *each = calloc((size_t)n * engine->n_cpus + 1, sizeof(*each));
	uint32_t *slots = calloc(n + 1, sizeof(*slots));
	int code = sums && each && slots ? 0 : -1;

	if (!code && n)
		code = bpf_map_lookup_batch(fd, NULL, &next, slots, each, &n, NULL);
	for (uint32_t i = 0; !code && i < n; i++)
		sums[slots[i]] = counters_sum(&each[(size_t)i * engine->n_cpus], engine->n_cpus);
	free(each);
	free(slots);
	if (!code && n == engine->n_slots)
		return sums;
	free(sums);
	return NULL;
}

static uint64_t kernel_misses(int program_fd)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	if (program_fd < 0 || bpf_obj_get_info_by_fd(program_fd, &info, &size))
		return 0;
	return info.recursion_misses;
}

/* Wait until every program that runs now has ended (a grace period of RCU). */
static void wait_for_programs(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(50000);
}

/* Calls that no copy took, so far. */
static uint64_t missed_by_copies(const struct engine *engine, const struct hook *hook,
				 enum point point, uint64_t misses)
{
	uint64_t rescued = 0;

	for (unsigned copy = 1; copy < hook->copies; copy++) {
		struct kmn_counters counters;

		if (!read_counters(engine, hook->programs[point][copy].slot, &counters))
			rescued += counters.rescued;
	}
	/* May be negative before the first copy is in: the difference of two marks counts. */
	return misses - rescued;
}

uint64_t ledger_missed_now(const struct engine *engine, const struct hook *hook)
{
	return missed_by_copies(engine, hook, POINT_ENTRY,
				kernel_misses(hook->programs[POINT_ENTRY][0].program_fd));
}

/* Hooked in copies: the kernel counts what it skips. */
static bool by_trampoline(const struct hook *hook)
{
	return hook->api->method == METHOD_FENTRY || hook->api->method == METHOD_TRACEPOINT;
}

/* At the end of a recording all hooks that are in are marked, on the way those that leave. */
static bool concerned(const struct engine *engine, const struct hook *hook, bool end)
{
	return hook->on && (!end || !engine->recording || hook->leaving);
}

/* Each base is taken once; hooks that come while recording get theirs later. */
static void program_mark(struct program *program, bool end)
{
	if (end)
		program->settled = true;
	else
		program->marked = true;
}

/* One side of a trampoline hook whose counts are being compared. */
struct mark {
	const struct hook *hook;
	enum point point;
	struct program *first;
	uint64_t misses;
};

static size_t marks_collect(struct engine *engine, bool end, struct mark *marks)
{
	size_t n = 0;

	for (size_t i = 0; i < engine->n_hooks; i++) {
		struct hook *hook = engine->hooks[i];

		if (!concerned(engine, hook, end) || !by_trampoline(hook))
			continue;
		for (int point = 0; point < (hook->returns ? N_POINTS : 1); point++) {
			struct program *first = &hook->programs[point][0];

			if (end ? !first->settled : !first->marked)
				marks[n++] = (struct mark){
					.hook = hook, .point = (enum point)point, .first = first};
		}
	}
	return n;
}

/*
 * A skipped call counts with the kernel first and with another copy a moment later. If the kernel's
 * count is the same before and after a grace period, every skipped call has reached its copy.
 */
static void mark_trampolines(struct engine *engine, bool end)
{
	struct mark *marks = calloc(engine->n_hooks * N_POINTS + 1, sizeof(*marks));
	size_t n, left;

	if (!marks)
		return;
	n = marks_collect(engine, end, marks);
	for (size_t i = 0; i < n; i++)
		marks[i].misses = kernel_misses(marks[i].first->program_fd);
	for (int turn = 0; n && turn < SETTLE_TURNS; turn++) {
		wait_for_programs();
		left = 0;
		for (size_t i = 0; i < n; i++) {
			struct mark *mark = &marks[i];
			uint64_t missed =
				missed_by_copies(engine, mark->hook, mark->point, mark->misses);
			uint64_t again = kernel_misses(mark->first->program_fd);

			if (end)
				mark->first->misses_after = missed;
			else
				mark->first->misses_before = missed;
			if (again != mark->misses) {
				mark->misses = again;
				marks[left++] = *mark;
			} else {
				program_mark(mark->first, end);
			}
		}
		n = left;
	}
	for (size_t i = 0; i < n; i++)
		program_mark(marks[i].first, end);
	free(marks);
}

/* One probe of a kprobe event whose hits and runs are being compared. */
struct event_mark {
	struct program *program;
	uint64_t fired;
	uint64_t window; /* calls between the two looks at the hits: the uncertainty */
};

static size_t event_marks_collect(struct engine *engine, bool end, struct event_mark *marks)
{
	size_t n = 0;

	for (size_t i = 0; i < engine->n_hooks; i++) {
		struct hook *hook = engine->hooks[i];

		if (!concerned(engine, hook, end) || hook->api->method != METHOD_KPROBE_EVENT)
			continue;
		for (int point = 0; point < (hook->returns ? N_POINTS : 1); point++) {
			struct program *program = &hook->programs[point][0];

			if (end ? !program->settled : !program->marked)
				marks[n++] = (struct event_mark){.program = program,
								 .window = UINT64_MAX};
		}
	}
	return n;
}

/* Keep what has the smallest uncertainty. True: there is none left. */
static bool event_mark_compare(struct event_mark *mark, const struct kmn_counters *counters,
			       bool end)
{
	struct program *program = mark->program;
	uint64_t window = program->fired - mark->fired;

	/* The first exact number is the end's, the last one is the beginning's. */
	if (end && !mark->window)
		return true;
	if (window <= mark->window) {
		mark->window = window;
		/* When in doubt no call is said to be missed that was not. */
		if (end)
			program->misses_after = mark->fired - counters->runs;
		else
			program->misses_before = program->fired - counters->runs;
	}
	return !window;
}

/* Compare the hits with the runs once; returns how many probes had hits meanwhile. */
static size_t event_marks_turn(struct engine *engine, struct event_mark *marks, size_t n, bool end)
{
	struct kmn_counters *counters;
	size_t left = 0;

	if (!n)
		return 0;
	events_count(engine);
	for (size_t i = 0; i < n; i++)
		marks[i].fired = marks[i].program->fired;
	/* A hit counts with the kernel first and as a run a moment later. */
	usleep(1000);
	events_count(engine);
	counters = read_all_counters(engine);
	for (size_t i = 0; counters && i < n; i++)
		left += !event_mark_compare(&marks[i], &counters[marks[i].program->slot], end);
	free(counters);
	return left;
}

static void mark_events(struct engine *engine, bool end)
{
	struct event_mark *marks = calloc(engine->n_hooks * N_POINTS + 1, sizeof(*marks));
	size_t n, left = SIZE_MAX, before;
	int turn = 0;

	if (!marks)
		return;
	n = event_marks_collect(engine, end, marks);
	do {
		before = left;
		left = event_marks_turn(engine, marks, n, end);
	} while (left && left < before && ++turn < EVENT_TURNS);
	for (size_t i = 0; i < n; i++)
		program_mark(marks[i].program, end);
	free(marks);
}

/* What the kernel counted as missed for a single kprobe, ask it while the probe is there. */
static uint64_t missed_by_kprobe(const struct engine *engine, const struct program *program)
{
	struct kmn_counters counters;
	struct missed_question question = {0};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &question,
		    .ctx_size_in = sizeof(question));

	/* A probe that never ran has not told where it is; nothing can have been missed inside it.
	 */
	if (read_counters(engine, program->slot, &counters) || !counters.probe)
		return 0;
	question.probe = counters.probe;
	if (bpf_prog_test_run_opts(bpf_program__fd(engine->object->progs.read_missed), &options))
		return 0;
	return question.missed;
}

static void mark_kprobes(struct engine *engine, bool end)
{
	for (size_t i = 0; i < engine->n_hooks; i++) {
		struct hook *hook = engine->hooks[i];

		if (!concerned(engine, hook, end) || hook->api->method != METHOD_KPROBE)
			continue;
		for (int point = 0; point < (hook->returns ? N_POINTS : 1); point++) {
			struct program *program = &hook->programs[point][0];

			if (end ? program->settled : program->marked)
				continue;
			if (end)
				program->misses_after = missed_by_kprobe(engine, program);
			else
				program->misses_before = missed_by_kprobe(engine, program);
			program_mark(program, end);
		}
	}
}

void ledger_mark(struct engine *engine, bool end)
{
	mark_trampolines(engine, end);
	mark_kprobes(engine, end);
	mark_events(engine, end);
	/* The base of the shared programs is what they had missed before the recording. */
	if (!engine->n_multis || engine->recording)
		return;
	engine->multi_misses[POINT_ENTRY][end] =
		kernel_misses(bpf_program__fd(engine->object->progs.entry_multi));
	engine->multi_misses[POINT_RETURN][end] =
		kernel_misses(bpf_program__fd(engine->object->progs.return_multi));
}

static uint64_t missed(struct engine *engine, const struct hook *hook, enum point point,
		       const struct kmn_counters *sum)
{
	const struct program *first = &hook->programs[point][0];
	uint64_t now;

	switch (hook->api->method) {
	case METHOD_FENTRY:
	case METHOD_TRACEPOINT:
		now = first->settled ? first->misses_after
				     : missed_by_copies(engine, hook, point,
							kernel_misses(first->program_fd));
		return (int64_t)(now - first->misses_before) > 0 ? now - first->misses_before : 0;
	case METHOD_KPROBE_EVENT:
		now = first->settled ? first->misses_after : first->misses_before;
		return (int64_t)(now - first->misses_before) > 0 ? now - first->misses_before : 0;
	case METHOD_KPROBE:
		return first->misses_after - first->misses_before +
		       (sum->hits > sum->runs ? sum->hits - sum->runs : 0);
	default:
		return 0;
	}
}

static int add_row(struct engine *engine, const struct hook *hook, enum point point,
		   const struct kmn_counters *counters, struct ledger *ledger, struct error *err)
{
	struct kmn_counters sum = {0}, each, returned = {0};
	struct ledger_row row = {.hook = hook->api->id,
				 .point = point == POINT_ENTRY ? LEDGER_ENTRY : LEDGER_RETURN};

	for (unsigned copy = 0; copy < hook->copies; copy++) {
		each = counters[hook->programs[point][copy].slot];
		sum.taken += each.taken;
		sum.recorded += each.recorded;
		sum.filtered += each.filtered;
		sum.lost += each.lost;
		sum.suspended += each.suspended;
		sum.deferred += each.deferred;
		sum.self += each.self;
		sum.runs += each.runs;
		sum.hits += each.hits;
		if (each.first_lost && (!sum.first_lost || each.first_lost < sum.first_lost))
			sum.first_lost = each.first_lost;
		if (each.last_lost > sum.last_lost)
			sum.last_lost = each.last_lost;
	}
	row.hits = sum.taken;
	row.recorded = sum.recorded;
	row.filtered = sum.filtered;
	row.lost = sum.lost;
	row.suspended = sum.suspended;
	row.self = sum.self;
	row.first_lost = sum.first_lost;
	row.last_lost = sum.last_lost;
	row.missed = missed(engine, hook, point, &sum);
	if (sum.deferred) {
		for (unsigned copy = 0; copy < hook->copies; copy++) {
			each = counters[hook->programs[POINT_RETURN][copy].slot];
			returned.entry_recorded += each.entry_recorded;
			returned.entry_lost += each.entry_lost;
		}
		row.recorded += returned.entry_recorded;
		row.lost += returned.entry_lost;
		/* The others were filtered at their return, or have not returned by now. */
		row.filtered += sum.deferred - returned.entry_recorded - returned.entry_lost;
	}
	return ledger_add(ledger, &row, err);
}

int ledger_collect(struct engine *engine, struct ledger *ledger, struct error *err)
{
	struct kmn_counters *counters = read_all_counters(engine);
	bool end = !engine->recording;
	int code = 0;

	if (!counters)
		return error_set(err, "can't read what the programs counted");
	for (size_t i = 0; !code && i < engine->n_hooks; i++) {
		const struct hook *hook = engine->hooks[i];

		code = add_row(engine, hook, POINT_ENTRY, counters, ledger, err);
		if (!code && hook->returns)
			code = add_row(engine, hook, POINT_RETURN, counters, ledger, err);
	}
	free(counters);
	if (code)
		return code;
	for (int point = 0; engine->n_multis && end && point < N_POINTS; point++) {
		struct ledger_row row = {
			.hook = KMN_NO_HOOK,
			.point = point == POINT_ENTRY ? LEDGER_ENTRY : LEDGER_RETURN,
			.missed = engine->multi_misses[point][1] - engine->multi_misses[point][0]};

		if (row.missed && ledger_add(ledger, &row, err))
			return -1;
	}
	return 0;
}
