/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_cost.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/linux_engine.h"

int cost_begin(struct cost *cost, struct error *err)
{
	cost->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (cost->stats_fd < 0) {
		error_set(err, "the kernel doesn't count how long BPF programs run: %s",
			  strerror(errno));
		return error_hint(err, "leave out --cost");
	}
	cost->began = monotonic_ns();
	return 0;
}

static void add_program(struct cost_runs *all, int fd)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		return;
	all->time += info.run_time_ns;
	all->runs += info.run_cnt;
}

static void add_part(struct cost *cost, const struct cost_part *part)
{
	if (part->all.runs)
		cost->parts[cost->n_parts++] = *part;
}

static void add_hook(struct cost *cost, const struct hook *hook)
{
	static const char *const points[N_POINTS] = {"entry", "return"};

	for (int point = 0; point < N_POINTS; point++) {
		struct cost_part part = {.hook = hook->api->id,
					 .what = points[point],
					 .point = point == POINT_ENTRY ? LEDGER_ENTRY
								       : LEDGER_RETURN};

		for (int copy = 0; copy < KMN_MAX_COPIES; copy++)
			add_program(&part.all, hook->programs[point][copy].program_fd);
		add_part(cost, &part);
	}
}

/* Programs that are the same for all their hooks; trampolines' templates never run. */
static void add_shared(struct cost *cost, const struct engine *engine)
{
#define TEMPLATE_NAME(symbol, section, type, attach_type) section,
	static const char *const names[N_TEMPLATES] = {TEMPLATES(TEMPLATE_NAME)};
#undef TEMPLATE_NAME

	for (size_t i = 0; i < N_TEMPLATES; i++) {
		struct cost_part part = {.hook = KMN_NO_HOOK, .what = names[i]};

		if (!engine->templates[i].in_place)
			continue;
		add_program(&part.all, bpf_program__fd(engine->templates[i].program));
		add_part(cost, &part);
	}
}

int cost_end(struct cost *cost, const struct engine *engine, struct error *err)
{
	if (cost->stats_fd < 0)
		return 0;
	cost->lasted = monotonic_ns() - cost->began;
	close(cost->stats_fd);
	cost->stats_fd = -1;
	cost->parts = calloc(engine->n_hooks * N_POINTS + N_TEMPLATES, sizeof(*cost->parts));
	if (!cost->parts)
		return error_no_memory(err);
	for (size_t i = 0; i < engine->n_hooks; i++)
		add_hook(cost, engine->hooks[i]);
	add_shared(cost, engine);
	return 0;
}

void cost_fini(struct cost *cost)
{
	if (cost->stats_fd >= 0)
		close(cost->stats_fd);
	free(cost->parts);
	*cost = (struct cost)COST_INIT;
}

/* What the ledger counts of the part's calls. A program that many share runs once for each. */
static uint64_t calls_of(const struct cost_part *part, const struct ledger *ledger)
{
	if (part->hook == KMN_NO_HOOK)
		return part->all.runs;
	for (size_t i = 0; i < ledger->n_rows; i++) {
		const struct ledger_row *row = &ledger->rows[i];

		if (row->hook == part->hook && row->point == part->point)
			return row->hits;
	}
	return 0;
}

void cost_print(const struct cost *cost, const struct engine *engine, const struct ledger *ledger,
		struct text *out)
{
	uint64_t time = 0;
	double all = (double)cost->lasted * engine->n_cpus;

	for (size_t i = 0; i < cost->n_parts; i++) {
		const struct cost_part *part = &cost->parts[i];
		uint64_t calls = calls_of(part, ledger);

		time += part->all.time;
		text_addf(out, "cost of %s, %s: %llu ns a call, %llu calls\n",
			  part->hook == KMN_NO_HOOK ? "all hooks together"
						    : engine->hooks[part->hook]->name,
			  part->what, (unsigned long long)(calls ? part->all.time / calls : 0),
			  (unsigned long long)calls);
	}
	text_addf(out,
		  "cost of all: %.3f s, %.2f %% of the time of %u processors, %llu bytes of "
		  "records\n",
		  (double)time / 1e9, all > 0 ? 100.0 * (double)time / all : 0.0, engine->n_cpus,
		  (unsigned long long)buffers_taken(engine->buffers));
}
