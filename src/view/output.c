/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/output.h"

#include <errno.h>
#include <string.h>

#define SPILL_BYTES (64 << 10)

static int output_write(struct output *output, struct error *err)
{
	size_t length = output->text.length;

	if (text_failed(&output->text))
		return error_no_memory(err);
	if (length && fwrite(output->text.data, 1, length, output->file) != length)
		return error_set(err, "can't write the output: %s", strerror(errno));
	text_clear(&output->text);
	return 0;
}

int output_spill(struct output *output, struct error *err)
{
	if (output->text.length < SPILL_BYTES && !text_failed(&output->text))
		return 0;
	return output_write(output, err);
}

int output_flush(struct output *output, struct error *err)
{
	if (output_write(output, err))
		return -1;
	if (fflush(output->file))
		return error_set(err, "can't write the output: %s", strerror(errno));
	return 0;
}
