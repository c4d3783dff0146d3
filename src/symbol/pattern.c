/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/pattern.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/modules.h"

static bool all_of(const char *string, const char *others)
{
	for (; *string; string++)
		if (!isalnum((unsigned char)*string) && !strchr(others, *string))
			return false;
	return true;
}

static int compile(struct pattern *pattern, struct error *err)
{
	size_t length = strlen(pattern->name);
	char *expression;
	char cause[128];
	int result;

	if (length < 3 || pattern->name[length - 1] != '/')
		return error_usage(err,
				   "\"%s\" is not a regular expression between two slashes: "
				   "/^tcp_/",
				   pattern->name);
	expression = (char *)pattern->name + 1;
	expression[length - 2] = '\0';
	pattern->name = expression;
	result = regcomp(&pattern->regex, expression, REG_EXTENDED | REG_NOSUB);
	if (result) {
		regerror(result, &pattern->regex, cause, sizeof(cause));
		return error_usage(err, "the regular expression /%s/ is wrong: %s", expression,
				   cause);
	}
	return 0;
}

static int parse(struct pattern *pattern, struct error *err)
{
	char *text = pattern->text, *colon = text[0] == '/' ? NULL : strchr(text, ':');

	pattern->name = text;
	if (colon) {
		*colon = '\0';
		pattern->module = text;
		pattern->name = colon + 1;
		if (!*pattern->module || !all_of(pattern->module, "_-"))
			return error_usage(err, "\"%s\" before the colon is not a module's name",
					   pattern->module);
	}
	if (!*pattern->name)
		return error_usage(err,
				   colon ? "no function is named after \"%s:\""
					 : "an empty name stands for no function",
				   text);
	if (pattern->name[0] == '/') {
		pattern->kind = PATTERN_REGEX;
		return compile(pattern, err);
	}
	if (!all_of(pattern->name, "_.$*?[]!^-")) {
		error_usage(err, "\"%s\" is not a function's name", pattern->name);
		return error_hint(err, "give a name, a glob such as tcp_*, MODULE:NAME, or a "
				       "regular expression /^tcp_/");
	}
	if (strpbrk(pattern->name, "*?["))
		pattern->kind = PATTERN_GLOB;
	else
		pattern->kind = PATTERN_NAME;
	return 0;
}

int pattern_parse(const char *text, struct pattern *out, struct error *err)
{
	struct pattern pattern = {.text = strdup(text)};

	if (!pattern.text)
		return error_no_memory(err);
	if (parse(&pattern, err)) {
		free(pattern.text);
		return -1;
	}
	*out = pattern;
	return 0;
}

void pattern_fini(struct pattern *pattern)
{
	if (pattern->kind == PATTERN_REGEX)
		regfree(&pattern->regex);
	free(pattern->text);
	memset(pattern, 0, sizeof(*pattern));
}

bool pattern_matches(const struct pattern *pattern, const char *name)
{
	switch (pattern->kind) {
	case PATTERN_NAME:
		return !strcmp(pattern->name, name);
	case PATTERN_GLOB:
		return fnmatch(pattern->name, name, 0) == 0;
	case PATTERN_REGEX:
		return regexec(&pattern->regex, name, 0, NULL, 0) == 0;
	}
	return false;
}

bool pattern_matches_module(const struct pattern *pattern, const char *module)
{
	if (!pattern->module)
		return true;
	if (module_name_is_kernel(pattern->module))
		return !module;
	return module && module_name_equal(pattern->module, module);
}
