/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chrome's trace events as a JSON object: complete events ("X") for calls that have a duration,
 * instant ones ("i") for the others and for losses and the like, stacks as chains of stackFrames.
 * The format is described in "Trace Event Format" (Duca, Sinclair; Google, 2016). Its times are
 * microseconds; the digits behind the point keep the nanoseconds.
 */
#include <string.h>

#include "export/exporter.h"
#include "export/naming.h"
#include "export/threads.h"
#include "model/verdict.h"
#include "tally/intern.h"
#include "view/escape.h"
#include "view/json_event.h"
#include "view/number.h"
#include "view/stack.h"

/* A frame of a stack: its name and the number of its caller's frame + 1, or 0 for the outermost. */
struct chrome_frame {
	uint32_t name, parent;
};

struct chrome {
	struct exporter base;
	struct text name;
	struct threads threads;
	struct intern names;
	struct intern frames; /* each is a struct chrome_frame */
	const char *separator;
};

static struct chrome *chrome_of(struct exporter *exporter)
{
	return (struct chrome *)exporter;
}

static int init(struct exporter *exporter, struct error *err)
{
	struct chrome *chrome = chrome_of(exporter);

	threads_init(&chrome->threads);
	intern_init(&chrome->names);
	intern_init(&chrome->frames);
	chrome->separator = "\n";
	return 0;
}

