/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/module_sink.h"

#include <stdlib.h>
#include <string.h>

struct module_sink {
	struct sink sink;
	char *module;
	bool loaded, unloaded;
};

static int begin(struct sink *sink, const struct catalog *catalog, struct error *err)
{
	return 0;
}

static bool is_named(const struct record_view *record, const char *name)
{
	struct kmn_fetched what;
	const unsigned char *data;

	/* NUL-padded in its 56 bytes. */
	return record_fetched(record, 0, &what, &data) &&
	       strnlen((const char *)data, what.length) == strlen(name) &&
	       !memcmp(data, name, strlen(name));
}

static int events(struct sink *sink, const struct batch *batch, struct error *err)
{
	struct module_sink *me = (struct module_sink *)sink;

	for (size_t i = 0; i < batch->n_records; i++) {
		const struct kmn_header *header = batch->records[i];
		struct record_view record;

		if (header->kind != KMN_MODULE_LOAD && header->kind != KMN_MODULE_UNLOAD)
			continue;
		if (record_parse(header, header->length, &record, err) < 0)
			return -1;
		if (!is_named(&record, me->module))
			continue;
		if (header->kind == KMN_MODULE_LOAD)
			me->loaded = true;
		me->unloaded = header->kind == KMN_MODULE_UNLOAD;
	}
	return 0;
}

static int end(struct sink *sink, const struct ledger *ledger, struct error *err)
{
	return 0;
}

static void destroy(struct sink *sink)
{
	struct module_sink *me = (struct module_sink *)sink;

	free(me->module);
	free(me);
}

static const struct sink_ops ops = {
	.begin = begin,
	.events = events,
	.end = end,
	.destroy = destroy,
};

struct sink *module_sink_create(const char *module, struct error *err)
{
	struct module_sink *me = calloc(1, sizeof(*me));

	if (me)
		me->module = strdup(module);
	if (!me || !me->module) {
		free(me);
		error_no_memory(err);
		return NULL;
	}
	me->sink.ops = &ops;
	return &me->sink;
}

bool module_sink_loaded(const struct sink *sink)
{
	return ((const struct module_sink *)sink)->loaded;
}

bool module_sink_unloaded(const struct sink *sink)
{
	return ((const struct module_sink *)sink)->unloaded;
}
