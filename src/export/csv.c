/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of calls as comma-separated values: RFC 4180, so lines end in CR and LF, and a field with
 * a comma or a quote is in quotes.
 */
#include <string.h>

#include "export/exporter.h"
#include "export/naming.h"
#include "export/stack_line.h"
#include "view/escape.h"
#include "view/number.h"
#include "view/value.h"

static const char header_line[] =
	"time,monotonic,duration,state,cpu,context,pid,tid,comm,hook,function,module,args,result,"
	"error,stack\r\n";

struct csv {
	struct exporter base;
	struct text field;
	struct stack_lines stacks;
};

static struct csv *csv_of(struct exporter *exporter)
{
	return (struct csv *)exporter;
}

static int begin(struct exporter *exporter, struct error *err)
{
	text_add(&exporter->output.text, header_line);
	return 0;
}

static void add_field(struct text *out, const char *bytes, size_t length)
{
	bool quoted = false;

	for (size_t i = 0; i < length && !quoted; i++)
		quoted = bytes[i] == ',' || bytes[i] == '"' || bytes[i] == '\r' || bytes[i] == '\n';
	if (!quoted) {
		text_add_bytes(out, bytes, length);
		return;
	}
	text_add_char(out, '"');
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '"')
			text_add_char(out, '"');
		text_add_char(out, bytes[i]);
	}
	text_add_char(out, '"');
}

static void add_number(struct text *out, uint64_t number)
{
	number_print(out, number);
	text_add_char(out, ',');
}

static void add_string(struct text *out, const char *string)
{
	if (string)
		add_field(out, string, strlen(string));
	text_add_char(out, ',');
}

/* What was gathered in csv->field, which is empty again. */
static void add_gathered(struct csv *csv, struct text *out)
{
	add_field(out, text_string(&csv->field), csv->field.length);
	text_add_char(out, ',');
	out->failed |= csv->field.failed;
	text_clear(&csv->field);
}

static void add_who(struct csv *csv, const struct kmn_header *header, struct text *out)
{
	add_number(out, header->cpu);
	add_string(out, kmn_context_name(header->context));
	add_number(out, header->pid);
	add_number(out, header->tid);
	naming_comm(header, &csv->field);
	add_gathered(csv, out);
}

static void add_function(struct csv *csv, const struct call *call, struct text *out)
{
	uint32_t hook = call_record(call)->header->hook;

	add_number(out, hook);
	naming_function(call->api, hook, &csv->field);
	add_gathered(csv, out);
	if (call->api && call->api->module)
		escape_print(&csv->field, call->api->module, strlen(call->api->module), 0);
	add_gathered(csv, out);
}

static void add_result(struct csv *csv, const struct call *call, struct text *out)
{
	static const struct value_type unknown = {.kind = VALUE_UNKNOWN};
	const struct value_type *type =
		call->api && call->api->typed ? &call->api->result : &unknown;

	if (!call->ret) {
		text_add(out, ",,");
		return;
	}
	/* A number stays one, its error's name has a column of its own. */
	if (type->kind == VALUE_SIGNED)
		number_print_signed(&csv->field, value_signed(call->ret->ret->value, type->size));
	else
		value_print_result(&csv->field, &csv->base.catalog->apis, type,
				   call->ret->ret->value);
	add_gathered(csv, out);
	add_string(out, value_error(type, call->ret->ret->value));
}

static int take_call(struct exporter *exporter, const struct call *call, struct error *err)
{
	const struct record_view *record = call_record(call);
	struct text *out = &exporter->output.text;
	struct csv *csv = csv_of(exporter);
	uint64_t start = call_start(call), duration;
	const struct text *stack;

	add_number(out, start + (uint64_t)exporter->catalog->clock_offset);
	add_number(out, start);
	if (call_duration(call, &duration))
		number_print(out, duration);
	text_add_char(out, ',');
	add_string(out, call_state_name(call->state));
	add_who(csv, record->header, out);
	add_function(csv, call, out);
	if (call->entry)
		value_print_params(&csv->field, &exporter->catalog->apis, call->api, call->entry);
	add_gathered(csv, out);
	add_result(csv, call, out);
	stack = stack_lines_get(&csv->stacks, exporter->catalog, record);
	add_field(out, text_string(stack), stack->length);
	text_add(out, "\r\n");
	out->failed |= stack->failed;
	return 0;
}

static int take_note(struct exporter *exporter, const struct record_view *note, struct error *err)
{
	stack_lines_forget(&csv_of(exporter)->stacks);
	return 0;
}

static void fini(struct exporter *exporter)
{
	text_fini(&csv_of(exporter)->field);
	stack_lines_fini(&csv_of(exporter)->stacks);
}

const struct export_format export_format_csv = {
	.name = "csv",
	.size = sizeof(struct csv),
	.kind = EXPORT_TEXT,
	.places = PLACE_NO_DURATION,
	.begin = begin,
	.take_call = take_call,
	.take_note = take_note,
	.fini = fini,
};
