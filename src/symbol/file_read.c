/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * seq_file hands out at most a page or so a call whatever the buffer, so what matters is that the
 * buffer grows by doubling.
 */
static int read_all(int fd, char **data, size_t *size, size_t capacity)
{
	char *buffer = malloc(capacity);
	size_t length = 0;
	ssize_t n;

	if (!buffer)
		return -ENOMEM;
	for (;;) {
		if (length + 1 >= capacity) {
			char *bigger = realloc(buffer, capacity * 2);

			if (!bigger) {
				free(buffer);
				return -ENOMEM;
			}
			buffer = bigger;
			capacity *= 2;
		}
		n = read(fd, buffer + length, capacity - length - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int cause = errno;

			free(buffer);
			return -cause;
		}
		if (n == 0)
			break;
		length += (size_t)n;
	}
	buffer[length] = '\0';
	*data = buffer;
	*size = length;
	return 0;
}

int file_read(const char *path, char **data, size_t *size, struct error *err)
{
	size_t capacity = 4096;
	struct stat st;
	int fd, result;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, "can't open %s: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && st.st_size > 0)
		capacity = (size_t)st.st_size + 2;
	result = read_all(fd, data, size, capacity);
	close(fd);
	if (result == -ENOMEM)
		return error_no_memory(err);
	if (result < 0)
		return error_set(err, "can't read %s: %s", path, strerror(-result));
	return 0;
}
