/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/inlet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct inlet {
	int fd;
};

struct inlet *inlet_open(const char *name, struct error *err)
{
	struct inlet *inlet;
	struct stat st;
	/* Open for writing as well: it must not end when a writer goes away. */
	int fd = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) || !S_ISFIFO(st.st_mode)) {
		error_usage(err, "can't read changes from '%s': %s", name,
			    fd < 0 ? strerror(errno) : "it is not a FIFO");
		error_hint(err, "make one with \"mkfifo %s\"", name);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	inlet = malloc(sizeof(*inlet));
	if (!inlet) {
		close(fd);
		error_no_memory(err);
		return NULL;
	}
	inlet->fd = fd;
	return inlet;
}

size_t inlet_read(struct inlet *inlet, void *bytes, size_t n)
{
	ssize_t got = read(inlet->fd, bytes, n);

	return got > 0 ? (size_t)got : 0;
}

void inlet_close(struct inlet *inlet)
{
	if (!inlet)
		return;
	close(inlet->fd);
	free(inlet);
}
