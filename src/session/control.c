/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct control {
	int fd;
	struct spec *spec;
	struct text line; /* what has come of the next one */
};

struct control *control_open(const char *path, struct spec *spec, struct error *err)
{
	struct control *control;
	struct stat st;
	/* Open for writing as well: it must not end when a writer goes away. */
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) || !S_ISFIFO(st.st_mode)) {
		error_usage(err, "can't read changes from '%s': %s", path,
			    fd < 0 ? strerror(errno) : "it is not a FIFO");
		error_hint(err, "make one with \"mkfifo %s\"", path);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	control = calloc(1, sizeof(*control));
	if (!control) {
		close(fd);
		error_no_memory(err);
		return NULL;
	}
	control->fd = fd;
	control->spec = spec;
	return control;
}

static int change(struct spec *spec, const char *line, struct error *err)
{
	static const char unhook[] = "unhook ";

	if (!strncmp(line, unhook, sizeof(unhook) - 1))
		return spec_remove_hook(spec, line + sizeof(unhook) - 1, err);
	return spec_parse_line(spec, line, err);
}

static void obey(struct control *control, struct source *source, FILE *log)
{
	const char *line = text_string(&control->line);
	struct error err = {0};
	struct spec wanted, before;

	if (spec_copy(&wanted, control->spec, &err))
		goto fail;
	if (change(&wanted, line, &err) || source->ops->apply(source, &wanted, &err)) {
		spec_fini(&wanted);
		goto fail;
	}
	before = *control->spec;
	*control->spec = wanted;
	spec_fini(&before);
	return;
fail:
	fprintf(log, "'%s' is not done: %s\n", line, err.message);
	if (err.hint[0])
		fprintf(log, "  %s\n", err.hint);
}

void control_poll(struct control *control, struct source *source, FILE *log)
{
	char bytes[512];
	ssize_t n;

	while ((n = read(control->fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] != '\n') {
				text_add_char(&control->line, bytes[i]);
				continue;
			}
			if (!text_failed(&control->line) && control->line.length)
				obey(control, source, log);
			text_clear(&control->line);
		}
	}
}

void control_close(struct control *control)
{
	if (!control)
		return;
	close(control->fd);
	text_fini(&control->line);
	free(control);
}
