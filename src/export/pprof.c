/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile as pprof reads it: gzip over the messages of
 * https://github.com/google/pprof/blob/main/proto/profile.proto. Calls are summed up by their stack
 * and their error; the profile is written at the end, when the sums are known.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "export/args.h"
#include "export/exporter.h"
#include "export/naming.h"
#include "export/protobuf.h"
#include "model/verdict.h"
#include "tally/intern.h"
#include "view/escape.h"
#include "view/stack.h"

enum profile_field {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6,
	PROFILE_TIME = 9,
	PROFILE_DURATION = 10,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_SAMPLE_TYPE = 14,
};

enum value_type_field { VALUE_TYPE_TYPE = 1, VALUE_TYPE_UNIT = 2 };
enum sample_field { SAMPLE_LOCATION = 1, SAMPLE_VALUE = 2, SAMPLE_LABEL = 3 };
enum label_field { LABEL_KEY = 1, LABEL_STRING = 2 };
enum location_field {
	LOCATION_ID = 1,
	LOCATION_MAPPING = 2,
	LOCATION_ADDRESS = 3,
	LOCATION_LINE = 4
};
enum line_field { LINE_FUNCTION = 1 };
enum function_field { FUNCTION_ID = 1, FUNCTION_NAME = 2, FUNCTION_SYSTEM_NAME = 3 };

enum mapping_field {
	MAPPING_ID = 1,
	MAPPING_START = 2,
	MAPPING_LIMIT = 3,
	MAPPING_FILE = 5,
	MAPPING_BUILD_ID = 6,
	MAPPING_HAS_FUNCTIONS = 7,
};

/* What is interned; the numbers in these are those of the other tables. Identifiers are number+1.
 */
struct location {
	uint64_t address;
	uint32_t function;
	uint32_t mapping; /* index of the module + 1, or 0 */
};

struct sample {
	uint32_t error; /* a string, 0: none */
	uint32_t locations[KMN_MAX_FRAMES];
};

struct sample_sums {
	uint64_t calls, ns;
};

struct pprof {
	struct exporter base;
	struct intern strings; /* the first is "", as the format wants it */
	struct intern functions;
	struct intern locations;
	struct intern samples;
	struct sample_sums *sums;
	size_t sums_capacity;
	bool durations; /* there is one at least */
	struct text name, message;
	z_stream gzip;
	bool gzip_begun;
};

static struct pprof *pprof_of(struct exporter *exporter)
{
	return (struct pprof *)exporter;
}

static int intern_string(struct pprof *pprof, const char *string, uint32_t *number,
			 struct error *err)
{
	bool added;

	return intern_add(&pprof->strings, string, strlen(string), number, &added, err);
}

