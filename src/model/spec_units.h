/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The units of sizes and times. Reading is spec_parse_size() and spec_parse_time(); this is the
 * way back, for which the largest unit is taken that leaves no remainder.
 */
#ifndef MODEL_SPEC_UNITS_H
#define MODEL_SPEC_UNITS_H

#include <stdint.h>

#include "base/text.h"

struct spec_unit {
	const char *name;
	uint64_t factor;
};

/* Both end with a NULL name; the first unit has the factor 1. */
extern const struct spec_unit spec_size_units[];
extern const struct spec_unit spec_time_units[];

void spec_unit_print(uint64_t number, const struct spec_unit *units, struct text *out);

#endif
