/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/capture_sink.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "capture/writer.h"

/* So many records are added at most before it is asked again whether the part is full. */
#define STEP 1024

struct capture_sink {
	struct sink base;
	struct capture_writer *writer;
	const struct catalog *catalog;
	bool minimal;
	uint64_t memory; /* of the buffer; 0: there is none */
	enum codec codec;
	bool codec_chosen; /* if not, each part has the build's own */

	/* Only for a recording in parts. */
	struct capture_parts parts;
	char *stem; /* the path without what tells the parts apart; NULL: there is one file */
	bool force;
	uint64_t number;		 /* of the present part, from 1 */
	struct capture_writer *previous; /* of the part before, which may not be on the disk yet */
	uint64_t first;			 /* time of its first record */
	bool has_records;
};

static struct capture_sink *sink_of(struct sink *sink)
{
	return (struct capture_sink *)sink;
}

static void name_part(const struct capture_sink *sink, uint64_t number, struct text *name)
{
	text_clear(name);
	text_addf(name, "%s.%llu.kmn", sink->stem, (unsigned long long)number);
}

static int open_part(struct capture_sink *sink, struct error *err)
{
	struct text name = TEXT_INIT;

	name_part(sink, sink->number, &name);
	sink->writer = capture_writer_create(text_string(&name), sink->force, err);
	text_fini(&name);
	sink->has_records = false;
	if (!sink->writer)
		return -1;
	if (sink->minimal)
		capture_writer_be_minimal(sink->writer);
	if (sink->codec_chosen && capture_writer_pack(sink->writer, sink->codec, err))
		return -1;
	return sink->memory ? capture_writer_buffer(sink->writer, sink->memory, err) : 0;
}

/* What can't be removed (somebody else was faster) is no reason to stop recording. */
static void remove_old_part(const struct capture_sink *sink)
{
	struct text name = TEXT_INIT;

	if (!sink->parts.keep || sink->number <= sink->parts.keep)
		return;
	name_part(sink, sink->number - sink->parts.keep, &name);
	unlink(text_string(&name));
	text_fini(&name);
}

/* With a part's last block its successor begins, while the disk still takes it. */
static int finish_previous(struct capture_sink *sink, struct error *err)
{
	struct capture_writer *previous = sink->previous;
	int code = previous ? capture_writer_wait(previous, err) : 0;

	sink->previous = NULL;
	capture_writer_destroy(previous);
	return code;
}

static int next_part(struct capture_sink *sink, struct error *err)
{
	struct ledger continued;
	int code;

	ledger_init(&continued);
	continued.continued = true;
	code = capture_writer_end_soon(sink->writer, &continued, err);
	ledger_fini(&continued);
	if (code || finish_previous(sink, err))
		return -1;
	sink->previous = sink->writer;
	sink->writer = NULL;
	sink->number++;
	if (open_part(sink, err) || capture_writer_begin(sink->writer, sink->catalog, err))
		return -1;
	remove_old_part(sink);
	return 0;
}

static bool is_late(const struct capture_sink *sink, const struct kmn_header *record)
{
	return sink->has_records && sink->parts.time &&
	       record->time - sink->first >= sink->parts.time;
}

static bool part_is_full(const struct capture_sink *sink, const struct kmn_header *next)
{
	bool large = sink->parts.bytes && capture_writer_size(sink->writer) >= sink->parts.bytes;

	return (sink->has_records && large) || is_late(sink, next);
}

/* How many of the records, one at least, are added before it is asked again if the part is full. */
static size_t count_fitting(const struct capture_sink *sink,
			    const struct kmn_header *const *records, size_t n_records)
{
	size_t most = n_records < STEP ? n_records : STEP;
	size_t n = 1;

	while (n < most && !is_late(sink, records[n]))
		n++;
	return n;
}

