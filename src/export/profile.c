/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/profile.h"

#include <stdlib.h>
#include <string.h>

#include <record.h>

#include "export/naming.h"
#include "export/protobuf.h"
#include "view/escape.h"

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
enum line_field { LINE_FUNCTION = 1, LINE_LINE = 2 };
enum function_field {
	FUNCTION_ID = 1,
	FUNCTION_NAME = 2,
	FUNCTION_SYSTEM_NAME = 3,
	FUNCTION_FILE = 4
};

enum mapping_field {
	MAPPING_ID = 1,
	MAPPING_START = 2,
	MAPPING_LIMIT = 3,
	MAPPING_FILE = 5,
	MAPPING_BUILD_ID = 6,
	MAPPING_HAS_FUNCTIONS = 7,
	MAPPING_HAS_FILES = 8,
	MAPPING_HAS_LINES = 9,
	MAPPING_HAS_INLINED = 10,
};

/* What is interned; the numbers in these are those of the other tables. Identifiers are number+1.
 */
struct function {
	uint32_t name, file; /* strings */
};

struct location {
	uint64_t address;
	uint32_t mapping; /* index of the module + 1, or 0 */
	uint32_t n;
	struct location_line {
		uint32_t function, line;
	} lines[PLACE_DEPTH]; /* innermost inlined function first, as profile.proto has it */
};

struct sample {
	uint32_t n_labels;
	struct {
		uint32_t key, value; /* strings */
	} labels[PROFILE_LABELS];
	uint32_t locations[KMN_MAX_FRAMES];
};

static int intern_string(struct profile *profile, const char *string, uint32_t *number,
			 struct error *err)
{
	bool added;

	return intern_add(&profile->strings, string, strlen(string), number, &added, err);
}

/* Of any bytes: a string of a message must be UTF-8. */
static int intern_escaped(struct profile *profile, const char *string, uint32_t *number,
			  struct error *err)
{
	text_clear(&profile->name);
	escape_print(&profile->name, string, strlen(string), 0);
	if (text_failed(&profile->name))
		return error_no_memory(err);
	return intern_string(profile, text_string(&profile->name), number, err);
}

