/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/pump.h"

#include <time.h>

/* How long to wait for records at a time; also how late Ctrl-C may be noticed, ms. */
#define TURN_MS 100
#define TICK_NS 1000000000ull

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int sinks_begin(struct pump *pump, struct error *err)
{
	const struct catalog *catalog = pump->source->ops->catalog(pump->source);

	for (size_t i = 0; i < pump->n_sinks; i++) {
		if (pump->sinks[i]->ops->begin(pump->sinks[i], catalog, err))
			return -1;
	}
	return 0;
}

static int sinks_events(struct pump *pump, const struct batch *batch, struct error *err)
{
	for (size_t i = 0; i < pump->n_sinks; i++) {
		if (pump->sinks[i]->ops->events(pump->sinks[i], batch, err))
			return -1;
	}
	return 0;
}

static int sinks_tick(struct pump *pump, struct error *err)
{
	for (size_t i = 0; i < pump->n_sinks; i++) {
		if (pump->sinks[i]->ops->tick && pump->sinks[i]->ops->tick(pump->sinks[i], err))
			return -1;
	}
	return 0;
}

static uint64_t count_entries(const struct batch *batch)
{
	uint64_t n = 0;

	for (size_t i = 0; i < batch->n_records; i++)
		n += batch->records[i]->kind == KMN_ENTRY;
	return n;
}

static bool time_to_stop(const struct pump *pump, uint64_t entries)
{
	return (pump->stop && *pump->stop) || (pump->deadline && now_ns() >= pump->deadline) ||
	       (pump->count && entries >= pump->count) ||
	       (pump->finished && pump->finished(pump->context));
}

/* Stopping twice is fine: the second time there is nothing to do. */
static int stop_source(struct pump *pump, struct error *err)
{
	uint64_t start = now_ns();
	int code = pump->source->ops->stop(pump->source, err);

	pump->stopping += now_ns() - start;
	return code;
}

static int move(struct pump *pump, struct error *err)
{
	uint64_t entries = 0, ticked = now_ns();
	bool stopping = false;
	struct batch batch;
	int more;

	for (;;) {
		if (!stopping && time_to_stop(pump, entries)) {
			if (stop_source(pump, err))
				return -1;
			stopping = true;
		}
		batch.n_records = 0;
		more = pump->source->ops->next(pump->source, TURN_MS, &batch.records,
					       &batch.n_records, err);
		if (more < 0)
			return -1;
		if (!more)
			return 0;
		if (batch.n_records) {
			entries += count_entries(&batch);
			if (sinks_events(pump, &batch, err))
				return -1;
		}
		if (now_ns() - ticked >= TICK_NS) {
			ticked = now_ns();
			if (sinks_tick(pump, err))
				return -1;
		}
	}
}

int pump_run(struct pump *pump, struct ledger *ledger, struct error *err)
{
	struct error later = {0};
	int code;

	pump->stopping = 0;
	code = sinks_begin(pump, err);
	if (!code)
		code = move(pump, err);
	/* Whatever happened, nothing stays in the kernel and what is there of the ledger is kept.
	 */
	if (stop_source(pump, code ? &later : err))
		code = -1;
	if (pump->source->ops->ledger(pump->source, ledger, code ? &later : err))
		code = -1;
	for (size_t i = 0; i < pump->n_sinks; i++) {
		if (pump->sinks[i]->ops->end(pump->sinks[i], ledger, code ? &later : err))
			code = -1;
	}
	return code;
}
