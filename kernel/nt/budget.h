/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many calls of a hook may be recorded in a second. No OS, any IRQL. */
#ifndef NT_BUDGET_H
#define NT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget {
	uint64_t state;	    /* the second (32 bits), calls in it (31), suspended in it */
	uint64_t suspended; /* calls since the hook was suspended */
};

enum budget_verdict {
	BUDGET_GO,
	BUDGET_RESUME,	/* go, the first after a suspension */
	BUDGET_SUSPEND, /* no, the first that is too much */
	BUDGET_NO,
};

/* time in ns; limit: calls in a second, 0 for any number. */
enum budget_verdict budget_take(struct budget *budget, uint64_t time, uint32_t limit);

#endif
