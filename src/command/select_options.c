/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/select_options.h"

#include <ctype.h>
#include <string.h>

#include "session/filtered_source.h"
#include "source/capture_source.h"

void select_init(struct select *select)
{
	*select = (struct select){0};
}

void select_fini(struct select *select)
{
	filter_destroy(select->filter);
	text_fini(&select->modules);
}

bool select_is_option(int id)
{
	return id >= SELECT_FILTER && id < SELECT_END;
}

static int add(struct select *select, const char *expression, struct error *err)
{
	if (!select->filter)
		select->filter = filter_create();
	if (!select->filter)
		return error_no_memory(err);
	return filter_add(select->filter, expression, err);
}

static void add_quoted(struct text *out, const char *string)
{
	text_add_char(out, '"');
	for (; *string; string++) {
		if (*string == '"' || *string == '\\')
			text_add_char(out, '\\');
		text_add_char(out, *string);
	}
	text_add_char(out, '"');
}

/* "0,2-3" as "0, 2..3"; what else is wrong with it the filter's parser finds. */
static int add_list(struct text *out, const char *list, struct error *err)
{
	bool digit = false;

	for (const char *p = list; *p; p++) {
		bool separates = *p == ',' || *p == '-';

		if ((!isdigit((unsigned char)*p) && !separates) || (separates && !digit))
			return error_usage(err, "'%s' is not a list of numbers such as 0,2-3",
					   list);
		digit = !separates;
		if (*p == '-')
			text_add(out, "..");
		else
			text_add_char(out, *p);
	}
	if (!digit)
		return error_usage(err, "'%s' is not a list of numbers such as 0,2-3", list);
	return 0;
}

/* The classic's rule, as a glob: what is missing at the end is any, and a blank any character. */
static void add_tag(struct text *out, const char *tag)
{
	struct text glob = TEXT_INIT;
	size_t length = strlen(tag);

	if (strpbrk(tag, "*?[")) {
		add_quoted(out, tag);
		return;
	}
	while (length && tag[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < length; i++)
		text_add_char(&glob, tag[i] == ' ' ? '?' : tag[i]);
	text_add_char(&glob, '*');
	add_quoted(out, text_string(&glob));
	out->failed |= glob.failed;
	text_fini(&glob);
}

static int expression(int id, const char *value, struct text *out, struct error *err)
{
	switch (id) {
	case SELECT_API:
		text_add(out, "api ~ ");
		add_quoted(out, value);
		return 0;
	case SELECT_FROM:
	case SELECT_TO:
		text_add(out, id == SELECT_FROM ? "time >= " : "time < ");
		/* A date and a time with a blank between them need quotes. */
		if (strchr(value, ':'))
			add_quoted(out, value);
		else
			text_add(out, value);
		return 0;
	case SELECT_CPU:
	case SELECT_PID:
		text_add(out, id == SELECT_CPU ? "cpu in (" : "pid in (");
		if (add_list(out, value, err))
			return -1;
		text_add_char(out, ')');
		return 0;
	case SELECT_TAG:
		text_add(out, "tag ~ ");
		add_tag(out, value);
		return 0;
	default:
		text_add(out, "not stack has ");
		add_quoted(out, value);
		return 0;
	}
}

int select_set_option(struct select *select, int id, const char *value, struct error *err)
{
	struct text text = TEXT_INIT;
	int status;

	if (id == SELECT_FILTER)
		return add(select, value, err);
	if (id == SELECT_ONLY) {
		/* One of several is enough: they are put together when all are known. */
		text_add(&select->modules, select->modules.length ? " or " : "");
		text_add(&select->modules, "stack has ");
		add_quoted(&select->modules, value);
		return text_failed(&select->modules) ? error_no_memory(err) : 0;
	}
	status = expression(id, value, &text, err);
	if (!status)
		status = text_failed(&text) ? error_no_memory(err)
					    : add(select, text_string(&text), err);
	text_fini(&text);
	return status;
}

/* Names that mean nothing are told by whoever filters. */
static int pass_over(struct filter *filter, struct source *capture, struct error *err)
{
	uint64_t time;

	if (filter_bind(filter, capture->ops->catalog(capture), false, err))
		return -1;
	if (!filter_earliest(filter, &time))
		return 0;
	return capture_source_seek(capture, time, err) < 0 ? -1 : 0;
}

struct source *select_source(struct select *select, struct source *capture, struct error *err)
{
	struct filter *filter;

	if ((select->modules.length && add(select, text_string(&select->modules), err)) ||
	    (select->filter && pass_over(select->filter, capture, err))) {
		capture->ops->close(capture);
		return NULL;
	}
	filter = select->filter;
	if (!filter)
		return capture;
	select->filter = NULL;
	return filtered_source_create(capture, filter, err);
}
