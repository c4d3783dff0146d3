/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "windows/play.h"

#include <stdio.h>

#include "session/pump.h"

int play(struct source *source, const struct text_view_options *view, struct error *err)
{
	struct sink *sink = text_view_create(stdout, view);
	struct ledger ledger;
	int code;

	if (!sink)
		return error_no_memory(err);
	ledger_init(&ledger);
	code = pump_run(&(struct pump){.source = source, .sinks = &sink, .n_sinks = 1}, &ledger,
			err);
	if (!code)
		code = ledger_complete(&ledger) ? STATUS_OK : STATUS_INCOMPLETE;
	ledger_fini(&ledger);
	sink->ops->destroy(sink);
	return code;
}
