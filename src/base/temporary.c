/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct temporary {
	int fd;
	char directory[];
};

/* /tmp is often memory, which is what there is too little of. */
static const char *choose_directory(void)
{
	const char *given = getenv("TMPDIR");

	if (given && *given)
		return given;
	return access("/var/tmp", W_OK) ? "/tmp" : "/var/tmp";
}

static int open_in(const char *directory)
{
	char path[4096];
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	/* Not every file system can do that. */
	if (fd >= 0)
		return fd;
	if (snprintf(path, sizeof(path), "%s/kapimon-XXXXXX", directory) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

struct temporary *temporary_create(struct error *err)
{
	const char *directory = choose_directory();
	struct temporary *file = malloc(sizeof(*file) + strlen(directory) + 1);

	if (!file) {
		error_no_memory(err);
		return NULL;
	}
	strcpy(file->directory, directory);
	file->fd = open_in(directory);
	if (file->fd < 0) {
		error_set(err, "can't create a temporary file in %s: %s", directory,
			  strerror(errno));
		error_hint(err, "TMPDIR says where temporary files are put");
		free(file);
		return NULL;
	}
	return file;
}

void temporary_close(struct temporary *file)
{
	if (!file)
		return;
	close(file->fd);
	free(file);
}

int temporary_write(struct temporary *file, uint64_t offset, const void *bytes, size_t length,
		    struct error *err)
{
	const char *at = bytes;

	while (length) {
		ssize_t n = pwrite(file->fd, at, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			error_set(err, "can't write to the temporary file in %s: %s",
				  file->directory, n ? strerror(errno) : "nothing was taken");
			return error_hint(err, "TMPDIR says where temporary files are put");
		}
		at += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

int temporary_read(struct temporary *file, uint64_t offset, void *bytes, size_t length,
		   struct error *err)
{
	char *at = bytes;

	while (length) {
		ssize_t n = pread(file->fd, at, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_set(err, "can't read the temporary file in %s: %s",
					 file->directory, n ? strerror(errno) : "it is too short");
		at += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}