static int init(struct exporter *exporter, struct error *err)
{
	struct pprof *pprof = pprof_of(exporter);
	uint32_t empty;

	intern_init(&pprof->strings);
	intern_init(&pprof->functions);
	intern_init(&pprof->locations);
	intern_init(&pprof->samples);
	/* windowBits 15 + 16: with the header and the sum of gzip; zlib.h */
	if (deflateInit2(&pprof->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return error_no_memory(err);
	pprof->gzip_begun = true;
	return intern_string(pprof, "", &empty, err);
}

/* The location with the name that stands in pprof->name, which is empty afterwards. */
static int intern_location(struct pprof *pprof, uint64_t address, uint32_t *number,
			   struct error *err)
{
	const struct module_table *modules = &pprof->base.catalog->modules;
	const struct module *module = module_table_find(modules, address, 0);
	struct location location = {.address = address};
	uint32_t name;
	bool added;

	if (module)
		location.mapping = (uint32_t)(module - modules->modules) + 1;
	if (text_failed(&pprof->name))
		return error_no_memory(err);
	if (intern_string(pprof, text_string(&pprof->name), &name, err) ||
	    intern_add(&pprof->functions, &name, sizeof(name), &location.function, &added, err))
		return -1;
	text_clear(&pprof->name);
	return intern_add(&pprof->locations, &location, sizeof(location), number, &added, err);
}

/* Innermost first, as both have it. */
static int fill_locations(struct pprof *pprof, const struct call *call, struct sample *sample,
			  size_t *n, struct error *err)
{
	const struct catalog *catalog = pprof->base.catalog;
	const struct record_view *record = call_record(call);
	struct stack stack = {0};
	size_t i;

	stack_of_record(catalog, record, &stack);
	for (i = 0; i < stack.n_frames && i < KMN_MAX_FRAMES; i++) {
		naming_frame(catalog, stack.frames[i], &pprof->name);
		if (intern_location(pprof, stack.frames[i], &sample->locations[i], err))
			return -1;
	}
	if (!i) {
		naming_function(call->api, record->header->hook, &pprof->name);
		if (intern_location(pprof, call->api ? call->api->address : 0,
				    &sample->locations[i++], err))
			return -1;
	}
	*n = i;
	return 0;
}

static int add_sums(struct pprof *pprof, uint32_t number, uint64_t ns, struct error *err)
{
	size_t capacity = pprof->sums_capacity ? pprof->sums_capacity * 2 : 256;
	struct sample_sums *sums;

	if (number >= pprof->sums_capacity) {
		sums = realloc(pprof->sums, capacity * sizeof(*sums));
		if (!sums)
			return error_no_memory(err);
		memset(sums + pprof->sums_capacity, 0,
		       (capacity - pprof->sums_capacity) * sizeof(*sums));
		pprof->sums = sums;
		pprof->sums_capacity = capacity;
	}
	pprof->sums[number].calls++;
	pprof->sums[number].ns += ns;
	return 0;
}

static int take_call(struct exporter *exporter, const struct call *call, struct error *err)
{
	struct pprof *pprof = pprof_of(exporter);
	const char *error = args_error(call);
	struct sample sample = {0};
	uint64_t duration = 0;
	uint32_t number;
	bool added;
	size_t n;

	if (call_duration(call, &duration))
		pprof->durations = true;
	if (fill_locations(pprof, call, &sample, &n, err) ||
	    (error && intern_string(pprof, error, &sample.error, err)) ||
	    intern_add(&pprof->samples, &sample,
		       offsetof(struct sample, locations) + n * sizeof(*sample.locations), &number,
		       &added, err))
		return -1;
	return add_sums(pprof, number, duration, err);
}

/* Send what has gathered of the profile through gzip. */
static int compress_message(struct pprof *pprof, int flush, struct error *err)
{
	struct text *out = &pprof->base.output.text;
	unsigned char piece[16384];

	if (text_failed(&pprof->message))
		return error_no_memory(err);
	pprof->gzip.next_in = (unsigned char *)pprof->message.data;
	pprof->gzip.avail_in = (unsigned)pprof->message.length;
	do {
		pprof->gzip.next_out = piece;
		pprof->gzip.avail_out = sizeof(piece);
		if (deflate(&pprof->gzip, flush) == Z_STREAM_ERROR)
			return error_set(err, "can't compress the profile");
		text_add_bytes(out, piece, sizeof(piece) - pprof->gzip.avail_out);
	} while (!pprof->gzip.avail_out);
	text_clear(&pprof->message);
	return output_spill(&pprof->base.output, err);
}

/* After each message of a table: memory holds but a part of them. */
static int spill(struct pprof *pprof, struct error *err)
{
	return pprof->message.length < 65536 ? 0 : compress_message(pprof, Z_NO_FLUSH, err);
}

static int add_sample_type(struct pprof *pprof, const char *type, const char *unit,
			   struct error *err)
{
	uint32_t type_string = 0, unit_string = 0;
	size_t begin;

	if (intern_string(pprof, type, &type_string, err) ||
	    intern_string(pprof, unit, &unit_string, err))
		return -1;
	begin = proto_begin(&pprof->message, PROFILE_SAMPLE_TYPE);
	proto_number(&pprof->message, VALUE_TYPE_TYPE, type_string);
	proto_number(&pprof->message, VALUE_TYPE_UNIT, unit_string);
	proto_end(&pprof->message, begin);
	return 0;
}

static void add_sample(struct pprof *pprof, uint32_t number, uint32_t error_key)
{
	const struct sample *sample = intern_bytes(&pprof->samples, number);
	size_t bytes = intern_length(&pprof->samples, number);
	size_t n = (bytes - offsetof(struct sample, locations)) / sizeof(*sample->locations);
	size_t begin = proto_begin(&pprof->message, PROFILE_SAMPLE);
	size_t inner = proto_begin(&pprof->message, SAMPLE_LOCATION);

	for (size_t i = 0; i < n; i++)
		proto_varint(&pprof->message, (uint64_t)sample->locations[i] + 1);
	proto_end(&pprof->message, inner);
	inner = proto_begin(&pprof->message, SAMPLE_VALUE);
	proto_varint(&pprof->message, pprof->sums[number].calls);
	proto_varint(&pprof->message, pprof->sums[number].ns);
	proto_end(&pprof->message, inner);
	if (sample->error) {
		inner = proto_begin(&pprof->message, SAMPLE_LABEL);
		proto_number(&pprof->message, LABEL_KEY, error_key);
		proto_number(&pprof->message, LABEL_STRING, sample->error);
		proto_end(&pprof->message, inner);
	}
	proto_end(&pprof->message, begin);
}

static int add_samples(struct pprof *pprof, struct error *err)
{
	uint32_t error_key = 0;

	if (intern_string(pprof, "error", &error_key, err))
		return -1;
	for (uint32_t i = 0; i < pprof->samples.count; i++) {
		add_sample(pprof, i, error_key);
		if (spill(pprof, err))
			return -1;
	}
	return 0;
}

static int add_mapping(struct pprof *pprof, size_t index, struct error *err)
{
	const struct module *module = &pprof->base.catalog->modules.modules[index];
	uint32_t file = 0, build_id = 0;
	size_t begin;

	text_clear(&pprof->name);
	for (uint8_t i = 0; i < module->build_id_length; i++)
		text_addf(&pprof->name, "%02x", module->build_id[i]);
	if (intern_string(pprof, text_string(&pprof->name), &build_id, err))
		return -1;
	text_clear(&pprof->name);
	escape_print(&pprof->name, module->name, strlen(module->name), 0);
	if (intern_string(pprof, text_string(&pprof->name), &file, err))
		return -1;
	begin = proto_begin(&pprof->message, PROFILE_MAPPING);
	proto_number(&pprof->message, MAPPING_ID, index + 1);
	proto_number(&pprof->message, MAPPING_START, module->base);
	proto_number(&pprof->message, MAPPING_LIMIT, module->base + module->size);
	proto_number(&pprof->message, MAPPING_FILE, file);
	proto_number(&pprof->message, MAPPING_BUILD_ID, build_id);
	proto_number(&pprof->message, MAPPING_HAS_FUNCTIONS, 1);
	proto_end(&pprof->message, begin);
	return spill(pprof, err);
}

static int add_locations(struct pprof *pprof, struct error *err)
{
	for (uint32_t i = 0; i < pprof->locations.count; i++) {
		const struct location *location = intern_bytes(&pprof->locations, i);
		size_t begin = proto_begin(&pprof->message, PROFILE_LOCATION), line;

		proto_number(&pprof->message, LOCATION_ID, (uint64_t)i + 1);
		if (location->mapping)
			proto_number(&pprof->message, LOCATION_MAPPING, location->mapping);
		proto_number(&pprof->message, LOCATION_ADDRESS, location->address);
		line = proto_begin(&pprof->message, LOCATION_LINE);
		proto_number(&pprof->message, LINE_FUNCTION, (uint64_t)location->function + 1);
		proto_end(&pprof->message, line);
		proto_end(&pprof->message, begin);
		if (spill(pprof, err))
			return -1;
	}
	return 0;
}

static int add_functions(struct pprof *pprof, struct error *err)
{
	for (uint32_t i = 0; i < pprof->functions.count; i++) {
		const uint32_t *name = intern_bytes(&pprof->functions, i);
		size_t begin = proto_begin(&pprof->message, PROFILE_FUNCTION);

		proto_number(&pprof->message, FUNCTION_ID, (uint64_t)i + 1);
		proto_number(&pprof->message, FUNCTION_NAME, *name);
		proto_number(&pprof->message, FUNCTION_SYSTEM_NAME, *name);
		proto_end(&pprof->message, begin);
		if (spill(pprof, err))
			return -1;
	}
	return 0;
}

static int add_facts(struct pprof *pprof, const struct ledger *ledger, struct error *err)
{
	const struct catalog *catalog = pprof->base.catalog;
	uint32_t verdict = 0, main_type = 0;

	text_clear(&pprof->name);
	ledger_verdict(ledger, catalog, &pprof->name);
	if (intern_string(pprof, text_string(&pprof->name), &verdict, err) ||
	    intern_string(pprof, pprof->durations ? "duration" : "calls", &main_type, err))
		return -1;
	proto_number(&pprof->message, PROFILE_TIME,
		     catalog->start + (uint64_t)catalog->clock_offset);
	if (pprof->base.time > catalog->start)
		proto_number(&pprof->message, PROFILE_DURATION, pprof->base.time - catalog->start);
	proto_number(&pprof->message, PROFILE_COMMENT, verdict);
	proto_number(&pprof->message, PROFILE_DEFAULT_SAMPLE_TYPE, main_type);
	return 0;
}

static int add_strings(struct pprof *pprof, struct error *err)
{
	for (uint32_t i = 0; i < pprof->strings.count; i++) {
		proto_bytes(&pprof->message, PROFILE_STRING, intern_bytes(&pprof->strings, i),
			    intern_length(&pprof->strings, i));
		if (spill(pprof, err))
			return -1;
	}
	return 0;
}

static int end(struct exporter *exporter, const struct ledger *ledger, struct error *err)
{
	struct pprof *pprof = pprof_of(exporter);

	if (add_sample_type(pprof, "calls", "count", err) ||
	    add_sample_type(pprof, "duration", "nanoseconds", err) || add_samples(pprof, err))
		return -1;
	for (size_t i = 0; i < exporter->catalog->modules.n_modules; i++) {
		if (add_mapping(pprof, i, err))
			return -1;
	}
	/* The strings last: the others add to them. */
	if (add_locations(pprof, err) || add_functions(pprof, err) ||
	    add_facts(pprof, ledger, err) || add_strings(pprof, err))
		return -1;
	return compress_message(pprof, Z_FINISH, err);
}

static void fini(struct exporter *exporter)
{
	struct pprof *pprof = pprof_of(exporter);

	if (pprof->gzip_begun)
		deflateEnd(&pprof->gzip);
	intern_fini(&pprof->strings);
	intern_fini(&pprof->functions);
	intern_fini(&pprof->locations);
	intern_fini(&pprof->samples);
	free(pprof->sums);
	text_fini(&pprof->name);
	text_fini(&pprof->message);
}

const struct export_format export_format_pprof = {
	.name = "pprof",
	.size = sizeof(struct pprof),
	.kind = EXPORT_BINARY,
	.places = PLACE_NO_DURATION, /* they are counted, with a duration of 0 */
	.init = init,
	.take_call = take_call,
	.end = end,
	.fini = fini,
};
