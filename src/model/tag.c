/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/tag.h"

#include <string.h>

bool tag_matches(const char *wanted, const char *tag)
{
	size_t length = strlen(wanted);

	/* Blanks at the end ask for nothing: a shorter tag is as good. */
	while (length && wanted[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < length; i++)
		if (!tag[i] || (wanted[i] != ' ' && wanted[i] != tag[i]))
			return false;
	return true;
}