static int begin(struct exporter *exporter, struct error *err)
{
	text_add(&exporter->output.text, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
	return 0;
}

static void add_number(struct text *out, const char *key, uint64_t number)
{
	text_add(out, ",\"");
	text_add(out, key);
	text_add(out, "\":");
	number_print(out, number);
}

static void add_string(struct text *out, const char *key, const char *string)
{
	text_add(out, ",\"");
	text_add(out, key);
	text_add(out, "\":");
	escape_json(out, string, strlen(string));
}

static void add_microseconds(struct text *out, const char *key, uint64_t ns)
{
	add_number(out, key, ns / 1000);
	text_add_char(out, '.');
	number_print_padded(out, ns % 1000, 3, '0');
}

/* Begin an event; what is gathered in chrome->name is its name. */
static void event_begin(struct chrome *chrome, const char *phase, uint32_t pid, uint32_t tid)
{
	struct text *out = &chrome->base.output.text;

	text_add(out, chrome->separator);
	chrome->separator = ",\n";
	text_add(out, "{\"ph\":\"");
	text_add(out, phase);
	text_add(out, "\",\"name\":");
	escape_json(out, text_string(&chrome->name), chrome->name.length);
	out->failed |= chrome->name.failed;
	text_clear(&chrome->name);
	add_number(out, "pid", pid);
	add_number(out, "tid", tid);
}

static void event_end(struct chrome *chrome)
{
	text_add(&chrome->base.output.text, "}}");
}

static void print_name_event(struct chrome *chrome, const char *what,
			     const struct kmn_header *header)
{
	struct text *out = &chrome->base.output.text;
	struct text name = TEXT_INIT;

	text_add(&chrome->name, what);
	event_begin(chrome, "M", header->pid, naming_thread(header));
	naming_thread_name(header, &name);
	text_add(out, ",\"args\":{\"name\":");
	escape_json(out, text_string(&name), name.length);
	out->failed |= name.failed;
	text_fini(&name);
	event_end(chrome);
}

/* The viewers want to be told what a thread is called; exec() calls it something else. */
static int introduce(struct chrome *chrome, const struct kmn_header *header, struct error *err)
{
	struct threads_news news;

	if (threads_meet(&chrome->threads, header, &news, err))
		return -1;
	if (news.process)
		print_name_event(chrome, "process_name", header);
	if (news.thread)
		print_name_event(chrome, "thread_name", header);
	return 0;
}

/* The number of the stack's innermost frame + 1; 0: it has none. */
static int intern_stack(struct chrome *chrome, const struct stack *stack, uint32_t *leaf,
			struct error *err)
{
	struct chrome_frame frame = {0};
	uint32_t number;
	bool added;

	for (uint16_t i = stack->n_frames; i > 0; i--) {
		text_clear(&chrome->name);
		naming_frame(chrome->base.catalog, stack->frames[i - 1], &chrome->name);
		if (text_failed(&chrome->name))
			return error_no_memory(err);
		if (intern_add(&chrome->names, text_string(&chrome->name), chrome->name.length,
			       &frame.name, &added, err) ||
		    intern_add(&chrome->frames, &frame, sizeof(frame), &number, &added, err))
			return -1;
		frame.parent = number + 1;
	}
	text_clear(&chrome->name);
	*leaf = frame.parent;
	return 0;
}

static int add_stack(struct chrome *chrome, const struct record_view *record, struct error *err)
{
	struct stack stack;
	uint32_t leaf = 0;

	if (!stack_of_record(chrome->base.catalog, record, &stack))
		return 0;
	if (intern_stack(chrome, &stack, &leaf, err))
		return -1;
	if (leaf)
		add_number(&chrome->base.output.text, "sf", leaf);
	return 0;
}

static void add_call_args(struct chrome *chrome, const struct call *call)
{
	const struct kmn_header *header = call_record(call)->header;
	const struct catalog *catalog = chrome->base.catalog;
	struct text *out = &chrome->base.output.text;

	text_add(out, ",\"args\":{\"state\":\"");
	text_add(out, call_state_name(call->state));
	text_add_char(out, '"');
	add_number(out, "cpu", header->cpu);
	add_string(out, "context", kmn_context_name(header->context));
	if (call->entry) {
		text_add(out, ",\"args\":");
		json_args_print(&catalog->apis, call->api, call->entry, out);
	}
	if (call->ret)
		json_result_print(&catalog->apis, call->api, call->ret, out);
}

static int take_call(struct exporter *exporter, const struct call *call, struct error *err)
{
	const struct record_view *record = call_record(call);
	struct chrome *chrome = chrome_of(exporter);
	struct text *out = &exporter->output.text;
	uint64_t duration;
	bool lasts = call_duration(call, &duration);

	if (introduce(chrome, record->header, err))
		return -1;
	naming_function(call->api, record->header->hook, &chrome->name);
	event_begin(chrome, lasts ? "X" : "i", record->header->pid, naming_thread(record->header));
	add_string(out, "cat", call->api && call->api->module ? call->api->module : "kernel");
	add_microseconds(out, "ts", call_start(call));
	if (lasts)
		add_microseconds(out, "dur", duration);
	else
		text_add(out, ",\"s\":\"t\"");
	if (add_stack(chrome, record, err))
		return -1;
	add_call_args(chrome, call);
	event_end(chrome);
	return 0;
}

static int take_note(struct exporter *exporter, const struct record_view *note, struct error *err)
{
	struct chrome *chrome = chrome_of(exporter);
	struct text *out = &exporter->output.text;

	naming_note(note, exporter->catalog, &chrome->name);
	event_begin(chrome, "i", note->header->pid, naming_thread(note->header));
	add_string(out, "cat", "kapimon");
	add_microseconds(out, "ts", note->header->time);
	text_add(out, ",\"s\":\"g\",\"args\":{\"kind\":\"");
	text_add(out, kmn_kind_name(note->header->kind));
	text_add_char(out, '"');
	if (note->header->kind == KMN_LOSS)
		add_number(out, "lost", note->args[0]);
	event_end(chrome);
	return 0;
}

static int print_frames(struct chrome *chrome, struct error *err)
{
	struct text *out = &chrome->base.output.text;

	text_add(out, "\n],\"stackFrames\":{");
	for (uint32_t i = 0; i < chrome->frames.count; i++) {
		const struct chrome_frame *frame = intern_bytes(&chrome->frames, i);

		text_add(out, i ? ",\n\"" : "\n\"");
		number_print(out, i + 1);
		text_add(out, "\":{\"name\":");
		escape_json(out, intern_bytes(&chrome->names, frame->name),
			    intern_length(&chrome->names, frame->name));
		if (frame->parent)
			add_number(out, "parent", frame->parent);
		text_add_char(out, '}');
		if (output_spill(&chrome->base.output, err))
			return -1;
	}
	return 0;
}

static int end(struct exporter *exporter, const struct ledger *ledger, struct error *err)
{
	const struct catalog *catalog = exporter->catalog;
	struct chrome *chrome = chrome_of(exporter);
	struct text *out = &exporter->output.text;

	if (print_frames(chrome, err))
		return -1;
	text_clear(&chrome->name);
	ledger_verdict(ledger, catalog, &chrome->name);
	text_add(out, "\n},\"otherData\":{\"verdict\":");
	escape_json(out, text_string(&chrome->name), chrome->name.length);
	add_string(out, "kernel", catalog->kernel ? catalog->kernel : "");
	add_string(out, "machine", catalog->machine ? catalog->machine : "");
	add_string(out, "host", catalog->host ? catalog->host : "");
	add_string(out, "version", "kapimon " KAPIMON_VERSION);
	text_add(out, "}}\n");
	out->failed |= chrome->name.failed;
	return 0;
}

static void fini(struct exporter *exporter)
{
	struct chrome *chrome = chrome_of(exporter);

	text_fini(&chrome->name);
	threads_fini(&chrome->threads);
	intern_fini(&chrome->names);
	intern_fini(&chrome->frames);
}

const struct export_format export_format_chrome = {
	.name = "chrome",
	.size = sizeof(struct chrome),
	.kind = EXPORT_TEXT,
	.places = PLACE_ALL,
	.init = init,
	.begin = begin,
	.take_call = take_call,
	.take_note = take_note,
	.end = end,
	.fini = fini,
};
