/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is told at the end of an export: how many calls there were, what the format had no place
 * for, whether the capture is complete.
 */
#include <errno.h>
#include <string.h>

#include "export/exporter.h"
#include "model/verdict.h"
#include "view/number.h"
#include "view/summary.h"

/* "3 returns without their entry"; nothing for none. */
static void add_count(struct text *out, const char **separator, uint64_t count, const char *one,
		      const char *many)
{
	if (!count)
		return;
	text_add(out, *separator);
	*separator = ", ";
	number_print_grouped(out, count);
	text_add_char(out, ' ');
	text_add(out, count == 1 ? one : many);
}

static void add_calls(const struct exporter *exporter, struct text *out)
{
	const uint64_t *counts = exporter->calls.counts;
	const char *separator = "";
	uint64_t total = 0;

	for (int i = 0; i < CALL_N_STATES; i++)
		total += counts[i];
	number_print_grouped(out, total);
	text_add(out, total == 1 ? " call" : " calls");
	if (counts[CALL_NOT_RETURNED] || counts[CALL_NO_ENTRY])
		text_add(out, ", among them ");
	add_count(out, &separator, counts[CALL_NOT_RETURNED], "that has not returned",
		  "that have not returned");
	add_count(out, &separator, counts[CALL_NO_ENTRY], "return without its entry",
		  "returns without their entry");
	text_add_char(out, '\n');
}

/* The sentence of what could not be carried, if there is anything. */
static void add_left_out(const struct exporter *exporter, struct text *out)
{
	struct text list = TEXT_INIT;
	const char *separator = "";

	if (!(exporter->places & PLACE_NO_DURATION))
		add_count(&list, &separator, exporter->no_duration, "call without a known duration",
			  "calls without a known duration");
	if (!(exporter->places & PLACE_LOSSES) && exporter->losses) {
		add_count(&list, &separator, exporter->losses, "gap", "gaps");
		separator = " where ";
		add_count(&list, &separator, exporter->lost, "record was lost",
			  "records were lost");
		separator = ", ";
	}
	if (!(exporter->places & PLACE_SUSPENSIONS))
		add_count(&list, &separator, exporter->suspensions,
			  "beginning or end of a suspension", "beginnings or ends of suspensions");
	if (!(exporter->places & PLACE_MODULES))
		add_count(&list, &separator, exporter->module_events, "module loaded or unloaded",
			  "modules loaded or unloaded");
	if (list.length)
		text_addf(out, "not in the %s output, which has no place for it: %s\n",
			  exporter->format->name, text_string(&list));
	out->failed |= list.failed;
	text_fini(&list);
}

int export_tell(const struct sink *sink, const struct ledger *ledger, FILE *out, struct error *err)
{
	const struct exporter *exporter = (const struct exporter *)sink;
	struct output notes = {.file = out};
	int status;

	if (!exporter->format->take_record) {
		add_calls(exporter, &notes.text);
		add_left_out(exporter, &notes.text);
	}
	summary_print_reading(ledger, &notes.text);
	ledger_verdict(ledger, exporter->catalog, &notes.text);
	text_add_char(&notes.text, '\n');
	status = output_flush(&notes, err);
	text_fini(&notes.text);
	return status;
}
