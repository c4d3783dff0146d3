/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int color_when_parse(const char *text, enum color_when *when, struct error *err)
{
	if (!text || !strcmp(text, "always")) {
		*when = COLOR_ALWAYS;
	} else if (!strcmp(text, "auto")) {
		*when = COLOR_AUTO;
	} else if (!strcmp(text, "never")) {
		*when = COLOR_NEVER;
	} else {
		error_usage(err, "'%s' does not say when", text);
		return error_hint(err, "expected auto, always or never");
	}
	return 0;
}

bool color_wanted(enum color_when when, FILE *out)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	return isatty(fileno(out)) && !(none && *none) && !(terminal && !strcmp(terminal, "dumb"));
}

unsigned terminal_width(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size))
		return 0;
	return size.ws_col;
}
