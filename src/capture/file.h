/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of a capture, coming in and going out. This is the one place in this folder that calls
 * the operating system.
 */
#ifndef CAPTURE_FILE_H
#define CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum input_result {
	INPUT_DATA = 1,
	INPUT_END = 0,
	INPUT_NOTHING_YET = 2,
};

/* Where a reader's bytes come from. The reader owns it and closes it. */
struct capture_input {
	const char *name; /* for messages */
	bool endless;	  /* a pipe or the like: its end is not worth waiting for */
	/*
	 * Wait up to timeout_ms (negative: without limit) for bytes and read at most size of them.
	 * Returns an enum input_result, or -1 with err. A signal ends the wait early, with
	 * INPUT_NOTHING_YET.
	 */
	int (*read)(struct capture_input *input, void *bytes, size_t size, int timeout_ms,
		    size_t *got, struct error *err);
	/*
	 * Read on at this byte, counted from where the capture begins; and how many there are now.
	 * Both are NULL for an input that is only read from front to back.
	 */
	int (*seek)(struct capture_input *input, uint64_t offset, struct error *err);
	int (*size)(struct capture_input *input, uint64_t *size, struct error *err);
	void (*close)(struct capture_input *input); /* frees it */
};

/* path "-" is standard input. */
struct capture_input *capture_input_open(const char *path, struct error *err);
/* Bytes in memory that outlive the input. NULL: out of memory. */
struct capture_input *capture_input_memory(const void *bytes, size_t length);

/* Where a writer's bytes go. */
struct capture_output;
struct outlet;

/*
 * Open for writing without changing what is there. path "-" is standard output. A file that is not
 * empty and does not begin with the `magic_length` bytes of magic is refused unless force is set.
 */
struct capture_output *capture_output_open(const char *path, const void *magic, size_t magic_length,
					   bool force, struct error *err);
/* Empty it: what was there goes now. Only before the first write. */
int capture_output_begin(struct capture_output *output, struct error *err);
/*
 * Write all of it. When that fails, a file is cut back to where the write began, so that it still
 * ends with something whole; a pipe can't be.
 */
int capture_output_write(struct capture_output *output, const void *bytes, size_t length,
			 struct error *err);
/*
 * From now on a thread writes, and capture_output_write() does not wait for it: what is not written
 * yet is in memory, and beyond so many bytes of it in a temporary file (base/outlet.h). What fails
 * is told by a later call.
 */
int capture_output_buffer(struct capture_output *output, uint64_t memory, struct error *err);
/* NULL: it is not buffered. */
struct outlet *capture_output_outlet(struct capture_output *output);
/* Bytes that are written; of a buffered output only after it failed, or when all is written. */
uint64_t capture_output_written(const struct capture_output *output);
/* Wait until all is written, and see to it that what was written survives a power cut, as far as
 * that is in our hands. */
int capture_output_sync(struct capture_output *output, struct error *err);
/* Takes NULL. A file that was made by us and never begun is removed. */
void capture_output_close(struct capture_output *output);

#endif
