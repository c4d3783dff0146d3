/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile as pprof reads it: gzip over the messages of
 * https://github.com/google/pprof/blob/main/proto/profile.proto. Samples are summed up by their
 * stack and their labels; the profile is written at the end, when the sums are known.
 */
#ifndef EXPORT_PROFILE_H
#define EXPORT_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "base/text.h"
#include "model/catalog.h"
#include "model/place.h"
#include "tally/intern.h"
#include "view/output.h"

#define PROFILE_VALUES 2
#define PROFILE_LABELS 4

struct profile {
	const struct catalog *catalog; /* may be set later, before the first location */
	struct place_finder *places;   /* source lines of locations; NULL: none */
	struct intern strings;	       /* the first is "", as the format wants it */
	struct intern functions;
	struct intern locations;
	struct intern samples;
	struct profile_sums {
		uint64_t values[PROFILE_VALUES];
	} * sums; /* of each sample */
	size_t sums_capacity;
	struct text name, scratch, message;
	z_stream gzip;
	bool gzip_begun;
};

struct profile_label {
	const char *key, *value; /* of any bytes; they are escaped */
};

struct profile_facts {
	struct {
		const char *type, *unit;
	} values[PROFILE_VALUES];
	const char *main_type; /* which of these is shown first */
	uint64_t time;	       /* ns since 1970 */
	uint64_t duration;     /* ns; 0: not known */
	const char *comment;
};

int profile_init(struct profile *profile, const struct catalog *catalog, struct error *err);
void profile_fini(struct profile *profile);
/* The location of a stack's frame: its name, and with places its lines. */
int profile_frame(struct profile *profile, uint64_t address, uint32_t *number, struct error *err);
/* A location that is called so. */
int profile_location(struct profile *profile, uint64_t address, const char *name, uint32_t *number,
		     struct error *err);
/* Locations innermost first, KMN_MAX_FRAMES at most. Values are added to those of its like. */
int profile_add(struct profile *profile, const uint32_t *locations, size_t n,
		const struct profile_label *labels, size_t n_labels,
		const uint64_t values[PROFILE_VALUES], struct error *err);
/* Once, at the end. The output is not flushed. */
int profile_write(struct profile *profile, const struct profile_facts *facts, struct output *output,
		  struct error *err);

#endif
