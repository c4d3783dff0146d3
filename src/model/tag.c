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

size_t tag_of_pool(uint32_t tag, char text[5])
{
	size_t length = 4;

	tag &= ~TAG_PROTECTED_POOL;
	for (int i = 0; i < 4; i++) {
		char c = (char)(tag >> 8 * i);

		text[i] = c >= ' ' && c < 0x7f ? c : '.';
	}
	while (length > 1 && text[length - 1] == ' ')
		length--;
	text[length] = '\0';
	return length;
}
