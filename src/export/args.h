/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments and results as typed values, for formats that have types of their own. An object of
 * which several things were fetched comes as several values: "dir.ino", "dir.dev".
 */
#ifndef EXPORT_ARGS_H
#define EXPORT_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "model/catalog.h"
#include "view/calls.h"

enum datum_kind {
	DATUM_NONE,	/* NULL, a fault, an argument that was not recorded */
	DATUM_SIGNED,	/* number, as an int64_t */
	DATUM_UNSIGNED, /* number */
	DATUM_BOOL,
	DATUM_ADDRESS,
	DATUM_TEXT, /* text: valid UTF-8 without control characters */
};

struct datum {
	enum datum_kind kind;
	uint64_t number;
	const char *text; /* ends in NUL */
};

/* Calls take for each value of the entry's arguments; what it gets is valid during the call. */
int args_each(const struct catalog *catalog, const struct api *api, const struct record_view *entry,
	      int (*take)(void *context, const char *name, const struct datum *datum,
			  struct error *err),
	      void *context, struct error *err);
/* False for a call without a result. The text, if it is one, is gathered in scratch. */
bool args_result(const struct catalog *catalog, const struct call *call, struct text *scratch,
		 struct datum *datum);
/* The name of the error that the call returned, or NULL. */
const char *args_error(const struct call *call);

#endif
