/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of drivers that need not be loaded, and what functions they have: their exports, what
 * symbol files say, and the entry point, which is called DriverEntry where nothing names it.
 */
#ifndef SOURCE_NT_IMAGES_H
#define SOURCE_NT_IMAGES_H

#include <nt/hook/reason.h>

#include "source/nt_names.h"
#include "symbol/pe_functions.h"

struct nt_image {
	char *wanted; /* how it was asked for */
	char *path;
	const char *name; /* of the file, in its path */
	struct pe_exports exports;
	struct pe_image pe; /* of the exports' bytes */
	struct pe_functions code;
	struct nt_functions functions; /* sorted */
	struct nt_image *next;
};

struct nt_images {
	struct nt_image *first;
};

/*
 * Call found for each function that MODULE or MODULE:GLOB names. MODULE is a path, or the name of
 * a service whose file it is, or that of a file in System32\drivers. One that was found stays as
 * long as the names. Returns the number, or -1: also when there is no such file.
 */
int nt_images_match(struct nt_names *names, const char *pattern,
		    int (*found)(void *context, const struct nt_image *image,
				 const struct nt_function *function, struct error *err),
		    void *context, struct error *err);
/* Why its file says that it can't be hooked; with returns, they neither. */
enum hook_reason nt_image_reason(const struct nt_image *image, const struct nt_function *function,
				 bool returns);
void nt_images_destroy(struct nt_images *images); /* takes NULL */

#endif
