/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/capture_symbols.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "capture/add_symbols.h"

/* Where the copy is while it is not whole; "": nowhere. */
static char *volatile temporary;

static void remove_temporary(int number)
{
	if (temporary)
		unlink(temporary);
	signal(number, SIG_DFL);
	raise(number);
}

static int create_temporary(const char *path, const struct stat *original, struct error *err)
{
	struct text name = TEXT_INIT;
	char *copy;
	int fd, code = 0;

	text_addf(&name, "%s.XXXXXX", path);
	copy = text_take(&name);
	if (!copy)
		return error_no_memory(err);
	fd = mkstemp(copy);
	if (fd < 0) {
		code = error_set(err, "can't create a file beside %s: %s", path, strerror(errno));
		free(copy);
		return code;
	}
	/* Whoever could read the capture can read the new one. An owner is given only by root. */
	if (fchown(fd, original->st_uid, original->st_gid) && errno != EPERM)
		code = error_set(err, "can't set the owner of %s: %s", copy, strerror(errno));
	else if (fchmod(fd, original->st_mode & 07777))
		code = error_set(err, "can't set the mode of %s: %s", copy, strerror(errno));
	close(fd);
	temporary = copy;
	return code;
}

static void drop_temporary(void)
{
	char *copy = temporary;

	temporary = NULL;
	if (copy)
		unlink(copy);
	free(copy);
}

/* Put the copy where the capture is, unless somebody has written to that meanwhile. */
static int replace(const char *path, const struct stat *original, struct error *err)
{
	char *copy = temporary;
	struct stat now;

	if (stat(path, &now))
		return error_set(err, "can't examine %s: %s", path, strerror(errno));
	if (now.st_ino != original->st_ino || now.st_size != original->st_size ||
	    now.st_mtim.tv_sec != original->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != original->st_mtim.tv_nsec) {
		error_set(err, "%s has changed meanwhile, so it is left as it is", path);
		return error_hint(err, "wait for its recording to end");
	}
	if (rename(copy, path))
		return error_set(err, "can't rename %s to %s: %s", copy, path, strerror(errno));
	temporary = NULL;
	free(copy);
	return 0;
}

static void tell_added(const char *command, const char *path, const struct symbols_added *added)
{
	if (added->n_named)
		fprintf(stderr, "kapimon %s: %" PRIu64 " of %" PRIu64 " frames have got names\n",
			command, added->n_named, added->n_frames);
	if (added->n_added)
		fprintf(stderr, "kapimon %s: %" PRIu64 " of %" PRIu64 " frames have got lines\n",
			command, added->n_added, added->n_frames);
	if (!added->n_named && !added->n_added)
		fprintf(stderr, "kapimon %s: %s has these lines already\n", command, path);
	else if (added->cut)
		fprintf(stderr, "kapimon %s: %s is cut, it still has no end and no index\n",
			command, path);
}

static int add_symbols(const char *command, const char *path, struct namer *namer,
		       struct place_finder *finder, struct error *err)
{
	struct symbols_added added = {0};
	struct stat original;
	int code;

	if (stat(path, &original))
		return error_set(err, "can't open %s: %s", path, strerror(errno));
	if (!S_ISREG(original.st_mode))
		return error_usage(err, "%s is not a file", path);
	if (create_temporary(path, &original, err))
		return -1;
	if (capture_add_symbols(path, temporary, namer, finder, &added, err))
		return error_hint(err,
				  "the capture is as it was; \"kapimon show --lines\" can look "
				  "names and lines up");
	if (!added.n_found && !added.n_named)
		return error_set(
			err, "no names and no lines were found for the %" PRIu64 " frames of %s",
			added.n_frames, path);
	code = added.n_added || added.n_named ? replace(path, &original, err) : 0;
	if (!code)
		tell_added(command, path, &added);
	return code;
}

int capture_symbols_add(struct symbol_options *symbols, const char *command, const char *file,
			struct error *err)
{
	struct place_finder *finder;
	struct namer *namer;
	/* A link stays one: what it leads to is replaced. */
	char *path = realpath(file, NULL);
	int code;

	if (!path)
		return error_set(err, "can't open %s: %s", file, strerror(errno));
	symbols->wanted = symbols->names = symbols->ask = true;
	code = symbol_options_begin(symbols, &finder, &namer, err);
	if (!code) {
		signal(SIGINT, remove_temporary);
		signal(SIGTERM, remove_temporary);
		signal(SIGHUP, remove_temporary);
		code = add_symbols(command, path, namer, finder, err);
		drop_temporary();
		symbol_options_end(symbols, command);
	}
	free(path);
	return code;
}
