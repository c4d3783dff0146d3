/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/capture_source.h"

#include <stdlib.h>

#include "capture/reader.h"

struct capture_source {
	struct source base;
	struct capture_reader *reader;
};

static struct capture_reader *reader_of(const struct source *source)
{
	return ((const struct capture_source *)source)->reader;
}

static int source_apply(struct source *source, const struct spec *spec, struct error *err)
{
	error_usage(err, "a capture can't be changed: what was hooked is what it has");
	return error_hint(err, "choose from it with a filter, or record again");
}

static int source_next(struct source *source, int timeout_ms,
		       const struct kmn_header *const **records, size_t *n, struct error *err)
{
	return capture_next(reader_of(source), timeout_ms, records, n, err);
}

static int source_stop(struct source *source, struct error *err)
{
	capture_stop(reader_of(source));
	return 0;
}

static int source_ledger(struct source *source, struct ledger *ledger, struct error *err)
{
	return capture_ledger(reader_of(source), ledger, err);
}

static const struct catalog *source_catalog(struct source *source)
{
	return capture_catalog(reader_of(source));
}

static void source_close(struct source *source)
{
	capture_close(reader_of(source));
	free(source);
}

static const struct source_ops ops = {
	.name = "capture",
	.apply = source_apply,
	.next = source_next,
	.stop = source_stop,
	.ledger = source_ledger,
	.catalog = source_catalog,
	.close = source_close,
};

struct source *capture_source_open(const char *path, struct error *err)
{
	struct capture_reader *reader = capture_open(path, err);
	struct capture_source *source;

	if (!reader)
		return NULL;
	source = malloc(sizeof(*source));
	if (!source) {
		capture_close(reader);
		error_no_memory(err);
		return NULL;
	}
	*source = (struct capture_source){.base.ops = &ops, .reader = reader};
	return &source->base;
}

int capture_source_seek(struct source *source, uint64_t time, struct error *err)
{
	return capture_seek(reader_of(source), time, err);
}

void capture_source_set_namer(struct source *source, struct namer *namer)
{
	capture_set_namer(reader_of(source), namer);
}

uint64_t capture_source_place(const struct source *source)
{
	return capture_place(reader_of(source));
}

const char *capture_source_trouble(const struct source *source)
{
	return capture_trouble(reader_of(source));
}
