/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of hooks that waited for their drivers, told at the end. */
#ifndef WINDOWS_AWAITED_H
#define WINDOWS_AWAITED_H

#include <nt/ioctl.h>
#include <stdio.h>

#include "model/api.h"

/* A line for each driver, and one for each hook that was not put in although it came. */
void awaited_tell(const struct trace_awaited *awaited, size_t n, const struct api_table *apis,
		  FILE *to);

#endif
