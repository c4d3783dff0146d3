/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int find_in(const char *directories, const char *name, char **path, struct error *err)
{
	const char *directory = directories;
	char *candidate;

	while (directory && *directory) {
		size_t length = strcspn(directory, ":");

		if (asprintf(&candidate, "%.*s/%s", (int)length, directory, name) < 0)
			return error_no_memory(err);
		if (length && !access(candidate, X_OK)) {
			*path = candidate;
			return 1;
		}
		free(candidate);
		directory += length;
		directory += *directory == ':';
	}
	return 0;
}

int tool_find(const char *name, const char *package, char **path, struct error *err)
{
	int found = find_in(getenv("PATH"), name, path, err);

	if (!found)
		found = find_in(SYSTEM_PATH, name, path, err);
	if (found)
		return found < 0 ? -1 : 0;
	error_set(err, "the lab needs the program %s, which is not installed", name);
	return error_hint(err, "install the package %s: apt-get install %s", package, package);
}

int write_all(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length) {
		ssize_t n = write(fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int read_all(int fd, struct text *out, struct error *err)
{
	static const size_t chunk = 1 << 16;
	char *buffer = malloc(chunk);
	ssize_t n;

	if (!buffer)
		return error_no_memory(err);
	while ((n = read(fd, buffer, chunk)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		text_add_bytes(out, buffer, (size_t)n);
	}
	free(buffer);
	if (n < 0)
		return error_set(err, "can't read: %s", strerror(errno));
	return text_failed(out) ? error_no_memory(err) : 0;
}

int read_path(const char *path, struct text *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return error_set(err, "can't open %s: %s", path, strerror(errno));
	result = read_all(fd, out, err);
	if (result)
		error_prefix(err, "%s", path);
	close(fd);
	return result;
}

/* In the child: never returns. */
static void become(const char *const *argv, const char *directory, int out, int errors,
		   pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	setenv("LC_ALL", "C", 1);
	if (directory && chdir(directory)) {
		dprintf(STDERR_FILENO, "can't enter %s: %s\n", directory, strerror(errno));
		_exit(127);
	}
	execv(argv[0], (char *const *)argv);
	dprintf(STDERR_FILENO, "can't run it: %s\n", strerror(errno));
	_exit(127);
}

static const char *last_line(struct text *text)
{
	char *line;

	while (text->length && text->data[text->length - 1] == '\n')
		text->data[--text->length] = '\0';
	if (!text->length)
		return "it printed no reason";
	line = strrchr(text->data, '\n');
	return line ? line + 1 : text->data;
}

static int collect(pid_t child, const char *name, int out_fd, int errors_fd, struct text *out,
		   struct error *err)
{
	struct text printed = TEXT_INIT;
	int status, result = 0;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return error_set(err, "can't wait for %s: %s", name, strerror(errno));
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		lseek(errors_fd, 0, SEEK_SET);
		read_all(errors_fd, &printed, NULL);
		result = error_set(err, "%s failed: %s", name, last_line(&printed));
	} else if (out) {
		lseek(out_fd, 0, SEEK_SET);
		result = read_all(out_fd, out, err);
	}
	text_fini(&printed);
	return result;
}

int tool_run(const char *const *argv, const char *directory, struct text *out, struct error *err)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	pid_t parent = getpid(), child;
	int out_fd, errors_fd, result;

	/* Files in memory instead of pipes: nobody has to read while it runs. */
	out_fd = memfd_create("stdout", MFD_CLOEXEC);
	errors_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (out_fd < 0 || errors_fd < 0) {
		result = error_set(err, "can't make a file in memory: %s", strerror(errno));
		goto out;
	}
	child = fork();
	if (!child)
		become(argv, directory, out_fd, errors_fd, parent);
	if (child < 0)
		result = error_set(err, "can't start %s: %s", name, strerror(errno));
	else
		result = collect(child, name, out_fd, errors_fd, out, err);
out:
	if (out_fd >= 0)
		close(out_fd);
	if (errors_fd >= 0)
		close(errors_fd);
	return result;
}
