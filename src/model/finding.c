/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/finding.h"

#include <stdio.h>

const char *finding_state_name(enum finding_state state)
{
	static const char *const names[] = {
#define FINDING_NAME(symbol, text) [FINDING_##symbol] = text,
		FINDING_STATES(FINDING_NAME)
#undef FINDING_NAME
	};

	return names[state];
}

void finding_set(struct finding *finding, enum finding_state state, const char *format, ...)
{
	va_list args;

	finding->state = state;
	va_start(args, format);
	vsnprintf(finding->fact, sizeof(finding->fact), format, args);
	va_end(args);
}

void finding_remedy(struct finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->remedy, sizeof(finding->remedy), format, args);
	va_end(args);
}
