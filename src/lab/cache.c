/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/tool.h"

static int make_directories(char *path, struct error *err)
{
	for (char *at = strchr(path + 1, '/');; at = strchr(at + 1, '/')) {
		if (at)
			*at = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return error_set(err, "can't make the directory %s: %s", path,
					 strerror(errno));
		if (!at)
			return 0;
		*at = '/';
	}
}

int cache_directory(const char *name, struct text *path, struct error *err)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct text directory = TEXT_INIT;
	int result;

	/* A relative XDG_CACHE_HOME is to be ignored (XDG Base Directory Specification). */
	if (cache && cache[0] == '/')
		text_addf(&directory, "%s/kapimon/lab/%s", cache, name);
	else if (home && home[0] == '/')
		text_addf(&directory, "%s/.cache/kapimon/lab/%s", home, name);
	else
		return error_set(err, "there is no place for the cache: neither XDG_CACHE_HOME nor "
				      "HOME is set");
	if (text_failed(&directory)) {
		text_fini(&directory);
		return error_no_memory(err);
	}
	result = make_directories(directory.data, err);
	if (!result)
		text_add(path, text_string(&directory));
	text_fini(&directory);
	return result;
}

int cache_lock(const char *directory, int *lock, struct error *err)
{
	struct text path = TEXT_INIT;
	int fd, result = 0;

	text_addf(&path, "%s/.lock", directory);
	fd = open(text_string(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	while (fd >= 0 && flock(fd, LOCK_EX)) {
		if (errno == EINTR)
			continue;
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		result = error_set(err, "can't lock %s: %s", text_string(&path), strerror(errno));
	else
		*lock = fd;
	text_fini(&path);
	return result;
}

void cache_unlock(int lock)
{
	close(lock);
}

int cache_write(const char *path, const void *data, size_t length, struct error *err)
{
	struct text temporary = TEXT_INIT;
	int fd, result = 0;

	text_addf(&temporary, "%s.XXXXXX", path);
	if (text_failed(&temporary))
		return error_no_memory(err);
	fd = mkostemp(temporary.data, O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0644) || write_all(fd, data, length) ||
	    rename(temporary.data, path)) {
		result = error_set(err, "can't write %s: %s", path, strerror(errno));
		if (fd >= 0)
			unlink(temporary.data);
	}
	if (fd >= 0)
		close(fd);
	text_fini(&temporary);
	return result;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void cache_remove(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

unsigned long long cache_hash(const void *data, size_t length)
{
	const unsigned char *at = data;
	unsigned long long hash = 0xcbf29ce484222325;

	while (length--)
		hash = (hash ^ *at++) * 0x100000001b3;
	return hash;
}
