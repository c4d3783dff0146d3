/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session/control.h"

#include <stdlib.h>
#include <string.h>

#include "base/inlet.h"

struct control {
	struct inlet *inlet;
	struct spec *spec;
	struct text line; /* what has come of the next one */
};

struct control *control_open(const char *name, struct spec *spec, struct error *err)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control) {
		error_no_memory(err);
		return NULL;
	}
	control->spec = spec;
	control->inlet = inlet_open(name, err);
	if (control->inlet)
		return control;
	free(control);
	return NULL;
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
	size_t n;

	while ((n = inlet_read(control->inlet, bytes, sizeof(bytes)))) {
		for (size_t i = 0; i < n; i++) {
			/* Lines of Windows end with it; nowhere else has it a meaning. */
			if (bytes[i] == '\r')
				continue;
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
	inlet_close(control->inlet);
	text_fini(&control->line);
	free(control);
}
