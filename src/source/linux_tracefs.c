/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/linux_tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *tracefs_root(void)
{
	static const char *const roots[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	char path[128];

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(path, sizeof(path), "%s/kprobe_events", roots[i]);
		if (!access(path, R_OK | W_OK))
			return roots[i];
	}
	return NULL;
}

/* Opening it for writing without O_APPEND would remove everybody's events. */
static int definitions_open(int flags)
{
	const char *root = tracefs_root();
	char path[128];

	if (!root) {
		errno = ENOENT;
		return -1;
	}
	snprintf(path, sizeof(path), "%s/kprobe_events", root);
	return open(path, flags | O_CLOEXEC);
}

int tracefs_open_definitions(struct error *err)
{
	int fd = definitions_open(O_WRONLY | O_APPEND);

	if (fd >= 0)
		return fd;
	error_set(err, "can't define kprobe events: %s",
		  errno == ENOENT ? "tracefs is not mounted, or the kernel has none "
				    "(CONFIG_KPROBE_EVENTS)"
				  : strerror(errno));
	return error_hint(err, "mount -t tracefs tracefs /sys/kernel/tracing");
}

int tracefs_define(int definitions, const char *lines, size_t length)
{
	ssize_t written = write(definitions, lines, length);

	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -EIO;
}

long tracefs_event_id(const char *group, const char *event)
{
	const char *root = tracefs_root();
	char path[256];
	FILE *file;
	long id;

	if (!root)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/events/%s/%s/id", root, group, event);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (fscanf(file, "%ld", &id) != 1)
		id = -EIO;
	fclose(file);
	return id;
}

/* Lines of a descriptor, without the heap. */
struct lines {
	int fd;
	char bytes[4096];
	size_t have, next;
};

/* The next line, ended by NUL; NULL at the end. A line that is too long comes in parts. */
static char *lines_next(struct lines *lines)
{
	for (;;) {
		char *line = lines->bytes + lines->next;
		char *end = memchr(line, '\n', lines->have - lines->next);
		ssize_t got;

		if (end) {
			*end = '\0';
			lines->next = (size_t)(end + 1 - lines->bytes);
			return line;
		}
		lines->have -= lines->next;
		memmove(lines->bytes, line, lines->have);
		lines->next = 0;
		if (lines->have == sizeof(lines->bytes) - 1)
			lines->have = 0;
		got = read(lines->fd, lines->bytes + lines->have,
			   sizeof(lines->bytes) - 1 - lines->have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return NULL;
		lines->have += (size_t)got;
	}
}

/* "p:GROUP/EVENT PLACE...": put an end behind EVENT and return where GROUP begins. */
static char *event_name(char *line)
{
	char *name = strchr(line, ':'), *end;

	if (!name)
		return NULL;
	name++;
	end = strchr(name, ' ');
	if (end)
		*end = '\0';
	return name;
}

static bool in_group(const char *name, const char *group)
{
	size_t length = strlen(group);

	return !strncmp(name, group, length) && name[length] == '/';
}

/* One look at all events; *removed says how many are gone now. */
static unsigned remove_pass(const char *group, unsigned *removed)
{
	struct lines lines = {.fd = definitions_open(O_RDONLY)};
	int definitions = definitions_open(O_WRONLY | O_APPEND);
	char last[128] = "", *line;
	unsigned left = 0;

	while (lines.fd >= 0 && definitions >= 0 && (line = lines_next(&lines))) {
		char command[160];
		const char *name = event_name(line);

		/* An event goes with all its probes, which stand one after another. */
		if (!name || !in_group(name, group) || !strcmp(name, last))
			continue;
		snprintf(last, sizeof(last), "%s", name);
		snprintf(command, sizeof(command), "-:%s\n", name);
		if (write(definitions, command, strlen(command)) >= 0)
			++*removed;
		else if (errno != ENOENT)
			left++;
	}
	if (lines.fd >= 0)
		close(lines.fd);
	if (definitions >= 0)
		close(definitions);
	return left;
}

unsigned tracefs_remove_group(const char *group)
{
	unsigned removed, left;

	/* What is removed moves the lines behind it, so that the next read passes over some. */
	do {
		removed = 0;
		left = remove_pass(group, &removed);
	} while (removed);
	return left;
}

static bool is_alive(long pid)
{
	return !kill((pid_t)pid, 0) || errno != ESRCH;
}

void tracefs_remove_stale(void)
{
	struct lines lines = {.fd = definitions_open(O_RDONLY)};
	char group[64], last[64] = "", *line;

	if (lines.fd < 0)
		return;
	while ((line = lines_next(&lines))) {
		const char *name = event_name(line);
		char *slash = name ? strchr(name, '/') : NULL, *end;
		long pid;

		if (!slash || strncmp(name, TRACEFS_GROUP, strlen(TRACEFS_GROUP)) != 0)
			continue;
		*slash = '\0';
		pid = strtol(name + strlen(TRACEFS_GROUP), &end, 10);
		if (*end || pid <= 0 || !strcmp(name, last))
			continue;
		snprintf(last, sizeof(last), "%s", name);
		snprintf(group, sizeof(group), "%s", name);
		if (!is_alive(pid))
			tracefs_remove_group(group);
	}
	close(lines.fd);
}

int tracefs_profile(void (*line)(void *context, const char *event, uint64_t hits, uint64_t misses),
		    void *context, struct error *err)
{
	const char *root = tracefs_root();
	char path[128], event[128];
	uint64_t hits, misses;
	FILE *file;

	snprintf(path, sizeof(path), "%s/kprobe_profile", root ? root : "");
	file = fopen(path, "re");
	if (!file)
		return error_set(err, "can't read %s: %s", path, strerror(errno));
	while (fscanf(file, "%127s %" SCNu64 " %" SCNu64, event, &hits, &misses) == 3)
		line(context, event, hits, misses);
	fclose(file);
	return 0;
}
