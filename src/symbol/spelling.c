/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/spelling.h"

#include <string.h>

#define LONGEST 128

struct core {
	const char *start;
	size_t length;
};

static bool drop_prefix(struct core *core, const char *prefix)
{
	size_t n = strlen(prefix);

	if (core->length <= n || strncmp(core->start, prefix, n))
		return false;
	core->start += n;
	core->length -= n;
	return true;
}

static bool drop_suffix(struct core *core, const char *suffix)
{
	size_t n = strlen(suffix);

	if (core->length <= n || strncmp(core->start + core->length - n, suffix, n))
		return false;
	core->length -= n;
	return true;
}

/* A name without what a rename mostly adds or drops. */
static struct core find_core(const char *name)
{
	static const char *const prefixes[] = {"__x64_sys_", "__ia32_sys_", "__arm64_sys_",
					       "__se_sys_",  "__do_sys_",   "ksys_",
					       "sys_",	     "_",	    "do_"};
	static const char *const suffixes[] = {"_noprof", "_prof",   "_node",
					       "_impl",	  "_common", "_"};
	struct core core = {name, strcspn(name, ".")};
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
			again |= drop_prefix(&core, prefixes[i]);
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
			again |= drop_suffix(&core, suffixes[i]);
	}
	return core;
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: the classic table, of which three rows are kept. */
static unsigned edit_distance(const char *a, size_t n, const char *b, size_t m, unsigned limit)
{
	unsigned rows[3][LONGEST + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	if (n > LONGEST || m > LONGEST || (n > m ? n - m : m - n) >= limit)
		return limit;
	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned best = row[0] = (unsigned)i;
		unsigned *spare = before;

		for (size_t j = 1; j <= m; j++) {
			unsigned cost = a[i - 1] != b[j - 1];

			row[j] = smaller(smaller(last[j], row[j - 1]) + 1, last[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], before[j - 2] + 1);
			best = smaller(best, row[j]);
		}
		if (best >= limit)
			return limit;
		before = last;
		last = row;
		row = spare;
	}
	return smaller(last[m], limit);
}

unsigned spelling_distance(const char *a, const char *b, unsigned limit)
{
	struct core core_a = find_core(a), core_b = find_core(b);

	if (!limit)
		return 0;
	if (core_a.length == core_b.length && !memcmp(core_a.start, core_b.start, core_a.length))
		return 0;
	return smaller(1 + edit_distance(a, strlen(a), b, strlen(b), limit - 1), limit);
}

void spelling_init(struct spelling *spelling, const char *name)
{
	*spelling = (struct spelling){.name = name};
}

/* One typing error in five characters, three at most. */
static unsigned furthest(const char *name)
{
	size_t changes = strlen(name) / 5;

	return 1 + (unsigned)(changes < 1 ? 1 : changes > 3 ? 3 : changes);
}

void spelling_offer(struct spelling *spelling, const char *candidate)
{
	unsigned distance =
		spelling_distance(spelling->name, candidate, furthest(spelling->name) + 1);
	size_t at;

	if (distance > furthest(spelling->name))
		return;
	for (size_t i = 0; i < spelling->count; i++)
		if (!strcmp(spelling->best[i].name, candidate))
			return;
	for (at = spelling->count; at > 0; at--) {
		unsigned other = spelling->best[at - 1].distance;

		if (other < distance ||
		    (other == distance && strcmp(spelling->best[at - 1].name, candidate) <= 0))
			break;
	}
	if (at == SPELLING_MOST)
		return;
	if (spelling->count < SPELLING_MOST)
		spelling->count++;
	for (size_t i = spelling->count - 1; i > at; i--)
		spelling->best[i] = spelling->best[i - 1];
	spelling->best[at].name = candidate;
	spelling->best[at].distance = distance;
}
