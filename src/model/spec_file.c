/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spec as text: a session file, one setting a line. */
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "model/spec.h"
#include "model/spec_units.h"

#define MAX_STRING_LENGTH 255 /* what the kernel side can copy at once */

enum setting_form {
	SETTING_HOOK, /* offset is a set of HOOK_* instead */
	SETTING_YES_NO,
	SETTING_EXACT,
	SETTING_NAMES,
	SETTING_PID,
	SETTING_PATH,
	SETTING_TIME,
	SETTING_COUNT,
	SETTING_SIZE,
	SETTING_LENGTH,
};

#define HOOK_RETURNS 1
#define HOOK_ON_LOAD 2

struct setting {
	const char *name;
	const char *value; /* what is expected behind the name */
	enum setting_form form;
	size_t offset; /* of the field in struct spec */
};

#define FIELD(name) offsetof(struct spec, name)

/* In the order in which they are printed. */
static const struct setting settings[] = {
	{"hook", "FUNCTION", SETTING_HOOK, 0},
	{"hook-return", "FUNCTION", SETTING_HOOK, HOOK_RETURNS},
	{"on-load", "MODULE[:GLOB]", SETTING_HOOK, HOOK_ON_LOAD},
	{"on-load-return", "MODULE[:GLOB]", SETTING_HOOK, HOOK_ON_LOAD | HOOK_RETURNS},
	{"any-symbol", "yes or no", SETTING_YES_NO, FIELD(any_symbol)},
	{"exact", "auto, yes or no", SETTING_EXACT, FIELD(exact)},
	{"stacks", "yes or no", SETTING_YES_NO, FIELD(stacks)},
	{"verify-stacks", "yes or no", SETTING_YES_NO, FIELD(verify_stacks)},
	{"exclude-module", "MODULE", SETTING_NAMES, FIELD(exclude_modules)},
	{"only-module", "MODULE", SETTING_NAMES, FIELD(only_modules)},
	{"comm", "NAME", SETTING_NAMES, FIELD(comms)},
	{"pid", "a process number", SETTING_PID, FIELD(pids)},
	{"children", "yes or no", SETTING_YES_NO, FIELD(children)},
	{"cgroup", "the path of a cgroup", SETTING_PATH, FIELD(cgroup)},
	{"errors", "yes or no", SETTING_YES_NO, FIELD(errors)},
	{"longer-than", "a time, such as 20ms", SETTING_TIME, FIELD(longer_than)},
	{"where", "a comparison, such as fd > 2", SETTING_NAMES, FIELD(where)},
	{"filter", "an expression, such as errno == ENOENT", SETTING_NAMES, FIELD(filters)},
	{"limit-rate", "calls per second", SETTING_COUNT, FIELD(limit_rate)},
	{"count", "a number of calls", SETTING_COUNT, FIELD(count)},
	{"buffer", "a size, such as 8M", SETTING_SIZE, FIELD(buffer)},
	{"string-length", "bytes, 1 to 255", SETTING_LENGTH, FIELD(string_length)},
	{"memory", "yes or no", SETTING_YES_NO, FIELD(memory)},
	{"memory-log", "yes or no", SETTING_YES_NO, FIELD(memory_log)},
	{"memory-blocks", "a number of blocks", SETTING_COUNT, FIELD(memory_blocks)},
};

#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

/*
 * A value that is not quoted as a whole ends before a comment, a "#" after a blank or at the
 * start; one between quotes within the value, as in: where name == "a #b", begins none.
 */
static size_t bare_length(const char *text)
{
	bool quoted = false;
	size_t end = 0;

	for (size_t i = 0; text[i]; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted && text[i] == '\\' && text[i + 1])
			i++;
		else if (!quoted && text[i] == '#' && (!i || is_blank(text[i - 1])))
			break;
		if (!is_blank(text[i]))
			end = i + 1;
	}
	return end;
}

static int quoted_parse(const char *text, struct text *value, struct error *err)
{
	const char *p = text + 1;

	for (; *p && *p != '"'; p++) {
		if (*p != '\\') {
			text_add_char(value, *p);
			continue;
		}
		p++;
		if (*p != '\\' && *p != '"' && *p != 'n')
			return error_usage(err, "in quotes, only \\\\, \\\" and \\n may "
						"follow a backslash");
		text_add_char(value, *p == 'n' ? '\n' : *p);
	}
	if (!*p)
		return error_usage(err, "the closing quote is missing in %s", text);
	p = skip_blanks(p + 1);
	if (*p && *p != '#')
		return error_usage(err, "there is more behind the closing quote: %s", p);
	return 0;
}

