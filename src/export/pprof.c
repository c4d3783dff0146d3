/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls as a profile for pprof: summed up by their stack and their error, see profile.h. */
#include "export/args.h"
#include "export/exporter.h"
#include "export/naming.h"
#include "export/profile.h"
#include "model/verdict.h"
#include "view/stack.h"

struct pprof {
	struct exporter base;
	struct profile profile;
	bool durations; /* there is one at least */
};

static struct pprof *pprof_of(struct exporter *exporter)
{
	return (struct pprof *)exporter;
}

static int init(struct exporter *exporter, struct error *err)
{
	return profile_init(&pprof_of(exporter)->profile, NULL, err);
}

static int begin(struct exporter *exporter, struct error *err)
{
	pprof_of(exporter)->profile.catalog = exporter->catalog;
	return 0;
}

/* For a call without a stack: the function itself. */
static int function_location(struct pprof *pprof, const struct call *call, uint32_t *location,
			     struct error *err)
{
	struct text name = TEXT_INIT;
	int code;

	naming_function(call->api, call_record(call)->header->hook, &name);
	code = text_failed(&name)
		       ? error_no_memory(err)
		       : profile_location(&pprof->profile, call->api ? call->api->address : 0,
					  text_string(&name), location, err);
	text_fini(&name);
	return code;
}

/* Innermost first, as both have it. */
static int fill_locations(struct pprof *pprof, const struct call *call, uint32_t *locations,
			  size_t *n, struct error *err)
{
	struct stack stack = {0};
	size_t i;

	stack_of_record(pprof->base.catalog, call_record(call), &stack);
	for (i = 0; i < stack.n_frames && i < KMN_MAX_FRAMES; i++) {
		if (profile_frame(&pprof->profile, stack.frames[i], &locations[i], err))
			return -1;
	}
	if (!i && function_location(pprof, call, &locations[i++], err))
		return -1;
	*n = i;
	return 0;
}

static int take_call(struct exporter *exporter, const struct call *call, struct error *err)
{
	struct pprof *pprof = pprof_of(exporter);
	const struct profile_label error = {"error", args_error(call)};
	uint64_t values[PROFILE_VALUES] = {1, 0};
	uint32_t locations[KMN_MAX_FRAMES];
	size_t n;

	if (call_duration(call, &values[1]))
		pprof->durations = true;
	if (fill_locations(pprof, call, locations, &n, err))
		return -1;
	return profile_add(&pprof->profile, locations, n, &error, error.value != NULL, values, err);
}

static int end(struct exporter *exporter, const struct ledger *ledger, struct error *err)
{
	struct pprof *pprof = pprof_of(exporter);
	const struct catalog *catalog = exporter->catalog;
	struct profile_facts facts = {
		.values = {{"calls", "count"}, {"duration", "nanoseconds"}},
		.main_type = pprof->durations ? "duration" : "calls",
		.time = catalog->start + (uint64_t)catalog->clock_offset,
	};
	struct text verdict = TEXT_INIT;
	int code;

	if (exporter->time > catalog->start)
		facts.duration = exporter->time - catalog->start;
	ledger_verdict(ledger, catalog, &verdict);
	facts.comment = text_string(&verdict);
	code = text_failed(&verdict)
		       ? error_no_memory(err)
		       : profile_write(&pprof->profile, &facts, &exporter->output, err);
	text_fini(&verdict);
	return code;
}

static void fini(struct exporter *exporter)
{
	profile_fini(&pprof_of(exporter)->profile);
}

const struct export_format export_format_pprof = {
	.name = "pprof",
	.size = sizeof(struct pprof),
	.kind = EXPORT_BINARY,
	.places = PLACE_NO_DURATION, /* they are counted, with a duration of 0 */
	.init = init,
	.begin = begin,
	.take_call = take_call,
	.end = end,
	.fini = fini,
};
