/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text is a session file or a mistake that is told; one that is a session file says the same
 * when it is printed and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void print(const char *text, struct text *printed)
{
	struct error err = {0};
	struct spec spec;

	spec_init(&spec);
	if (spec_parse(&spec, text, &err))
		abort();
	spec_print(&spec, printed);
	spec_fini(&spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct text first = TEXT_INIT, second = TEXT_INIT;
	char *text = malloc(size + 1);
	struct error err = {0};
	struct spec spec;

	if (!text)
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	spec_init(&spec);
	if (spec_parse(&spec, text, &err)) {
		if (!err.message[0])
			abort();
	} else {
		print(text, &first);
		print(text_string(&first), &second);
		if (strcmp(text_string(&first), text_string(&second)) != 0)
			abort();
	}
	spec_fini(&spec);
	text_fini(&first);
	text_fini(&second);
	free(text);
	return 0;
}
