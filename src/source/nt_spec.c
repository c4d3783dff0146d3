/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_spec.h"

#include <stdlib.h>
#include <string.h>

static const char *const changeable[] = {
	"hook",		  "hook-return", "on-load", "on-load-return", "any-symbol",
	"exclude-module", "only-module", "errors",  "limit-rate",     "buffer",
};

static bool may_change(const char *line, size_t length)
{
	for (size_t i = 0; i < sizeof(changeable) / sizeof(changeable[0]); i++) {
		size_t n = strlen(changeable[i]);

		if (n < length && line[n] == ' ' && !strncmp(line, changeable[i], n))
			return true;
	}
	return false;
}

static bool has_line(const char *text, const char *line, size_t length)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n == length && !strncmp(text, line, n))
			return true;
		text += n + (text[n] == '\n');
	}
	return false;
}

/* Settings of one that the other has not, or has with another value. */
static int check_lines(const char *text, const char *other, struct error *err)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (!may_change(text, n) && !has_line(other, text, n)) {
			error_usage(err, "%.*s can't be changed while recording on NT",
				    (int)strcspn(text, " \n"), text);
			return error_hint(err, "hook, hook-return, on-load, on-load-return, "
					       "unhook, any-symbol, exclude-module, "
					       "only-module, errors, limit-rate and buffer can");
		}
		text += n + (text[n] == '\n');
	}
	return 0;
}

int nt_spec_check_change(const struct spec *before, const struct spec *after, struct error *err)
{
	struct text was = TEXT_INIT, is = TEXT_INIT;
	int code;

	spec_print(before, &was);
	spec_print(after, &is);
	if (text_failed(&was) || text_failed(&is)) {
		code = error_no_memory(err);
	} else {
		code = check_lines(text_string(&is), text_string(&was), err);
		if (!code)
			code = check_lines(text_string(&was), text_string(&is), err);
	}
	text_fini(&was);
	text_fini(&is);
	return code;
}
