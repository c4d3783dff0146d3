/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all formats share: the sink that joins records to calls, counts what comes by and writes the
 * output file. A format is a table of functions and a struct of its own that begins with a struct
 * exporter.
 */
#ifndef EXPORT_EXPORTER_H
#define EXPORT_EXPORTER_H

#include <stddef.h>
#include <stdint.h>

#include "export/export.h"
#include "export/file.h"
#include "view/calls.h"
#include "view/output.h"

/* What a format has a place for, beside calls that have a duration. */
enum export_place {
	PLACE_NO_DURATION = 1 << 0, /* calls without one */
	PLACE_LOSSES = 1 << 1,
	PLACE_SUSPENSIONS = 1 << 2,
	PLACE_MODULES = 1 << 3, /* when they come and go */
	PLACE_ALL = (1 << 4) - 1,
};

struct exporter {
	struct sink sink;
	const struct export_format *format;
	struct export_options options;
	const struct catalog *catalog; /* NULL before begin */
	struct export_file file;
	struct output output;	/* to file.file */
	struct calls calls;	/* its counts tell what came */
	unsigned places;	/* enum export_place; set from the format, init may change it */
	bool failed;		/* something is missing in the output: it is not kept */
	uint64_t no_duration;	/* calls */
	uint64_t losses, lost;	/* marks in the capture, and the records they stand for */
	uint64_t suspensions;	/* and ends of them */
	uint64_t module_events; /* loaded or unloaded */
	uint64_t records, time; /* all that came, and the time of the last */
};

/* Each may be NULL but take_call; all return 0, or -1 with err. */
struct export_format {
	const char *name;
	size_t size; /* of its struct, which is filled with zeros */
	enum export_file_kind kind;
	unsigned places; /* enum export_place */
	bool weighs;
	int (*init)(struct exporter *exporter, struct error *err);
	int (*begin)(struct exporter *exporter, struct error *err);
	/* Instead of all that follows but end: every record as it is. */
	int (*take_record)(struct exporter *exporter, const struct record_view *record,
			   struct error *err);
	int (*take_call)(struct exporter *exporter, const struct call *call, struct error *err);
	/* A loss, a suspension or its end, a module that came or went. */
	int (*take_note)(struct exporter *exporter, const struct record_view *note,
			 struct error *err);
	int (*end)(struct exporter *exporter, const struct ledger *ledger, struct error *err);
	void (*fini)(struct exporter *exporter);
};

#define EXPORT_FORMAT_DECLARE(identifier, name, summary)                                           \
	extern const struct export_format export_format_##identifier;
EXPORT_FORMATS(EXPORT_FORMAT_DECLARE)
#undef EXPORT_FORMAT_DECLARE

#endif
