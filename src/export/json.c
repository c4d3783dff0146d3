/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON, one object a line: every record as it is, the ledger as the last. */
#include "export/exporter.h"
#include "view/json_event.h"

static int take_record(struct exporter *exporter, const struct record_view *record,
		       struct error *err)
{
	json_event_print(exporter->catalog, record, true, NULL, &exporter->output.text);
	return 0;
}

static int end(struct exporter *exporter, const struct ledger *ledger, struct error *err)
{
	json_ledger_print(exporter->catalog, ledger, &exporter->output.text);
	return 0;
}

const struct export_format export_format_json = {
	.name = "json",
	.size = sizeof(struct exporter),
	.kind = EXPORT_TEXT,
	.places = PLACE_ALL,
	.take_record = take_record,
	.end = end,
};
