/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/glob.h"

#include <string.h>

/* The set behind a "[": does it have c? Returns what follows its "]", NULL when there is none. */
static const char *match_set(const char *set, char c, bool *matches)
{
	bool negated = *set == '!' || *set == '^', found = false;
	const char *first = set += negated;

	for (; *set && (*set != ']' || set == first); set++) {
		unsigned char low, high;

		if (*set == '\\' && set[1])
			set++;
		low = high = (unsigned char)*set;
		if (set[1] == '-' && set[2] && set[2] != ']') {
			set += 2;
			if (*set == '\\' && set[1])
				set++;
			high = (unsigned char)*set;
		}
		found |= (unsigned char)c >= low && (unsigned char)c <= high;
	}
	*matches = found != negated;
	return *set ? set + 1 : NULL;
}

/* Does the first of the glob take this character? Returns the rest of the glob, NULL: no. */
static const char *match_one(const char *glob, char c)
{
	const char *rest;
	bool matches;

	switch (*glob) {
	case '?':
		return glob + 1;
	case '[':
		rest = match_set(glob + 1, c, &matches);
		if (rest)
			return matches ? rest : NULL;
		break;
	case '\\':
		if (glob[1])
			glob++;
		break;
	}
	return *glob == c ? glob + 1 : NULL;
}

/*
 * Not fnmatch(): its time may grow exponentially with the stars, and it ends at a NUL. Only the
 * last star has to be tried again, since a shorter match of those before it is as good.
 */
bool glob_matches_bytes(const char *glob, const char *text, size_t length)
{
	/* Where to go on when it does not fit: behind the last star, one character later. */
	const char *star = NULL, *from = NULL, *end = text + length;

	while (text < end) {
		const char *rest = *glob && *glob != '*' ? match_one(glob, *text) : NULL;

		if (*glob == '*') {
			star = ++glob;
			from = text;
		} else if (rest) {
			glob = rest;
			text++;
		} else if (star) {
			glob = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

bool glob_matches(const char *glob, const char *text)
{
	return glob_matches_bytes(glob, text, strlen(text));
}