static void value_print(const char *value, struct text *out)
{
	if (*value && *value != '"' && !is_blank(*value) && !strchr(value, '\n') &&
	    bare_length(value) == strlen(value)) {
		text_add(out, value);
		return;
	}
	text_add_char(out, '"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			text_add_char(out, '\\');
		if (*value == '\n')
			text_add(out, "\\n");
		else
			text_add_char(out, *value);
	}
	text_add_char(out, '"');
}

static int expected(const struct setting *setting, const char *value, struct error *err)
{
	if (*value)
		return error_usage(err, "'%s' is followed by '%s', expected %s", setting->name,
				   value, setting->value);
	return error_usage(err, "'%s' lacks its value, expected %s", setting->name, setting->value);
}

static int number_parse(const struct setting *setting, const char *value, uint64_t max,
			uint64_t *number, struct error *err)
{
	uint64_t n = 0;

	for (const char *p = value; *p || p == value; p++) {
		unsigned int digit = (unsigned int)*p - '0';

		if (digit > 9 || n > (max - digit) / 10)
			return expected(setting, value, err);
		n = n * 10 + digit;
	}
	*number = n;
	return 0;
}

static int exact_parse(const struct setting *setting, const char *value, enum spec_exact *exact,
		       struct error *err)
{
	if (!strcmp(value, "auto"))
		*exact = SPEC_EXACT_AUTO;
	else if (!strcmp(value, "yes"))
		*exact = SPEC_EXACT_YES;
	else if (!strcmp(value, "no"))
		*exact = SPEC_EXACT_NO;
	else
		return expected(setting, value, err);
	return 0;
}

static int path_parse(const char *value, char **path, struct error *err)
{
	size_t size = strlen(value) + 1;
	char *copy = malloc(size);

	if (!copy)
		return error_no_memory(err);
	memcpy(copy, value, size);
	free(*path);
	*path = copy;
	return 0;
}

static int setting_parse(struct spec *spec, const struct setting *setting, const char *value,
			 struct error *err)
{
	void *field = (char *)spec + setting->offset;
	uint64_t number;

	if (!*value)
		return expected(setting, value, err);
	switch (setting->form) {
	case SETTING_HOOK:
		return spec_add_hook(spec, value, setting->offset & HOOK_RETURNS,
				     setting->offset & HOOK_ON_LOAD, err);
	case SETTING_YES_NO:
		if (strcmp(value, "yes") && strcmp(value, "no"))
			return expected(setting, value, err);
		*(bool *)field = !strcmp(value, "yes");
		return 0;
	case SETTING_EXACT:
		return exact_parse(setting, value, field, err);
	case SETTING_NAMES:
		return spec_names_add(field, value, err);
	case SETTING_PID:
		if (number_parse(setting, value, INT32_MAX, &number, err))
			return -1;
		return spec_add_pid(spec, (uint32_t)number, err);
	case SETTING_PATH:
		return path_parse(value, field, err);
	case SETTING_TIME:
		return spec_parse_time(value, field, err);
	case SETTING_COUNT:
		return number_parse(setting, value, UINT64_MAX, field, err);
	case SETTING_SIZE:
		if (spec_parse_size(value, &number, err))
			return -1;
		if (!number)
			return expected(setting, value, err);
		*(uint64_t *)field = number;
		return 0;
	case SETTING_LENGTH:
		if (number_parse(setting, value, MAX_STRING_LENGTH, &number, err))
			return -1;
		if (!number)
			return expected(setting, value, err);
		*(uint32_t *)field = (uint32_t)number;
		return 0;
	}
	return expected(setting, value, err);
}

static int unknown_setting(const char *name, struct error *err)
{
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (size_t i = 0; i < N_SETTINGS; i++)
		nearest_offer(&nearest, settings[i].name);
	error_usage(err, "there is no setting '%s'", name);
	if (nearest.best)
		return error_hint(err, "did you mean '%s'?", nearest.best);
	return error_hint(err, "expected a setting such as hook, hook-return, where or buffer");
}

static int words_parse(struct spec *spec, const char *line, struct text *name, struct text *value,
		       struct error *err)
{
	const char *p = skip_blanks(line), *begin = p;

	if (!*p || *p == '#')
		return 0;
	while (*p && !is_blank(*p))
		p++;
	text_add_bytes(name, begin, (size_t)(p - begin));
	p = skip_blanks(p);
	text_add(value, "");
	if (*p != '"')
		text_add_bytes(value, p, bare_length(p));
	else if (quoted_parse(p, value, err))
		return -1;
	if (text_failed(name) || text_failed(value))
		return error_no_memory(err);
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (!strcmp(settings[i].name, text_string(name)))
			return setting_parse(spec, &settings[i], text_string(value), err);
	return unknown_setting(text_string(name), err);
}

