/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of blocks of memory, read into the catalog's memory; see decode.h. */
#ifndef CAPTURE_MEMORY_DECODE_H
#define CAPTURE_MEMORY_DECODE_H

#include "capture/bytes.h"
#include "capture/decode.h"

int decode_memory(struct cursor *in, struct decoded *out, struct error *err);

#endif
