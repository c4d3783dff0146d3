/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static int open_standard_output(struct export_file *file, enum export_file_kind kind,
				struct error *err)
{
	if (kind == EXPORT_DATABASE) {
		error_usage(err, "a database can't be written to standard output");
		return error_hint(err, "name a file with -o");
	}
	if (kind == EXPORT_BINARY && isatty(STDOUT_FILENO)) {
		error_usage(err, "standard output is a terminal, and this format is not text");
		return error_hint(err, "name a file with -o, or pipe it into another program");
	}
	file->file = stdout;
	return 0;
}

/* Something that is no file: a pipe, /dev/null. */
static int open_as_it_stands(struct export_file *file, const char *path, const struct stat *st,
			     enum export_file_kind kind, struct error *err)
{
	if (S_ISDIR(st->st_mode))
		return error_usage(err, "%s is a directory", path);
	if (kind == EXPORT_DATABASE)
		return error_usage(err, "%s is not a file, and a database has to be one", path);
	file->file = fopen(path, "we");
	return file->file ? 0 : error_set(err, "can't write to %s: %s", path, strerror(errno));
}

static int name_part(struct export_file *file, struct error *err)
{
	struct text part = TEXT_INIT;

	text_addf(&part, "%s.part-%ld", file->path, (long)getpid());
	file->part = text_take(&part);
	return file->part ? 0 : error_no_memory(err);
}

static int open_part(struct export_file *file, enum export_file_kind kind, struct error *err)
{
	int fd = open(file->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0) {
		error_set(err, "can't write to %s: %s", file->part, strerror(errno));
		/* Not ours to remove. */
		free(file->part);
		file->part = NULL;
		return -1;
	}
	if (kind == EXPORT_DATABASE) {
		close(fd);
		return 0;
	}
	file->file = fdopen(fd, "w");
	if (file->file)
		return 0;
	close(fd);
	return error_no_memory(err);
}

static int open_new(struct export_file *file, const char *path, enum export_file_kind kind,
		    bool force, struct error *err)
{
	struct stat st;

	if (!stat(path, &st)) {
		if (!S_ISREG(st.st_mode))
			return open_as_it_stands(file, path, &st, kind, err);
		if (st.st_size && !force) {
			error_usage(err, "%s exists", path);
			return error_hint(err, "choose another name, or overwrite it with --force");
		}
		/* Where a link leads to is replaced, not the link. */
		file->path = realpath(path, NULL);
		file->replace = true;
	} else {
		file->path = strdup(path);
	}
	if (!file->path)
		return error_no_memory(err);
	return name_part(file, err) ? -1 : open_part(file, kind, err);
}

int export_file_open(struct export_file *file, const char *path, enum export_file_kind kind,
		     bool force, struct error *err)
{
	struct export_file opened = {0};
	int status;

	if (!path || !strcmp(path, "-"))
		status = open_standard_output(&opened, kind, err);
	else
		status = open_new(&opened, path, kind, force, err);
	if (status) {
		export_file_fini(&opened);
		return -1;
	}
	*file = opened;
	return 0;
}

FILE *export_file_scratch(const struct export_file *file, struct error *err)
{
	struct text path = TEXT_INIT;
	FILE *scratch = NULL;

	if (!file->part) {
		scratch = tmpfile();
	} else {
		text_addf(&path, "%s.scratch", file->part);
		if (!text_failed(&path))
			scratch = fopen(text_string(&path), "w+xe");
		if (scratch)
			unlink(text_string(&path));
	}
	if (!scratch)
		error_set(err, "can't make a scratch file: %s", strerror(errno));
	text_fini(&path);
	return scratch;
}

static int close_stream(struct export_file *file, struct error *err)
{
	FILE *stream = file->file;
	int failed;

	if (!stream)
		return 0;
	file->file = NULL;
	failed = stream == stdout ? fflush(stream) : fclose(stream);
	if (failed)
		return error_set(err, "can't write the output: %s", strerror(errno));
	return 0;
}

int export_file_keep(struct export_file *file, struct error *err)
{
	int failed;

	if (close_stream(file, err))
		return -1;
	if (!file->part)
		return 0;
	failed = renameat2(AT_FDCWD, file->part, AT_FDCWD, file->path,
			   file->replace ? 0 : RENAME_NOREPLACE);
	/* Not every file system knows the flag; rename(2). */
	if (failed && errno == EINVAL && access(file->path, F_OK))
		failed = rename(file->part, file->path);
	if (failed)
		return error_set(err, "can't name the output %s: %s", file->path, strerror(errno));
	free(file->part);
	file->part = NULL;
	return 0;
}

void export_file_fini(struct export_file *file)
{
	if (file->file && file->file != stdout)
		fclose(file->file);
	if (file->part)
		unlink(file->part);
	free(file->part);
	free(file->path);
	*file = (struct export_file){0};
}
