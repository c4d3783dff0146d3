/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doctor's checks of what "kapimon lab" needs. */
#ifndef COMMAND_DOCTOR_LAB_H
#define COMMAND_DOCTOR_LAB_H

#include <stdbool.h>

#include "model/finding.h"

/* tell is called with each finding. True when a lab can be run. */
bool doctor_lab_run(void (*tell)(void *context, const struct finding *finding), void *context);

#endif
