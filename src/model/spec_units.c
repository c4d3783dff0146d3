/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers with a unit: sizes and times, as options and session files give them. */
#include <ctype.h>
#include <string.h>

#include "model/spec.h"
#include "model/spec_units.h"

const struct spec_unit spec_size_units[] = {
	{"", 1},	   {"k", 1ull << 10}, {"M", 1ull << 20},
	{"G", 1ull << 30}, {"T", 1ull << 40}, {NULL, 0},
};

const struct spec_unit spec_time_units[] = {
	{"ns", 1},	    {"us", 1000},	  {"ms", 1000000}, {"s", 1000000000},
	{"m", 60000000000}, {"h", 3600000000000}, {NULL, 0},
};

static bool same_letters(const char *a, const char *b)
{
	while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b))
		a++, b++;
	return *a == *b;
}

/*
 * Digits, at most nine more behind a point, then the unit: *number = digits * unit. Returns NULL
 * when that worked, or what is wrong.
 */
static const char *parse(const char *text, const struct spec_unit *units, uint64_t *number)
{
	const struct spec_unit *unit;
	uint64_t whole = 0, part = 0, scale = 1;
	const char *p = text;

	if (!isdigit((unsigned char)*p))
		return "is not a number";
	for (; isdigit((unsigned char)*p); p++) {
		unsigned int digit = (unsigned int)(*p - '0');

		if (whole > (UINT64_MAX - digit) / 10)
			return "is too large";
		whole = whole * 10 + digit;
	}
	if (*p == '.') {
		for (p++; isdigit((unsigned char)*p) && scale < 1000000000; p++) {
			part = part * 10 + (uint64_t)(*p - '0');
			scale *= 10;
		}
		if (scale == 1)
			return "has no digit after the point";
	}
	for (unit = units; unit->name; unit++)
		if (same_letters(unit->name, p))
			break;
	if (!unit->name)
		return *p ? "has an unknown unit" : "has no unit";
	if (whole > UINT64_MAX / unit->factor)
		return "is too large";
	whole *= unit->factor;
	/* Two steps, so that part * factor can't overflow for the large units. */
	part = unit->factor / scale * part + unit->factor % scale * part / scale;
	if (part > UINT64_MAX - whole)
		return "is too large";
	*number = whole + part;
	return NULL;
}

int spec_parse_size(const char *text, uint64_t *bytes, struct error *err)
{
	const char *wrong = parse(text, spec_size_units, bytes);

	if (!wrong)
		return 0;
	error_usage(err, "the size '%s' %s", text, wrong);
	return error_hint(err, "expected bytes with or without a unit, k, M, G or T: 8M, 64k");
}

int spec_parse_time(const char *text, uint64_t *ns, struct error *err)
{
	const char *wrong = parse(text, spec_time_units, ns);

	if (!wrong)
		return 0;
	if (!strcmp(text, "0")) {
		*ns = 0;
		return 0;
	}
	error_usage(err, "the time '%s' %s", text, wrong);
	return error_hint(err, "expected a number and ns, us, ms, s, m or h: 20ms, 1.5s");
}

void spec_unit_print(uint64_t number, const struct spec_unit *units, struct text *out)
{
	const struct spec_unit *best = units;

	for (const struct spec_unit *unit = units; number && unit->name; unit++)
		if (number % unit->factor == 0)
			best = unit;
	text_addf(out, "%llu%s", (unsigned long long)(number / best->factor), best->name);
}
