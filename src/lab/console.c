/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/console.h"

#include <stdio.h>
#include <string.h>

#include "lab/plan.h"

#define LAST_LINES 40

static const char panic_line[] = "Kernel panic - not syncing: ";

static const char init_line[] = PLAN_CONSOLE PLAN_ERROR;

static const char *line_start(const struct text *console, const char *at)
{
	while (at > console->data && at[-1] != '\n')
		at--;
	return at;
}

const char *console_find_trouble(const struct text *console)
{
	static const char *const signs[] = {panic_line,
					    "Oops: ",
					    "BUG: ",
					    "kernel BUG at ",
					    "general protection fault",
					    "blocked for more than",
					    "detected stalls on CPUs",
					    "self-detected stall on CPU"};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		const char *at = strstr(text_string(console), signs[i]);

		if (at && (!first || at < first))
			first = at;
	}
	return first ? line_start(console, first) : NULL;
}

bool console_is_worth_showing(const struct machine_result *result)
{
	if (result->end == MACHINE_SIGNAL)
		return false;
	return result->end != MACHINE_EXIT || console_find_trouble(&result->console);
}

/* The last lines of the kernel, which begin with a time; the firmware's come before them. */
static const char *find_last_lines(const struct text *console)
{
	const char *start = console->data, *from = console->data + console->length;

	for (int lines = 0; from > start && lines <= LAST_LINES; from--)
		lines += from[-1] == '\n';
	while (*from && *from != '[')
		from += strcspn(from, "\n") + (strchr(from, '\n') != NULL);
	return from;
}

void console_show(const struct text *console)
{
	const char *from = console_find_trouble(console);

	if (!from && console->length)
		from = find_last_lines(console);
	if (!from || !*from)
		return;
	fputs("kapimon lab: the guest's kernel says:\n", stderr);
	for (; *from; from++) {
		/* A serial console's lines end with CR LF. */
		if (*from == '\n' || *from == '\t' || (*from >= ' ' && *from < 0x7f))
			fputc(*from, stderr);
	}
	if (from[-1] != '\n')
		fputc('\n', stderr);
}

int console_explain_end(const struct machine_result *result, struct error *err)
{
	const char *panic = strstr(text_string(&result->console), panic_line);
	const char *init = strstr(text_string(&result->console), init_line);
	const char *complaint = text_string(&result->complaints);

	if (panic) {
		panic += strlen(panic_line);
		return error_set(err, "the guest's kernel panicked: %.*s",
				 (int)strcspn(panic, "\r\n"), panic);
	}
	if (!result->alive && *complaint)
		return error_set(err, "QEMU could not run the guest: %.*s",
				 (int)strcspn(complaint, "\n"), complaint);
	if (init) {
		init += strlen(init_line);
		return error_set(err, "the guest could not be set up: %.*s",
				 (int)strcspn(init, "\r\n"), init);
	}
	if (!result->alive) {
		error_set(err, "the guest ended before its init ran");
		return error_hint(err, "-v shows what its kernel prints");
	}
	return error_set(err, "the guest was powered off or reset before the command ended");
}
