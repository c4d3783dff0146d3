/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text is an expression or a mistake that is told; one that is an expression can be bound,
 * split between kernel and user space, and asked for every kind of record.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture_sample.h"
#include "filter/calls.h"
#include "filter/push.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void judge_all(struct filter *filter, struct catalog *catalog)
{
	struct filter_calls *calls = filter_calls_create(filter);
	const struct kmn_header *const *kept;
	struct sample_record record;
	size_t n;

	for (uint64_t i = 0; calls && i < SAMPLE_GOLDEN_RECORDS; i++) {
		const struct kmn_header *header = sample_record_make(&record, i, catalog);

		if (filter_calls_push(calls, &header, 1, &kept, &n, NULL))
			abort();
	}
	if (calls && filter_calls_end(calls, &kept, &n, NULL))
		abort();
	filter_calls_destroy(calls);
}

static void split(struct filter *filter, const struct catalog *catalog)
{
	struct text explained = TEXT_INIT;
	struct spec spec;
	bool added;

	spec_init(&spec);
	spec_add_hook(&spec, "vfs_open", true, false, NULL);
	if (filter_push(filter, &spec, &explained, NULL))
		abort();
	if (!filter_bind(filter, catalog, false, NULL) &&
	    filter_narrow(filter, &spec, &added, NULL))
		abort();
	text_fini(&explained);
	spec_fini(&spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct filter *filter = filter_create();
	char *text = malloc(size + 1);
	struct error err = {0};
	struct catalog catalog;

	if (!filter || !text)
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	sample_catalog_init(&catalog);
	if (filter_add(filter, text, &err)) {
		/* Refused, but with a reason, and the filter is what it was. */
		if (!err.message[0] || !filter_is_empty(filter))
			abort();
	} else {
		filter_bind(filter, &catalog, true, &err);
		if (!filter_bind(filter, &catalog, false, &err))
			judge_all(filter, &catalog);
		split(filter, &catalog);
	}
	filter_destroy(filter);
	catalog_fini(&catalog);
	free(text);
	return 0;
}
