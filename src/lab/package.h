/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stock Debian kernels, from their packages: found with apt-cache, fetched with apt-get download,
 * unpacked (never installed) into the cache. What is in the cache is used without asking anybody,
 * so that the lab works without a network from the second time on.
 */
#ifndef LAB_PACKAGE_H
#define LAB_PACKAGE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"

/* "6.1", "6.12-rt", "6.12-cloud": a series and perhaps a flavour. */
bool package_is_series(const char *name);
/* "6.1.0-56-amd64": one release. */
bool package_is_release(const char *name);
/* Does this release belong to the series? */
bool package_fits(const char *release, const char *series);

/*
 * The directory with boot/ and lib/modules/ of the newest release of a series, or of one release,
 * and that release. The directory stays in the cache.
 */
int package_get(const char *name, bool verbose, struct text *directory, struct text *release,
		struct error *err);

#endif
