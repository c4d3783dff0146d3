// SPDX-License-Identifier: GPL-2.0-only
#include "kmn_dups_a.h"

static KMN_TRACED int kmn_dup(struct kmn_count *count)
{
	KMN_CALLED(*count);
	return 2;
}

void kmn_dups_a_call_other(struct kmn_count *count)
{
	kmn_dup(count);
}
