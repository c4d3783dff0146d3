/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter/regex.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Behind the set that begins at p. */
static const char *skip_set(const char *p)
{
	p++;
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	while (*p && *p != ']')
		p++;
	return *p ? p + 1 : p;
}

/* regcomp() makes xx* of x+, and so doubles what is repeated already, or a group. */
static bool doubles(const char *text, const char *p)
{
	return *p == '+' && p > text && strchr("+*?})", p[-1]);
}

static const char *check(const char *text)
{
	unsigned long repeats = 1;

	if (strlen(text) > FILTER_MAX_REGEX)
		return "it is too long";
	for (const char *p = text; *p;) {
		if (*p == '[') {
			p = skip_set(p);
			continue;
		}
		/* Going back to a group takes exponential time. */
		if (*p == '\\' && isdigit((unsigned char)p[1]))
			return "\\1 and the like can't be used";
		if (*p == '{') {
			unsigned long most = 1;

			while (*++p && *p != '}') {
				unsigned long count = isdigit((unsigned char)*p)
							      ? strtoul(p, (char **)&p, 10)
							      : 0;

				if (count > most)
					most = count;
				if (*p == '}' || !*p)
					break;
			}
			if (most > FILTER_MAX_REPEATS || repeats * most > FILTER_MAX_REPEATS)
				return "it repeats too much";
			repeats *= most;
			continue;
		}
		if (doubles(text, p) && (repeats *= 2) > FILTER_MAX_REPEATS)
			return "it repeats too much";
		p += *p == '\\' && p[1] ? 2 : 1;
	}
	return NULL;
}

const char *filter_regex_compile(regex_t *regex, const char *text)
{
	static _Thread_local char why[128];
	const char *wrong = check(text);
	int code;

	if (wrong)
		return wrong;
	code = regcomp(regex, text, REG_EXTENDED | REG_NOSUB);
	if (!code)
		return NULL;
	regerror(code, regex, why, sizeof(why));
	return why;
}
