/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/cpio.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab/tool.h"

#define HEADER_LENGTH 110

void cpio_init(struct cpio *cpio, int fd)
{
	*cpio = (struct cpio){.fd = fd};
}

void cpio_fini(struct cpio *cpio)
{
	text_fini(&cpio->known);
	cpio->fd = -1;
}

static const char *relative(const char *path)
{
	while (*path == '/')
		path++;
	return path;
}

static bool is_known(const struct cpio *cpio, const char *path)
{
	const char *end = cpio->known.data + cpio->known.length;

	for (const char *at = cpio->known.data; at && at < end; at += strlen(at) + 1) {
		if (!strcmp(at, path))
			return true;
	}
	return false;
}

static int pad(struct cpio *cpio, size_t written)
{
	return write_all(cpio->fd, "\0\0\0", (4 - written % 4) % 4);
}

static int entry(struct cpio *cpio, const char *path, unsigned int mode, unsigned int major,
		 unsigned int minor, const void *data, size_t length, struct error *err)
{
	size_t name_length = strlen(path) + 1;
	char header[HEADER_LENGTH + 1];

	if (length > UINT32_MAX)
		return error_set(err, "%s has more than the 4 GB that an initramfs can hold", path);
	/* magic ino mode uid gid nlink mtime filesize maj min rmaj rmin namesize check */
	snprintf(header, sizeof(header),
		 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ++cpio->inode, mode,
		 0, 0, S_ISDIR(mode) ? 2 : 1, 0, (unsigned int)length, 0, 0, major, minor,
		 (unsigned int)name_length, 0);
	text_add_bytes(&cpio->known, path, name_length);
	if (text_failed(&cpio->known))
		return error_no_memory(err);
	if (write_all(cpio->fd, header, HEADER_LENGTH) || write_all(cpio->fd, path, name_length) ||
	    pad(cpio, HEADER_LENGTH + name_length) || write_all(cpio->fd, data, length) ||
	    pad(cpio, length))
		return error_set(err, "can't write the initramfs: %s", strerror(errno));
	return 0;
}

static int add_parents(struct cpio *cpio, const char *path, struct error *err)
{
	char *parent;
	int result = 0;

	for (const char *at = strchr(path, '/'); at && !result; at = strchr(at + 1, '/')) {
		parent = strndup(path, (size_t)(at - path));
		if (!parent)
			return error_no_memory(err);
		if (!is_known(cpio, parent))
			result = entry(cpio, parent, S_IFDIR | 0755, 0, 0, NULL, 0, err);
		free(parent);
	}
	return result;
}

static int add(struct cpio *cpio, const char *path, unsigned int mode, unsigned int major,
	       unsigned int minor, const void *data, size_t length, struct error *err)
{
	path = relative(path);
	if (is_known(cpio, path))
		return 0;
	if (add_parents(cpio, path, err))
		return -1;
	return entry(cpio, path, mode, major, minor, data, length, err);
}

int cpio_directory(struct cpio *cpio, const char *path, unsigned int mode, struct error *err)
{
	return add(cpio, path, S_IFDIR | mode, 0, 0, NULL, 0, err);
}

int cpio_file(struct cpio *cpio, const char *path, unsigned int mode, const void *data,
	      size_t length, struct error *err)
{
	return add(cpio, path, S_IFREG | mode, 0, 0, data, length, err);
}

int cpio_symlink(struct cpio *cpio, const char *path, const char *target, struct error *err)
{
	return add(cpio, path, S_IFLNK | 0777, 0, 0, target, strlen(target), err);
}

int cpio_device(struct cpio *cpio, const char *path, unsigned int mode, unsigned int major,
		unsigned int minor, struct error *err)
{
	return add(cpio, path, S_IFCHR | mode, major, minor, NULL, 0, err);
}

int cpio_finish(struct cpio *cpio, struct error *err)
{
	return entry(cpio, "TRAILER!!!", 0, 0, 0, NULL, 0, err);
}