static int sink_begin(struct sink *base, const struct catalog *catalog, struct error *err)
{
	struct capture_sink *sink = sink_of(base);

	sink->catalog = catalog;
	return capture_writer_begin(sink->writer, catalog, err);
}

static int sink_events(struct sink *base, const struct batch *batch, struct error *err)
{
	struct capture_sink *sink = sink_of(base);
	const struct kmn_header *const *records = batch->records;
	size_t left = batch->n_records;

	while (left) {
		size_t n;

		if (part_is_full(sink, *records) && next_part(sink, err))
			return -1;
		if (!sink->has_records)
			sink->first = (*records)->time;
		sink->has_records = true;
		n = count_fitting(sink, records, left);
		if (capture_writer_add(sink->writer, records, n, err))
			return -1;
		records += n;
		left -= n;
	}
	return 0;
}

static int sink_tick(struct sink *base, struct error *err)
{
	return capture_writer_flush(sink_of(base)->writer, err);
}

static int sink_end(struct sink *base, const struct ledger *ledger, struct error *err)
{
	struct capture_sink *sink = sink_of(base);

	/* The next part could not be begun: that was told, and the last one says that it goes on.
	 */
	if (!sink->writer)
		return error_set(err, "part %llu of the capture is missing",
				 (unsigned long long)sink->number);
	if (finish_previous(sink, err))
		return -1;
	return capture_writer_end(sink->writer, ledger, err);
}

static void sink_destroy(struct sink *base)
{
	struct capture_sink *sink = sink_of(base);

	capture_writer_destroy(sink->previous);
	capture_writer_destroy(sink->writer);
	free(sink->stem);
	free(sink);
}

static const struct sink_ops ops = {
	.begin = sink_begin,
	.events = sink_events,
	.tick = sink_tick,
	.end = sink_end,
	.destroy = sink_destroy,
};

struct sink *capture_sink_create(const char *path, bool force, struct error *err)
{
	struct capture_sink *sink = calloc(1, sizeof(*sink));

	if (!sink) {
		error_no_memory(err);
		return NULL;
	}
	sink->base.ops = &ops;
	sink->writer = capture_writer_create(path, force, err);
	if (!sink->writer) {
		free(sink);
		return NULL;
	}
	return &sink->base;
}

struct sink *capture_sink_create_parts(const char *path, bool force,
				       const struct capture_parts *parts, struct error *err)
{
	size_t length = strlen(path);
	struct capture_sink *sink;

	if (!strcmp(path, "-")) {
		error_usage(err, "standard output can't be split into parts");
		return NULL;
	}
	if (length > 4 && !strcmp(path + length - 4, ".kmn"))
		length -= 4;
	sink = calloc(1, sizeof(*sink));
	if (!sink || !(sink->stem = strdup(path))) {
		free(sink);
		error_no_memory(err);
		return NULL;
	}
	sink->stem[length] = '\0';
	sink->base.ops = &ops;
	sink->parts = *parts;
	sink->force = force;
	sink->number = 1;
	if (open_part(sink, err)) {
		free(sink->stem);
		free(sink);
		return NULL;
	}
	return &sink->base;
}

void capture_sink_be_minimal(struct sink *sink)
{
	sink_of(sink)->minimal = true;
	capture_writer_be_minimal(sink_of(sink)->writer);
}

int capture_sink_pack(struct sink *sink, enum codec codec, struct error *err)
{
	sink_of(sink)->codec = codec;
	sink_of(sink)->codec_chosen = true;
	return capture_writer_pack(sink_of(sink)->writer, codec, err);
}

int capture_sink_buffer(struct sink *sink, uint64_t memory, struct error *err)
{
	sink_of(sink)->memory = memory;
	return capture_writer_buffer(sink_of(sink)->writer, memory, err);
}

struct outlet *capture_sink_outlet(struct sink *sink)
{
	return sink_of(sink)->writer ? capture_writer_outlet(sink_of(sink)->writer) : NULL;
}
