/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally/recording.h"

#include <stdlib.h>
#include <string.h>

#include "model/verdict.h"

static struct recording *recording_of(struct sink *sink)
{
	return (struct recording *)sink;
}

static int recording_begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	struct recording *recording = recording_of(sink);

	recording->tallies = calloc(recording->n_keys, sizeof(*recording->tallies));
	if (!recording->tallies)
		return error_no_memory(err);
	for (size_t i = 0; i < recording->n_keys; i++)
		tally_init(&recording->tallies[i], &recording->keys[i], catalog);
	recording->catalog = catalog;
	return 0;
}

static int recording_events(struct sink *sink, const struct batch *batch, struct error *err)
{
	struct recording *recording = recording_of(sink);

	for (size_t i = 0; i < recording->n_keys; i++)
		for (size_t k = 0; k < batch->n_records; k++)
			if (tally_add(&recording->tallies[i], batch->records[k], err))
				return -1;
	return 0;
}

static int note_watched(struct recording *recording, struct error *err)
{
	const struct api_table *table = &recording->catalog->apis;
	struct text name = TEXT_INIT;
	int code = 0;

	for (size_t i = 0; i < table->n_apis && !code; i++) {
		text_clear(&name);
		key_api_name(recording->catalog, table->apis[i]->id, &name);
		code = text_failed(&name)
			       ? error_no_memory(err)
			       : intern_add(&recording->watched, text_string(&name), name.length,
					    &(uint32_t){0}, &(bool){false}, err);
	}
	text_fini(&name);
	return code;
}

static int recording_end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	struct recording *recording = recording_of(sink);
	const struct tally *tally = recording->tallies;
	uint64_t start;

	if (!recording->catalog)
		return 0;
	for (size_t i = 0; i < recording->n_keys; i++)
		if (tally_end(&recording->tallies[i], err))
			return -1;
	start = recording->catalog->start;
	/* What was under way when it began may come with an earlier time. */
	if (!start || start > tally->first)
		start = tally->first;
	recording->duration = tally->last > start ? tally->last - start : 0;
	recording->complete = ledger_complete(ledger);
	ledger_verdict(ledger, recording->catalog, &recording->verdict);
	if (text_failed(&recording->verdict))
		return error_no_memory(err);
	return note_watched(recording, err);
}

/* Its memory is the caller's. */
static void recording_destroy(struct sink *sink)
{
}

void recording_init(struct recording *recording, const struct key_spec *keys, size_t n_keys)
{
	static const struct sink_ops ops = {
		.begin = recording_begin,
		.events = recording_events,
		.end = recording_end,
		.destroy = recording_destroy,
	};

	*recording = (struct recording){.sink.ops = &ops, .keys = keys, .n_keys = n_keys};
	intern_init(&recording->watched);
}

void recording_fini(struct recording *recording)
{
	for (size_t i = 0; recording->tallies && i < recording->n_keys; i++)
		tally_fini(&recording->tallies[i]);
	free(recording->tallies);
	text_fini(&recording->verdict);
	intern_fini(&recording->watched);
}

bool recording_watched(const struct recording *recording, const char *api)
{
	return intern_find(&recording->watched, api, strlen(api), &(uint32_t){0});
}
