/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of generated functions with arguments that a number stands for, and what they return. */
#ifndef HOOK_GENERATED_CALLS_H
#define HOOK_GENERATED_CALLS_H

#include "generated.h"

#define MAX_ARGUMENTS 10

struct generated_call {
	word arguments[MAX_ARGUMENTS];
	long double x, y;
};

struct generated_result {
	union {
		word words[5];
		quad quad;
		double as_double;
		float as_float;
	};
};

void generated_call_make(struct generated_call *call, unsigned number);
void generated_call(const struct generated *generated, const struct generated_call *call,
		    struct generated_result *result);

#endif
