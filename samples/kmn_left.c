// SPDX-License-Identifier: GPL-2.0-only
#define KMN_FILE_TYPE FT_REG_FILE
#define KMN_ENTRY_TYPE DT_REG
#include "kmn_caller.h"

MODULE_DESCRIPTION("Kapimon sample: one of two callers of kmn_callee");
