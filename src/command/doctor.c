/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon doctor: what this machine allows, and what to do where it doesn't. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "command/command.h"
#include "command/doctor_lab.h"
#include "command/options.h"
#include "command/terminal.h"
#include "source/linux_doctor.h"
#include "view/color.h"
#include "view/escape.h"

#define STATE_WIDTH 6
#define NAME_WIDTH 15

enum option { OPTION_JSON, OPTION_COLOR };

static const struct option_row rows[] = {
	{'j', "json", NULL, "print JSON, one object a line", OPTION_JSON},
	{0, "color", "[WHEN]", "use color: auto (on a terminal), always or never", OPTION_COLOR},
};

struct doctor_options {
	bool json;
	enum color_when color_when;
	bool color;
};

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct doctor_options *options = context;

	switch ((enum option)id) {
	case OPTION_JSON:
		options->json = true;
		return 0;
	case OPTION_COLOR:
		return color_when_parse(value, &options->color_when, err);
	}
	return 0;
}

static const struct options table = {
	.usage = "[OPTION]...",
	.summary = "Tell what this machine allows and what not, and what to do about it.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

static const char *color_of(enum finding_state state)
{
	return state == FINDING_OK ? COLOR_GREEN : state == FINDING_NO ? COLOR_RED : COLOR_YELLOW;
}

static void line_add(struct text *out, const struct finding *finding, bool color)
{
	size_t from;

	text_add(out, color ? color_of(finding->state) : "");
	from = out->length;
	text_add(out, finding_state_name(finding->state));
	text_pad(out, from, STATE_WIDTH);
	text_add(out, color ? COLOR_OFF : "");
	from = out->length;
	text_add(out, finding->name);
	text_pad(out, from, NAME_WIDTH);
	escape_print(out, finding->fact, strlen(finding->fact), 0);
	text_add_char(out, '\n');
	if (!finding->remedy[0])
		return;
	text_pad(out, out->length, STATE_WIDTH + NAME_WIDTH + 2);
	escape_print(out, finding->remedy, strlen(finding->remedy), 0);
	text_add_char(out, '\n');
}

static void member_add(struct text *out, const char *name, const char *value)
{
	text_addf(out, "%c\"%s\":", out->length ? ',' : '{', name);
	escape_json(out, value, strlen(value));
}

static void json_add(struct text *out, const struct finding *finding)
{
	member_add(out, "check", finding->name);
	member_add(out, "state", finding_state_name(finding->state));
	member_add(out, "fact", finding->fact);
	if (finding->remedy[0])
		member_add(out, "remedy", finding->remedy);
	text_add(out, "}\n");
}

static void print_text(struct text *out)
{
	fputs(text_string(out), stdout);
	/* The next check may take a while. */
	fflush(stdout);
	text_fini(out);
}

static void print_finding(void *context, const struct finding *finding)
{
	const struct doctor_options *options = context;
	struct text out = TEXT_INIT;

	if (options->json)
		json_add(&out, finding);
	else
		line_add(&out, finding, options->color);
	print_text(&out);
}

static void verdict_make(const struct linux_diagnosis *diagnosis, enum doctor_lab lab,
			 struct text *verdict)
{
	static const char *const advice[] = {
		[DOCTOR_LAB_RUNS] = " Use \"kapimon lab\".",
		[DOCTOR_LAB_LACKS] = " Use \"kapimon lab\", once what it lacks is installed.",
		[DOCTOR_LAB_INSIDE] = "",
	};

	if (diagnosis->hooking) {
		text_add(verdict, "Hooking works here.");
		if (diagnosis->n_not_ok)
			text_addf(verdict, " Not ok: %zu, each with what it costs.",
				  diagnosis->n_not_ok);
		return;
	}
	text_addf(verdict, "Hooking does not work here: %s.%s", diagnosis->obstacle, advice[lab]);
}

static void print_verdict(const struct doctor_options *options,
			  const struct linux_diagnosis *diagnosis, enum doctor_lab lab)
{
	struct text verdict = TEXT_INIT, out = TEXT_INIT;

	verdict_make(diagnosis, lab, &verdict);
	if (options->json) {
		text_addf(&out, "{\"hooking\":%s,\"lab\":%s,\"verdict\":",
			  diagnosis->hooking ? "true" : "false",
			  lab == DOCTOR_LAB_RUNS ? "true" : "false");
		escape_json(&out, text_string(&verdict), verdict.length);
		text_add(&out, "}\n");
	} else {
		escape_print(&out, text_string(&verdict), verdict.length, 0);
		text_add_char(&out, '\n');
	}
	out.failed |= verdict.failed;
	print_text(&out);
	text_fini(&verdict);
}

int command_doctor(int argc, char **argv, struct error *err)
{
	struct doctor_options options = {0};
	struct linux_diagnosis diagnosis;
	struct options_rest rest;
	int status = options_parse(&table, argc, argv, &options, &rest, err);
	enum doctor_lab lab;

	if (status)
		return status < 0 ? -1 : STATUS_OK;
	if (rest.n_arguments || rest.n_behind)
		return error_usage(err, "'%s' is one argument too many",
				   rest.n_arguments ? rest.arguments[0] : rest.behind[0]);
	options.color = color_wanted(options.color_when, stdout);
	linux_doctor_run(print_finding, &options, &diagnosis);
	lab = doctor_lab_run(print_finding, &options);
	print_verdict(&options, &diagnosis, lab);
	if (fflush(stdout) || ferror(stdout))
		return error_set(err, "can't write to standard output");
	return diagnosis.hooking ? STATUS_OK : STATUS_FAILED;
}

const struct options *command_doctor_options(void)
{
	return &table;
}
