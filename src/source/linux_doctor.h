/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this machine's kernel allows, found out by trying: whatever hooking stands on, piece by
 * piece, and in the end a hook of Kapimon's own on a function that nobody needs. Nothing stays
 * behind.
 */
#ifndef SOURCE_LINUX_DOCTOR_H
#define SOURCE_LINUX_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "model/finding.h"

struct linux_diagnosis {
	bool hooking;	    /* it works */
	size_t n_not_ok;    /* findings that are not FINDING_OK */
	char obstacle[440]; /* the first finding that is in the way; "" with hooking */
};

/* tell is called with each finding as it is made: one may take seconds. */
void linux_doctor_run(void (*tell)(void *context, const struct finding *finding), void *context,
		      struct linux_diagnosis *diagnosis);

#endif
