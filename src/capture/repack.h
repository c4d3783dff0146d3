/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies a capture block by block, packed in another way. What is in the blocks stays as it is.
 */
#ifndef CAPTURE_REPACK_H
#define CAPTURE_REPACK_H

#include <stdbool.h>

#include "base/error.h"
#include "capture/codec.h"

/*
 * From the file `from` to `to`. An existing capture is replaced, any other file that is not empty
 * only with force. A damaged capture is refused; one that is cut is copied without an end, and *cut
 * says so. After a failure `to` has a part.
 */
int capture_repack(const char *from, const char *to, bool force, enum codec codec, bool *cut,
		   struct error *err);

#endif
