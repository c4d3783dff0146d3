// SPDX-License-Identifier: GPL-2.0-only
#define KMN_DIGIT '7'
#include "kmn_caller.h"

MODULE_DESCRIPTION("Kapimon sample: one of two callers of kmn_callee");
