/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kapimon export: write a capture in the format of another program. */
#include <signal.h>
#include <string.h>

#include "command/command.h"
#include "command/options.h"
#include "command/progress.h"
#include "command/select_options.h"
#include "command/symbol_options.h"
#include "export/export.h"
#include "session/pump.h"
#include "source/capture_source.h"

enum option {
	OPTION_TO,
	OPTION_OUTPUT,
	OPTION_FORCE,
	OPTION_BY,
};

static const struct option_row rows[] = {
	{'t', "to", "FORMAT", "the format, one of those above", OPTION_TO},
	{'o', "output", "OUT", "write to this file, not to standard output", OPTION_OUTPUT},
	{0, "force", NULL, "overwrite a file that is there", OPTION_FORCE},
	{0, "by", "WHAT", "what a folded stack counts: calls or duration (nanoseconds)", OPTION_BY},
	SELECT_OPTION_ROWS,
	/* What "show" calls --from and --to: here --to names the format. */
	{0, "since", "TIME", "only calls made at this time or later: 1.5s, 12:01:03", SELECT_FROM},
	{0, "until", "TIME", "only calls made before this time", SELECT_TO},
};

struct export
{
	const char *path;
	struct select select;
	const struct export_format *format;
	struct export_options options;
	bool weighed;
};

static int set_weight(struct export *export, const char *value, struct error *err)
{
	export->weighed = true;
	if (!strcmp(value, "calls"))
		export->options.by = EXPORT_BY_CALLS;
	else if (!strcmp(value, "duration"))
		export->options.by = EXPORT_BY_DURATION;
	else
		return error_usage(err, "expected calls or duration, not '%s'", value);
	return 0;
}

static int set_option(void *context, int id, const char *value, struct error *err)
{
	struct export *export = context;

	if (select_is_option(id))
		return select_set_option(&export->select, id, value, err);
	switch ((enum option)id) {
	case OPTION_TO:
		export->format = export_format_find(value, err);
		return export->format ? 0 : -1;
	case OPTION_OUTPUT:
		export->options.path = value;
		return 0;
	case OPTION_FORCE:
		export->options.force = true;
		return 0;
	case OPTION_BY:
		return set_weight(export, value, err);
	}
	return 0;
}

static const struct options options = {
	.usage = "--to FORMAT [OPTION]... FILE",
	.summary = "Write the calls in a capture in a format that other programs read.\n"
		   "FILE \"-\" is standard input.\n\nFormats:"
#define FORMAT_LINE(identifier, name, summary) "\n  " name ": " summary
	EXPORT_FORMATS(FORMAT_LINE),
#undef FORMAT_LINE
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
	.set = set_option,
};

static int check(struct export *export, const struct options_rest *rest, struct error *err)
{
	size_t n = rest->n_arguments + rest->n_behind;

	if (!export->format) {
		error_usage(err, "into which format?");
		return error_hint(err, "name it with --to; --help lists them");
	}
	if (export->weighed && !export_format_weighs(export->format))
		return error_usage(err, "--by makes no sense with --to %s",
				   export_format_name(export->format));
	if (n != 1) {
		error_usage(err, n ? "only one capture can be exported at a time"
				   : "which capture is to be exported?");
		return error_hint(err, "expected kapimon export --to FORMAT FILE, or - for "
				       "standard input");
	}
	export->path = rest->n_arguments ? rest->arguments[0] : rest->behind[0];
	return 0;
}

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

/* What has come so far is exported; a second signal ends the program at once. */
static void catch_signals(bool to_file)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Nobody reads what is told: that is no reason to leave half a file behind. */
	if (to_file)
		signal(SIGPIPE, SIG_IGN);
}

/* What the pump asks once a turn; it is never a reason to stop. */
static bool show_progress(void *context)
{
	progress_show(context);
	return false;
}

/* `source` is what was chosen from `capture`. */
static int run(const struct export *export, struct source *capture, struct source *source,
	       struct error *err)
{
	struct sink *sink = export_create(export->format, &export->options, err);
	struct progress progress;
	struct pump pump = {.source = source,
			    .sinks = &sink,
			    .n_sinks = 1,
			    .stop = &interrupted,
			    .finished = show_progress,
			    .context = &progress};
	bool to_file = export->options.path && strcmp(export->options.path, "-");
	struct ledger ledger;
	int status;

	if (!sink)
		return -1;
	progress_init(&progress, capture, export->path, to_file);
	ledger_init(&ledger);
	catch_signals(to_file);
	status = pump_run(&pump, &ledger, err);
	progress_fini(&progress);
	fputs(capture_source_trouble(capture), stderr);
	if (!status)
		status = export_tell(sink, &ledger, stderr, err);
	if (!status && interrupted)
		fputs("interrupted: what follows in the capture is not in the output\n", stderr);
	if (!status && (interrupted || !ledger_complete(&ledger)))
		status = STATUS_INCOMPLETE;
	ledger_fini(&ledger);
	sink->ops->destroy(sink);
	return status;
}

static int export_capture(struct export *export, struct error *err)
{
	struct source *capture = capture_source_open(export->path, err);
	struct symbol_options symbols = {.names = true, .modules = true};
	struct place_finder *places;
	struct source *source;
	struct namer *namer;
	int status;

	if (!capture)
		return -1;
	if (symbol_options_begin(&symbols, &places, &namer, err)) {
		capture->ops->close(capture);
		return -1;
	}
	capture_source_set_namer(capture, namer);
	source = select_source(&export->select, capture, err);
	status = source ? run(export, capture, source, err) : -1;
	symbol_options_end(&symbols, "export");
	if (source)
		source->ops->close(source);
	return status;
}

int command_export(int argc, char **argv, struct error *err)
{
	struct export export = {0};
	struct options_rest rest;
	int status;

	select_init(&export.select);
	status = options_parse(&options, argc, argv, &export, &rest, err);
	if (!status)
		status = check(&export, &rest, err) ? -1 : export_capture(&export, err);
	else if (status > 0)
		status = STATUS_OK;
	select_fini(&export.select);
	return status;
}

const struct options *command_export_options(void)
{
	return &options;
}
