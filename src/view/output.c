/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/output.h"

#include <errno.h>
#include <string.h>

#define SPILL_BYTES (64 << 10)

static int output_failed(struct output *output, struct error *err)
{
	output->failed = true;
	return error_set(err, "can't write the output: %s", strerror(errno));
}

static int output_write(struct output *output, struct error *err)
{
	size_t length = output->text.length;

	if (output->failed)
		return error_set(err, "the output could not be written");
	if (text_failed(&output->text))
		return error_no_memory(err);
	if (length && output->outlet) {
		output->failed = outlet_put(output->outlet, output->text.data, length, err);
		text_clear(&output->text);
		return output->failed ? -1 : 0;
	}
	if (length && fwrite(output->text.data, 1, length, output->file) != length)
		return output_failed(output, err);
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
	if (output->outlet)
		return outlet_check(output->outlet, err);
	return fflush(output->file) ? output_failed(output, err) : 0;
}

int output_finish(struct output *output, struct error *err)
{
	if (output_flush(output, err))
		return -1;
	return output->outlet ? outlet_drain(output->outlet, err) : 0;
}
