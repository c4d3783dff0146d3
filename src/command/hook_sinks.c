/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/hook_sinks.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "command/terminal.h"
#include "session/capture_sink.h"
#include "view/json.h"
#include "view/text.h"

/* For the outlet's thread: all of it to standard output. */
static int write_output(void *context, const void *bytes, size_t length, struct error *err)
{
	const char *at = bytes;

	while (length) {
		ssize_t n = write(STDOUT_FILENO, at, length);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};

			poll(&ready, 1, -1);
		} else if (n < 0 && errno != EINTR) {
			return error_set(err, "can't write the output: %s", strerror(errno));
		} else if (n > 0) {
			at += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

static struct sink *create_view(const struct hook_sinks *sinks, const struct hook_options *options,
				struct place_finder *places)
{
	bool calls = !options->output || options->print;
	const struct json_view_options json = {
		.stacks = options->spec.stacks,
		.places = places,
		.summary_only = !calls,
		.outlet = sinks->output,
	};
	const struct text_view_options text = {
		.color = color_wanted(options->color, stdout),
		.stacks = options->spec.stacks,
		.places = places,
		.relative = options->relative,
		.summary_only = !calls,
		.outlet = sinks->output,
		.width = terminal_width(stdout),
		.summary = stderr,
		.summary_color = color_wanted(options->color, stderr),
	};

	if (options->json)
		return json_view_create(stdout, &json);
	return text_view_create(stdout, &text);
}

static int open_capture(struct hook_sinks *sinks, const struct hook_options *options,
			struct error *err)
{
	struct sink *capture = options->split
				       ? capture_sink_create_parts(options->output, options->force,
								   &options->parts, err)
				       : capture_sink_create(options->output, options->force, err);

	if (!capture)
		return -1;
	sinks->sinks[sinks->n_sinks++] = sinks->capture = capture;
	if (options->pack && capture_sink_pack(capture, options->codec, err))
		return -1;
	if (options->minimal)
		capture_sink_be_minimal(capture);
	return capture_sink_buffer(capture, options->buffer_memory, err);
}

int hook_sinks_open(struct hook_sinks *sinks, const struct hook_options *options,
		    struct place_finder *places, struct error *err)
{
	bool prints = !options->output || options->print || options->json;
	struct sink *view;

	memset(sinks, 0, sizeof(*sinks));
	if (options->output && open_capture(sinks, options, err))
		return -1;
	if (prints) {
		sinks->output = outlet_create(options->buffer_memory, write_output, NULL, err);
		if (!sinks->output)
			return -1;
	}
	view = create_view(sinks, options, places);
	if (!view)
		return error_no_memory(err);
	sinks->sinks[sinks->n_sinks++] = view;
	return 0;
}

void hook_sinks_close(struct hook_sinks *sinks)
{
	while (sinks->n_sinks > 0) {
		sinks->n_sinks--;
		sinks->sinks[sinks->n_sinks]->ops->destroy(sinks->sinks[sinks->n_sinks]);
	}
	sinks->capture = NULL;
	outlet_destroy(sinks->output);
	sinks->output = NULL;
}

bool hook_sinks_waited(struct hook_sinks *sinks, struct error *why)
{
	struct outlet *capture = sinks->capture ? capture_sink_outlet(sinks->capture) : NULL;

	return (capture && outlet_was_full(capture, why)) ||
	       (sinks->output && outlet_was_full(sinks->output, why));
}
