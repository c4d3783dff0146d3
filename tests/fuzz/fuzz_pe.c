/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes are read as an image of NT and all its functions judged: to the end, or to a clear
 * error. */
#include <stdint.h>
#include <stdlib.h>

#include "symbol/pe_functions.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct pe_functions functions;
	struct pe_image image;
	struct error err = {0};

	if (pe_image_init(&image, "input", bytes, size, &err)) {
		if (err.status != STATUS_FAILED || !err.message[0])
			abort();
		return 0;
	}
	if (!pe_functions_init(&functions, &image, &err)) {
		for (size_t i = 0; i < functions.n_functions; i++) {
			enum hook_reason return_reason;
			struct hook_plan plan;

			pe_function_plan(&functions, i, &plan, &return_reason);
		}
		pe_functions_fini(&functions);
	}
	pe_image_fini(&image);
	return 0;
}
