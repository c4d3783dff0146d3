/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Made-up memory, the same every time: tags of all families, blocks, doubts, findings and checks.
 * The golden capture with memory was recorded from it, so what it gives for SAMPLE_GOLDEN_BLOCKS
 * must never change.
 */
#ifndef SUPPORT_MEMORY_CAPTURE_SAMPLE_H
#define SUPPORT_MEMORY_CAPTURE_SAMPLE_H

#include <stdint.h>

#include "model/memory.h"

#define SAMPLE_GOLDEN_BLOCKS 40

/* On the heap, for a catalog, with so many outstanding blocks in the order of time. */
struct memory *sample_memory_create(uint64_t n_blocks);

/* As sample_capture_write(), with memory. */
void sample_memory_capture_write(const char *path, uint64_t n_records, uint64_t flush,
				 uint64_t n_blocks);

#endif
