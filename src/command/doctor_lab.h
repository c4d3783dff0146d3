/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doctor's checks of what "kapimon lab" needs. */
#ifndef COMMAND_DOCTOR_LAB_H
#define COMMAND_DOCTOR_LAB_H

#include "model/finding.h"

enum doctor_lab {
	DOCTOR_LAB_RUNS,
	DOCTOR_LAB_LACKS,  /* something that can be installed */
	DOCTOR_LAB_INSIDE, /* this is one: nothing was checked */
};

/* tell is called with each finding. */
enum doctor_lab doctor_lab_run(void (*tell)(void *context, const struct finding *finding),
			       void *context);

#endif
