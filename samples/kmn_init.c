// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module whose work is all done in its init function, to prove that a module is seen from its
 * first instruction on: init calls one function of its init text and one of its ordinary text, each
 * `calls` times. With fail=1 it then refuses to be loaded, as a driver without its device does.
 */
#include "kmn_sample.h"

static bool fail;
module_param(fail, bool, 0400);
MODULE_PARM_DESC(fail, "refuse to load, with -EINVAL");

static int calls = 3;
module_param(calls, int, 0400);
MODULE_PARM_DESC(calls, "how often the init function calls its helpers");

static KMN_TRACED int kmn_init_helper(int step, const char *name)
{
	return step * 10;
}

static KMN_TRACED int __init kmn_init_early(int step)
{
	return step * 100;
}

static KMN_TRACED int __init kmn_init_start(void)
{
	for (int step = 1; step <= calls; step++) {
		kmn_init_early(step);
		kmn_init_helper(step, "helper");
	}
	return fail ? -EINVAL : 0;
}

static void __exit kmn_init_stop(void)
{
}

module_init(kmn_init_start);
module_exit(kmn_init_stop);
MODULE_DESCRIPTION("Kapimon sample: works in its init function");
MODULE_LICENSE("GPL");
