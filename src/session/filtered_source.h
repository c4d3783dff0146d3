/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source seen through a filter: it hands out the records of the calls that are wanted. Whatever
 * reads from a source reads a filtered one in the same way; the pump and the sinks know no filters.
 */
#ifndef SESSION_FILTERED_SOURCE_H
#define SESSION_FILTERED_SOURCE_H

#include "filter/filter.h"
#include "source/source.h"

/*
 * For reading a recording. The rows of the ledger stay those of the recording; beside them it says
 * how many calls were read and how many of them were left out. A name that nothing in the recording
 * has is a mistake, told here or, when the functions come later, by next(). Both are taken over,
 * also when this fails.
 */
struct source *filtered_source_create(struct source *inner, struct filter *filter,
				      struct error *err);

#endif