int spec_parse_line(struct spec *spec, const char *line, struct error *err)
{
	struct text name = TEXT_INIT, value = TEXT_INIT;
	int status = words_parse(spec, line, &name, &value, err);

	text_fini(&name);
	text_fini(&value);
	return status;
}

static int lines_parse(struct spec *spec, const char *file, struct error *err)
{
	struct text line = TEXT_INIT;
	unsigned int number = 0;
	int status = 0;

	while (*file && !status) {
		size_t length = strcspn(file, "\n");

		number++;
		text_clear(&line);
		text_add_bytes(&line, file, length);
		if (text_failed(&line))
			status = error_no_memory(err);
		else if (spec_parse_line(spec, text_string(&line), err))
			status = error_prefix(err, "line %u", number);
		file += length + (file[length] == '\n');
	}
	text_fini(&line);
	return status;
}

int spec_parse(struct spec *spec, const char *text, struct error *err)
{
	struct spec changed;

	/* A mistake further down must leave the spec as it was. */
	if (spec_copy(&changed, spec, err))
		return -1;
	if (lines_parse(&changed, text, err)) {
		spec_fini(&changed);
		return -1;
	}
	spec_fini(spec);
	*spec = changed;
	return 0;
}

static void line_print(const struct setting *setting, const char *value, struct text *out)
{
	text_add(out, setting->name);
	text_add_char(out, ' ');
	value_print(value, out);
	text_add_char(out, '\n');
}

/* In the order in which they were given, so that they get the same numbers again. */
static void hooks_print(const struct spec *spec, struct text *out)
{
	for (size_t i = 0; i < spec->n_hooks; i++) {
		const struct spec_hook *hook = &spec->hooks[i];
		size_t set =
			(hook->returns ? HOOK_RETURNS : 0) | (hook->on_load ? HOOK_ON_LOAD : 0);

		for (size_t k = 0; k < N_SETTINGS; k++)
			if (settings[k].form == SETTING_HOOK && settings[k].offset == set)
				line_print(&settings[k], hook->pattern, out);
	}
}

static void unit_line_print(const struct setting *setting, uint64_t number,
			    const struct spec_unit *units, struct text *out)
{
	text_addf(out, "%s ", setting->name);
	spec_unit_print(number, units, out);
	text_add_char(out, '\n');
}

/* `plain` is a spec as it comes from spec_init(): what is the same there is not worth a line. */
static void setting_print(const struct spec *spec, const struct spec *plain,
			  const struct setting *setting, struct text *out)
{
	static const char *const exact[] = {"auto", "yes", "no"};
	const void *field = (const char *)spec + setting->offset;
	const void *usual = (const char *)plain + setting->offset;
	const struct spec_names *names = field;

	switch (setting->form) {
	case SETTING_HOOK:
		break;
	case SETTING_YES_NO:
		if (*(const bool *)field != *(const bool *)usual)
			line_print(setting, *(const bool *)field ? "yes" : "no", out);
		break;
	case SETTING_EXACT:
		if (spec->exact != plain->exact)
			line_print(setting, exact[spec->exact], out);
		break;
	case SETTING_NAMES:
		for (size_t i = 0; i < names->count; i++)
			line_print(setting, names->names[i], out);
		break;
	case SETTING_PID:
		for (size_t i = 0; i < spec->n_pids; i++)
			text_addf(out, "%s %u\n", setting->name, spec->pids[i]);
		break;
	case SETTING_PATH:
		if (spec->cgroup)
			line_print(setting, spec->cgroup, out);
		break;
	case SETTING_TIME:
		if (*(const uint64_t *)field != *(const uint64_t *)usual)
			unit_line_print(setting, *(const uint64_t *)field, spec_time_units, out);
		break;
	case SETTING_COUNT:
		if (*(const uint64_t *)field != *(const uint64_t *)usual)
			text_addf(out, "%s %llu\n", setting->name,
				  (unsigned long long)*(const uint64_t *)field);
		break;
	/* Always told, so that a capture can be run again when the default has changed. */
	case SETTING_SIZE:
		unit_line_print(setting, *(const uint64_t *)field, spec_size_units, out);
		break;
	case SETTING_LENGTH:
		text_addf(out, "%s %u\n", setting->name, *(const uint32_t *)field);
		break;
	}
}

void spec_print(const struct spec *spec, struct text *out)
{
	struct spec plain;

	spec_init(&plain);
	hooks_print(spec, out);
	for (size_t i = 0; i < N_SETTINGS; i++)
		setting_print(spec, &plain, &settings[i], out);
}
