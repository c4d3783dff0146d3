/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/session_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "capture/format.h"
#include "source/capture_source.h"

static int read_capture(struct spec *spec, const char *path, struct error *err)
{
	struct source *source = capture_source_open(path, err);
	const struct kmn_header *const *records;
	const struct catalog *catalog;
	int code = 1;
	size_t n;

	if (!source)
		return -1;
	/* It stands before the first events. */
	catalog = source->ops->catalog(source);
	while (code > 0 && !catalog->spec)
		code = source->ops->next(source, 0, &records, &n, err);
	if (catalog->spec && *catalog->spec)
		code = spec_parse(spec, catalog->spec, err);
	else if (!code)
		code = error_set(err, "the capture does not say what it watched");
	source->ops->close(source);
	return code;
}

static int read_text(struct spec *spec, FILE *file, const struct text *begin, struct error *err)
{
	struct text text = TEXT_INIT;
	char buffer[4096];
	size_t n;
	int code;

	text_add_bytes(&text, text_string(begin), begin->length);
	while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
		text_add_bytes(&text, buffer, n);
	if (ferror(file))
		code = error_set(err, "can't be read: %s", strerror(errno));
	else if (text_failed(&text))
		code = error_no_memory(err);
	else if (text.length && memchr(text.data, '\0', text.length))
		code = error_usage(err, "this is neither a session file nor a capture");
	else
		code = spec_parse(spec, text_string(&text), err);
	text_fini(&text);
	return code;
}

int session_file_read(struct spec *spec, const char *path, struct error *err)
{
	bool standard = !strcmp(path, "-");
	struct text begin = TEXT_INIT;
	char magic[CAPTURE_MAGIC_BYTES];
	FILE *file = standard ? stdin : fopen(path, "re");
	size_t n;
	int code;

	if (!file)
		return error_usage(err, "can't read '%s': %s", path, strerror(errno));
	n = fread(magic, 1, sizeof(magic), file);
	if (!standard && n == sizeof(magic) && !memcmp(magic, CAPTURE_MAGIC, sizeof(magic))) {
		code = read_capture(spec, path, err);
	} else {
		text_add_bytes(&begin, magic, n);
		code = read_text(spec, file, &begin, err);
		text_fini(&begin);
	}
	if (!standard)
		fclose(file);
	return code ? error_prefix(err, "%s", path) : 0;
}
