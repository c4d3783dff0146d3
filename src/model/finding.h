/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A finding: what one check of this machine came to. "kapimon doctor" prints them, one after the
 * other. The fact says how it is; the remedy, where there is something to do or to know, what
 * follows from it.
 */
#ifndef MODEL_FINDING_H
#define MODEL_FINDING_H

#include "base/error.h"

/* X(symbol, text) */
#define FINDING_STATES(X)                                                                          \
	X(OK, "ok")                                                                                \
	X(PART, "part") /* it works, but not in full, or it can't be told */                       \
	X(NO, "no")

enum finding_state {
#define FINDING_ENUM(symbol, text) FINDING_##symbol,
	FINDING_STATES(FINDING_ENUM)
#undef FINDING_ENUM
};

struct finding {
	const char *name; /* of the check; not owned */
	enum finding_state state;
	char fact[400];
	char remedy[400]; /* "" when there is nothing to advise */
};

const char *finding_state_name(enum finding_state state);
void finding_set(struct finding *finding, enum finding_state state, const char *format, ...)
	BASE_PRINTF(3, 4);
void finding_remedy(struct finding *finding, const char *format, ...) BASE_PRINTF(2, 3);

#endif
