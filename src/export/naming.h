/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What functions, frames, threads and processes are called in other programs' formats. Names come
 * out as valid UTF-8 without control characters, what was not is escaped as \xNN.
 */
#ifndef EXPORT_NAMING_H
#define EXPORT_NAMING_H

#include "base/text.h"
#include "model/catalog.h"
#include "model/record.h"

/*
 * Every processor has an idle thread, and all of them are number 0. In formats where a thread does
 * one thing at a time each needs a number of its own: this plus the processor's, beyond the largest
 * that Linux gives (PID_MAX_LIMIT in include/linux/threads.h).
 */
#define IDLE_THREADS 4194305u

uint32_t naming_thread(const struct kmn_header *header);
/* "vfs_open"; "hook#7" for one that is not in the catalog. */
void naming_function(const struct api *api, uint32_t hook, struct text *out);
void naming_comm(const struct kmn_header *header, struct text *out);
/* "bash", or "swapper/1" for an idle thread. */
void naming_thread_name(const struct kmn_header *header, struct text *out);
/* The module of a load or unload. */
void naming_module(const struct record_view *note, struct text *out);
/* "module ext4 loaded", "12 records lost": a note in a few words. */
void naming_note(const struct record_view *note, const struct catalog *catalog, struct text *out);
/* "vfs_open", "ext4_file_open [ext4]", "+0x12c [ext4]", "0xffffffff81000000". */
void naming_frame(const struct catalog *catalog, uint64_t address, struct text *out);

#endif
