/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon pack: copy a capture, packed in another way. */
#include <stdio.h>
#include <sys/stat.h>

#include "capture/repack.h"
#include "command/command.h"
#include "command/options.h"

enum option { OPTION_WITH, OPTION_FORCE };

static const struct option_row rows[] = {
	{'w', "with", "CODEC", "pack with zlib (the default, read everywhere), zstd or none",
	 OPTION_WITH},
	{0, "force", NULL, "replace COPY whatever it is", OPTION_FORCE},
};

struct pack {
	enum codec codec;
	bool force;
};

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct pack *pack = context;

	if (id == OPTION_WITH)
		return codec_parse(value, &pack->codec, err);
	pack->force = true;
	return 0;
}

static const struct options options = {
	.usage = "[OPTION]... FILE COPY",
	.summary = "Copy the capture FILE, packed in another way: for a program that can't read it "
		   "as it\nis, or for less room.",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

/* A capture can't be read while its copy is written over it. */
static bool same_file(const char *file, const char *copy)
{
	struct stat a, b;

	return !stat(file, &a) && !stat(copy, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int command_pack(int argc, char **argv, struct error *err)
{
	struct pack pack = {.codec = CODEC_ZLIB};
	struct options_rest rest;
	int status = options_parse(&options, argc, argv, &pack, &rest, err);
	bool cut;

	if (status)
		return status < 0 ? -1 : STATUS_OK;
	if (rest.n_arguments != 2 || rest.n_behind) {
		error_usage(err, "it takes one capture and the name of its copy");
		return error_hint(err, "expected kapimon pack [OPTION]... FILE COPY");
	}
	if (same_file(rest.arguments[0], rest.arguments[1]))
		return error_usage(err, "%s can't be its own copy", rest.arguments[0]);
	if (capture_repack(rest.arguments[0], rest.arguments[1], pack.force, pack.codec, &cut, err))
		return -1;
	if (cut)
		fprintf(stderr, "kapimon pack: %s is cut: its copy has no end and no index\n",
			rest.arguments[0]);
	return STATUS_OK;
}

const struct options *command_pack_options(void)
{
	return &options;
}
