/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command/mem_file.h"

#include "command/mem_capture.h"
#include "command/mem_report.h"
#include "source/capture_source.h"

static int report(struct mem_capture *capture, struct mem_options *options,
		  const struct growth *growth, struct error *err)
{
	const struct memory *memory = mem_capture_memory(capture, err);
	struct place_finder *places = NULL;
	struct memory_report about;
	struct namer *namer;
	int status;

	if (!memory)
		return -1;
	options->symbols.names = true;
	if (symbol_options_begin(&options->symbols, &places, &namer, err))
		return -1;
	capture_source_set_namer(capture->source, namer);
	mem_report_init(options, capture->source->ops->catalog(capture->source), &capture->ledger,
			&about);
	about.memory = memory;
	about.growth = growth;
	about.places = places;
	status = mem_report_put(options, &about, err);
	capture_source_set_namer(capture->source, NULL);
	symbol_options_end(&options->symbols, "mem");
	return status;
}

int mem_file_report(struct mem_options *options, const struct growth *growth,
		    const volatile sig_atomic_t *stop, struct error *err)
{
	struct mem_capture capture;
	int status;

	if (mem_capture_init(&capture, options->file, options->spec.memory_log, NULL, stop, err))
		return -1;
	status = report(&capture, options, growth, err);
	mem_capture_fini(&capture);
	return status;
}
