/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folded stacks: a line for each different one, outermost frame first, begun by the name of the
 * process, with the calls or the nanoseconds that it stands for. They come at the end, when the
 * sums are known.
 */
#include <stdlib.h>

#include "export/exporter.h"
#include "export/naming.h"
#include "export/stack_line.h"
#include "tally/intern.h"
#include "view/number.h"

struct folded {
	struct exporter base;
	struct stack_lines stacks;
	struct text line;
	struct intern lines;
	uint64_t *weights; /* by the line's number */
	size_t capacity;
};

static struct folded *folded_of(struct exporter *exporter)
{
	return (struct folded *)exporter;
}

static int init(struct exporter *exporter, struct error *err)
{
	struct folded *folded = folded_of(exporter);

	intern_init(&folded->lines);
	folded->stacks.outermost_first = true;
	if (exporter->options.by == EXPORT_BY_CALLS)
		exporter->places |= PLACE_NO_DURATION;
	return 0;
}

static int add_weight(struct folded *folded, uint32_t number, uint64_t weight, struct error *err)
{
	size_t capacity = folded->capacity ? folded->capacity : 256;
	uint64_t *weights;

	while (capacity <= number)
		capacity *= 2;
	if (capacity > folded->capacity) {
		weights = realloc(folded->weights, capacity * sizeof(*weights));
		if (!weights)
			return error_no_memory(err);
		for (size_t i = folded->capacity; i < capacity; i++)
			weights[i] = 0;
		folded->weights = weights;
		folded->capacity = capacity;
	}
	folded->weights[number] += weight;
	return 0;
}

static void print_line(struct folded *folded, const struct call *call)
{
	const struct record_view *record = call_record(call);
	const struct text *stack = stack_lines_get(&folded->stacks, folded->base.catalog, record);
	struct text *line = &folded->line;

	text_clear(line);
	naming_comm(record->header, line);
	for (size_t i = 0; i < line->length; i++) {
		if (line->data[i] == ';')
			line->data[i] = ':';
	}
	text_add_char(line, ';');
	if (stack->length)
		text_add_bytes(line, stack->data, stack->length);
	else
		naming_function(call->api, record->header->hook, line);
	line->failed |= stack->failed;
}

static int take_call(struct exporter *exporter, const struct call *call, struct error *err)
{
	struct folded *folded = folded_of(exporter);
	uint64_t weight = 1;
	uint32_t number;
	bool added;

	if (exporter->options.by == EXPORT_BY_DURATION && !call_duration(call, &weight))
		return 0;
	print_line(folded, call);
	if (text_failed(&folded->line))
		return error_no_memory(err);
	if (intern_add(&folded->lines, folded->line.data, folded->line.length, &number, &added,
		       err))
		return -1;
	return add_weight(folded, number, weight, err);
}

static int take_note(struct exporter *exporter, const struct record_view *note, struct error *err)
{
	stack_lines_forget(&folded_of(exporter)->stacks);
	return 0;
}

static int end(struct exporter *exporter, const struct ledger *ledger, struct error *err)
{
	struct folded *folded = folded_of(exporter);
	struct text *out = &exporter->output.text;

	for (uint32_t i = 0; i < folded->lines.count; i++) {
		text_add_bytes(out, intern_bytes(&folded->lines, i),
			       intern_length(&folded->lines, i));
		text_add_char(out, ' ');
		number_print(out, folded->weights[i]);
		text_add_char(out, '\n');
		if (output_spill(&exporter->output, err))
			return -1;
	}
	return 0;
}

static void fini(struct exporter *exporter)
{
	struct folded *folded = folded_of(exporter);

	stack_lines_fini(&folded->stacks);
	text_fini(&folded->line);
	intern_fini(&folded->lines);
	free(folded->weights);
}

const struct export_format export_format_folded = {
	.name = "folded",
	.size = sizeof(struct folded),
	.kind = EXPORT_TEXT,
	.weighs = true,
	.init = init,
	.take_call = take_call,
	.take_note = take_note,
	.end = end,
	.fini = fini,
};