int profile_init(struct profile *profile, const struct catalog *catalog, struct error *err)
{
	uint32_t empty;

	*profile = (struct profile){.catalog = catalog};
	intern_init(&profile->strings);
	intern_init(&profile->functions);
	intern_init(&profile->locations);
	intern_init(&profile->samples);
	/* windowBits 15 + 16: with the header and the sum of gzip; zlib.h */
	if (deflateInit2(&profile->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		profile_fini(profile);
		return error_no_memory(err);
	}
	profile->gzip_begun = true;
	if (intern_string(profile, "", &empty, err)) {
		profile_fini(profile);
		return -1;
	}
	return 0;
}

void profile_fini(struct profile *profile)
{
	if (profile->gzip_begun)
		deflateEnd(&profile->gzip);
	profile->gzip_begun = false;
	intern_fini(&profile->strings);
	intern_fini(&profile->functions);
	intern_fini(&profile->locations);
	intern_fini(&profile->samples);
	free(profile->sums);
	profile->sums = NULL;
	text_fini(&profile->name);
	text_fini(&profile->scratch);
	text_fini(&profile->message);
}

/* Its lines are filled as they come. */
static void location_init(struct location *location, uint64_t address)
{
	location->address = address;
	location->mapping = location->n = 0;
}

static int add_line(struct profile *profile, struct location *location, const char *name,
		    const char *file, unsigned line, struct error *err)
{
	struct location_line *added_line = &location->lines[location->n];
	struct function function = {0};
	bool added;

	if (intern_string(profile, name, &function.name, err) ||
	    (file && intern_escaped(profile, file, &function.file, err)) ||
	    intern_add(&profile->functions, &function, sizeof(function), &added_line->function,
		       &added, err))
		return -1;
	added_line->line = line;
	location->n++;
	return 0;
}

static int intern_location(struct profile *profile, struct location *location, uint32_t *number,
			   struct error *err)
{
	const struct module_table *modules = &profile->catalog->modules;
	const struct module *module = module_table_find(modules, location->address, 0);
	bool added;

	if (module)
		location->mapping = (uint32_t)(module - modules->modules) + 1;
	return intern_add(&profile->locations, location,
			  offsetof(struct location, lines) + location->n * sizeof(*location->lines),
			  number, &added, err);
}

int profile_location(struct profile *profile, uint64_t address, const char *name, uint32_t *number,
		     struct error *err)
{
	struct location location;

	location_init(&location, address);
	if (add_line(profile, &location, name, NULL, 0, err))
		return -1;
	return intern_location(profile, &location, number, err);
}

/* "kzalloc [leaky]" */
static void name_inlined(const struct profile *profile, uint64_t address, const char *function,
			 struct text *name)
{
	struct frame frame = {0};

	catalog_frame(profile->catalog, address, &frame);
	escape_print(name, function, strlen(function), 0);
	if (frame.module) {
		text_add(name, " [");
		escape_print(name, frame.module, strlen(frame.module), 0);
		text_add_char(name, ']');
	}
}

static int add_places(struct profile *profile, struct location *location, struct text *name,
		      struct error *err)
{
	const struct place *places = NULL, *own = NULL;
	size_t n = 0;

	if (profile->places)
		n = profile->places->find(profile->places, profile->catalog, location->address,
					  true, &places);
	for (size_t i = 0; i < n && location->n < PLACE_DEPTH - 1; i++) {
		if (!places[i].function) {
			own = &places[i];
			continue;
		}
		text_clear(name);
		name_inlined(profile, location->address, places[i].function, name);
		if (text_failed(name))
			return error_no_memory(err);
		if (add_line(profile, location, text_string(name), places[i].file, places[i].line,
			     err))
			return -1;
	}
	text_clear(name);
	naming_frame(profile->catalog, location->address, name);
	if (text_failed(name))
		return error_no_memory(err);
	return add_line(profile, location, text_string(name), own ? own->file : NULL,
			own ? own->line : 0, err);
}

int profile_frame(struct profile *profile, uint64_t address, uint32_t *number, struct error *err)
{
	struct location location;

	location_init(&location, address);
	if (add_places(profile, &location, &profile->scratch, err))
		return -1;
	return intern_location(profile, &location, number, err);
}

static int add_values(struct profile *profile, uint32_t number, const uint64_t *values,
		      struct error *err)
{
	size_t capacity = profile->sums_capacity ? profile->sums_capacity * 2 : 256;
	struct profile_sums *sums;

	if (number >= profile->sums_capacity) {
		sums = realloc(profile->sums, capacity * sizeof(*sums));
		if (!sums)
			return error_no_memory(err);
		memset(sums + profile->sums_capacity, 0,
		       (capacity - profile->sums_capacity) * sizeof(*sums));
		profile->sums = sums;
		profile->sums_capacity = capacity;
	}
	for (size_t i = 0; i < PROFILE_VALUES; i++)
		profile->sums[number].values[i] += values[i];
	return 0;
}

int profile_add(struct profile *profile, const uint32_t *locations, size_t n,
		const struct profile_label *labels, size_t n_labels,
		const uint64_t values[PROFILE_VALUES], struct error *err)
{
	struct sample sample = {.n_labels = (uint32_t)n_labels};
	uint32_t number;
	bool added;

	for (size_t i = 0; i < n_labels; i++) {
		if (intern_string(profile, labels[i].key, &sample.labels[i].key, err) ||
		    intern_escaped(profile, labels[i].value, &sample.labels[i].value, err))
			return -1;
	}
	memcpy(sample.locations, locations, n * sizeof(*locations));
	if (intern_add(&profile->samples, &sample,
		       offsetof(struct sample, locations) + n * sizeof(*locations), &number, &added,
		       err))
		return -1;
	return add_values(profile, number, values, err);
}

/* Send what has gathered of the profile through gzip. */
static int compress_message(struct profile *profile, struct output *output, int flush,
			    struct error *err)
{
	unsigned char piece[16384];

	if (text_failed(&profile->message))
		return error_no_memory(err);
	profile->gzip.next_in = (unsigned char *)profile->message.data;
	profile->gzip.avail_in = (unsigned)profile->message.length;
	do {
		profile->gzip.next_out = piece;
		profile->gzip.avail_out = sizeof(piece);
		if (deflate(&profile->gzip, flush) == Z_STREAM_ERROR)
			return error_set(err, "can't compress the profile");
		text_add_bytes(&output->text, piece, sizeof(piece) - profile->gzip.avail_out);
	} while (!profile->gzip.avail_out);
	text_clear(&profile->message);
	return output_spill(output, err);
}

/* After each message of a table: memory holds but a part of them. */
static int spill(struct profile *profile, struct output *output, struct error *err)
{
	return profile->message.length < 65536 ? 0
					       : compress_message(profile, output, Z_NO_FLUSH, err);
}

static int write_sample_types(struct profile *profile, const struct profile_facts *facts,
			      struct error *err)
{
	for (size_t i = 0; i < PROFILE_VALUES; i++) {
		uint32_t type, unit;
		size_t begin;

		if (intern_string(profile, facts->values[i].type, &type, err) ||
		    intern_string(profile, facts->values[i].unit, &unit, err))
			return -1;
		begin = proto_begin(&profile->message, PROFILE_SAMPLE_TYPE);
		proto_number(&profile->message, VALUE_TYPE_TYPE, type);
		proto_number(&profile->message, VALUE_TYPE_UNIT, unit);
		proto_end(&profile->message, begin);
	}
	return 0;
}

static void write_sample(struct profile *profile, uint32_t number)
{
	const struct sample *sample = intern_bytes(&profile->samples, number);
	size_t bytes = intern_length(&profile->samples, number);
	size_t n = (bytes - offsetof(struct sample, locations)) / sizeof(*sample->locations);
	size_t begin = proto_begin(&profile->message, PROFILE_SAMPLE);
	size_t inner = proto_begin(&profile->message, SAMPLE_LOCATION);

	for (size_t i = 0; i < n; i++)
		proto_varint(&profile->message, (uint64_t)sample->locations[i] + 1);
	proto_end(&profile->message, inner);
	inner = proto_begin(&profile->message, SAMPLE_VALUE);
	for (size_t i = 0; i < PROFILE_VALUES; i++)
		proto_varint(&profile->message, profile->sums[number].values[i]);
	proto_end(&profile->message, inner);
	for (uint32_t i = 0; i < sample->n_labels; i++) {
		inner = proto_begin(&profile->message, SAMPLE_LABEL);
		proto_number(&profile->message, LABEL_KEY, sample->labels[i].key);
		proto_number(&profile->message, LABEL_STRING, sample->labels[i].value);
		proto_end(&profile->message, inner);
	}
	proto_end(&profile->message, begin);
}

static int write_mapping(struct profile *profile, size_t index, struct error *err)
{
	const struct module *module = &profile->catalog->modules.modules[index];
	uint32_t file = 0, build_id = 0;
	size_t begin;

	text_clear(&profile->name);
	for (uint8_t i = 0; i < module->build_id_length; i++)
		text_addf(&profile->name, "%02x", module->build_id[i]);
	if (text_failed(&profile->name))
		return error_no_memory(err);
	if (intern_string(profile, text_string(&profile->name), &build_id, err) ||
	    intern_escaped(profile, module->name, &file, err))
		return -1;
	begin = proto_begin(&profile->message, PROFILE_MAPPING);
	proto_number(&profile->message, MAPPING_ID, index + 1);
	proto_number(&profile->message, MAPPING_START, module->base);
	proto_number(&profile->message, MAPPING_LIMIT, module->base + module->size);
	proto_number(&profile->message, MAPPING_FILE, file);
	proto_number(&profile->message, MAPPING_BUILD_ID, build_id);
	/* pprof looks for nothing itself where it is told that all is there. */
	proto_number(&profile->message, MAPPING_HAS_FUNCTIONS, 1);
	if (profile->places) {
		proto_number(&profile->message, MAPPING_HAS_FILES, 1);
		proto_number(&profile->message, MAPPING_HAS_LINES, 1);
		proto_number(&profile->message, MAPPING_HAS_INLINED, 1);
	}
	proto_end(&profile->message, begin);
	return 0;
}

static void write_location(struct profile *profile, uint32_t number)
{
	const struct location *location = intern_bytes(&profile->locations, number);
	size_t begin = proto_begin(&profile->message, PROFILE_LOCATION);

	proto_number(&profile->message, LOCATION_ID, (uint64_t)number + 1);
	if (location->mapping)
		proto_number(&profile->message, LOCATION_MAPPING, location->mapping);
	proto_number(&profile->message, LOCATION_ADDRESS, location->address);
	for (uint32_t i = 0; i < location->n; i++) {
		size_t line = proto_begin(&profile->message, LOCATION_LINE);

		proto_number(&profile->message, LINE_FUNCTION,
			     (uint64_t)location->lines[i].function + 1);
		if (location->lines[i].line)
			proto_number(&profile->message, LINE_LINE, location->lines[i].line);
		proto_end(&profile->message, line);
	}
	proto_end(&profile->message, begin);
}

static void write_function(struct profile *profile, uint32_t number)
{
	const struct function *function = intern_bytes(&profile->functions, number);
	size_t begin = proto_begin(&profile->message, PROFILE_FUNCTION);

	proto_number(&profile->message, FUNCTION_ID, (uint64_t)number + 1);
	proto_number(&profile->message, FUNCTION_NAME, function->name);
	proto_number(&profile->message, FUNCTION_SYSTEM_NAME, function->name);
	if (function->file)
		proto_number(&profile->message, FUNCTION_FILE, function->file);
	proto_end(&profile->message, begin);
}

static int write_tables(struct profile *profile, struct output *output, struct error *err)
{
	for (uint32_t i = 0; i < profile->samples.count; i++) {
		write_sample(profile, i);
		if (spill(profile, output, err))
			return -1;
	}
	for (size_t i = 0; i < profile->catalog->modules.n_modules; i++) {
		if (write_mapping(profile, i, err) || spill(profile, output, err))
			return -1;
	}
	for (uint32_t i = 0; i < profile->locations.count; i++) {
		write_location(profile, i);
		if (spill(profile, output, err))
			return -1;
	}
	for (uint32_t i = 0; i < profile->functions.count; i++) {
		write_function(profile, i);
		if (spill(profile, output, err))
			return -1;
	}
	return 0;
}

static int write_facts(struct profile *profile, const struct profile_facts *facts,
		       struct error *err)
{
	uint32_t comment, main_type;

	if (intern_string(profile, facts->comment, &comment, err) ||
	    intern_string(profile, facts->main_type, &main_type, err))
		return -1;
	proto_number(&profile->message, PROFILE_TIME, facts->time);
	if (facts->duration)
		proto_number(&profile->message, PROFILE_DURATION, facts->duration);
	proto_number(&profile->message, PROFILE_COMMENT, comment);
	proto_number(&profile->message, PROFILE_DEFAULT_SAMPLE_TYPE, main_type);
	return 0;
}

static int write_strings(struct profile *profile, struct output *output, struct error *err)
{
	for (uint32_t i = 0; i < profile->strings.count; i++) {
		proto_bytes(&profile->message, PROFILE_STRING, intern_bytes(&profile->strings, i),
			    intern_length(&profile->strings, i));
		if (spill(profile, output, err))
			return -1;
	}
	return 0;
}

int profile_write(struct profile *profile, const struct profile_facts *facts, struct output *output,
		  struct error *err)
{
	/* The strings last: the others add to them. */
	if (write_sample_types(profile, facts, err) || write_tables(profile, output, err) ||
	    write_facts(profile, facts, err) || write_strings(profile, output, err))
		return -1;
	return compress_message(profile, output, Z_FINISH, err);
}
