/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Perfetto trace: a stream of TracePackets, whose messages are described in protos/perfetto/trace
 * of https://github.com/google/perfetto. Each call is a slice of its thread's track, with its
 * arguments and its result as annotations and its stack as a call stack; calls without a duration
 * are instants. The slices come in order of their ends, the viewer sorts them.
 */
#include <string.h>

#include "export/args.h"
#include "export/exporter.h"
#include "export/naming.h"
#include "export/perfetto_tables.h"
#include "export/protobuf.h"
#include "export/threads.h"
#include "model/verdict.h"
#include "view/stack.h"

enum trace_field { TRACE_PACKET = 1 };

enum packet_field {
	PACKET_CLOCKS = 6,
	PACKET_TIME = 8,
	PACKET_SEQUENCE = 10,
	PACKET_EVENT = 11,
	PACKET_INTERNED = 12,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_DEFAULTS = 59,
	PACKET_TRACK = 60,
};

enum clock_field { CLOCKS_CLOCK = 1, CLOCKS_PRIMARY = 2, CLOCK_ID = 1, CLOCK_TIME = 2 };
enum builtin_clock { CLOCK_IS_REALTIME = 1, CLOCK_IS_MONOTONIC = 3 };
enum defaults_field { DEFAULTS_CLOCK = 58 };
enum sequence_flags { SEQUENCE_BEGINS = 1, SEQUENCE_GOES_ON = 2 };

enum track_field {
	TRACK_UUID = 1,
	TRACK_NAME = 2,
	TRACK_PROCESS = 3,
	TRACK_THREAD = 4,
	TRACK_PARENT = 5,
};

enum process_field { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum thread_field { THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };

enum event_field {
	EVENT_CATEGORY = 3,
	EVENT_ANNOTATION = 4,
	EVENT_TYPE = 9,
	EVENT_NAME = 10,
	EVENT_TRACK = 11,
	EVENT_STACK = 56,
};

enum event_type { EVENT_BEGIN = 1, EVENT_END = 2, EVENT_INSTANT = 3 };

enum annotation_field {
	ANNOTATION_NAME = 1,
	ANNOTATION_BOOL = 2,
	ANNOTATION_UNSIGNED = 3,
	ANNOTATION_SIGNED = 4,
	ANNOTATION_STRING = 6,
	ANNOTATION_POINTER = 7,
	ANNOTATION_DICT = 11,
};

/* All our packets are of one writer. */
#define SEQUENCE 1

/* The track of what belongs to no thread; those of processes and threads are above. */
#define NOTES_TRACK 1u

/* No thread is number 0 here. A thread's number may come again in another process. */
static uint64_t process_track(const struct kmn_header *header)
{
	return ((uint64_t)header->pid + 1) << 32;
}

static uint64_t thread_track(const struct kmn_header *header)
{
	return process_track(header) | naming_thread(header);
}

struct perfetto {
	struct exporter base;
	struct threads threads;
	struct perfetto_tables tables;
	struct text event; /* of the packet under way */
	struct text name;
};

static struct perfetto *perfetto_of(struct exporter *exporter)
{
	return (struct perfetto *)exporter;
}

static int init(struct exporter *exporter, struct error *err)
{
	struct perfetto *perfetto = perfetto_of(exporter);

	threads_init(&perfetto->threads);
	perfetto_tables_init(&perfetto->tables);
	return 0;
}

static void add_clock(struct text *out, enum builtin_clock clock, uint64_t time)
{
	size_t begin = proto_begin(out, CLOCKS_CLOCK);

	proto_number(out, CLOCK_ID, clock);
	proto_number(out, CLOCK_TIME, time);
	proto_end(out, begin);
}

static void add_notes_track(struct text *out)
{
	size_t packet = proto_begin(out, TRACE_PACKET);
	size_t track = proto_begin(out, PACKET_TRACK);

	proto_number(out, TRACK_UUID, NOTES_TRACK);
	proto_string(out, TRACK_NAME, "Kapimon");
	proto_end(out, track);
	proto_number(out, PACKET_SEQUENCE, SEQUENCE);
	proto_end(out, packet);
}

static int begin(struct exporter *exporter, struct error *err)
{
	const struct catalog *catalog = exporter->catalog;
	struct text *out = &exporter->output.text;
	size_t packet = proto_begin(out, TRACE_PACKET);
	size_t part = proto_begin(out, PACKET_CLOCKS);

	add_clock(out, CLOCK_IS_MONOTONIC, catalog->start);
	add_clock(out, CLOCK_IS_REALTIME, catalog->start + (uint64_t)catalog->clock_offset);
	proto_number(out, CLOCKS_PRIMARY, CLOCK_IS_MONOTONIC);
	proto_end(out, part);
	proto_number(out, PACKET_SEQUENCE, SEQUENCE);
	proto_number(out, PACKET_SEQUENCE_FLAGS, SEQUENCE_BEGINS);
	part = proto_begin(out, PACKET_DEFAULTS);
	proto_number(out, DEFAULTS_CLOCK, CLOCK_IS_MONOTONIC);
	proto_end(out, part);
	proto_end(out, packet);
	add_notes_track(out);
	return 0;
}

static void add_process(struct perfetto *perfetto, const struct kmn_header *header)
{
	struct text *out = &perfetto->base.output.text;
	size_t packet = proto_begin(out, TRACE_PACKET);
	size_t track = proto_begin(out, PACKET_TRACK), inner;

	proto_number(out, TRACK_UUID, process_track(header));
	inner = proto_begin(out, TRACK_PROCESS);
	proto_number(out, PROCESS_PID, header->pid);
	text_clear(&perfetto->name);
	naming_comm(header, &perfetto->name);
	proto_string(out, PROCESS_NAME, text_string(&perfetto->name));
	proto_end(out, inner);
	proto_end(out, track);
	proto_number(out, PACKET_SEQUENCE, SEQUENCE);
	proto_end(out, packet);
}

static void add_thread(struct perfetto *perfetto, const struct kmn_header *header)
{
	struct text *out = &perfetto->base.output.text;
	size_t packet = proto_begin(out, TRACE_PACKET);
	size_t track = proto_begin(out, PACKET_TRACK), inner;

	proto_number(out, TRACK_UUID, thread_track(header));
	proto_number(out, TRACK_PARENT, process_track(header));
	inner = proto_begin(out, TRACK_THREAD);
	proto_number(out, THREAD_PID, header->pid);
	proto_number(out, THREAD_TID, naming_thread(header));
	text_clear(&perfetto->name);
	naming_thread_name(header, &perfetto->name);
	proto_string(out, THREAD_NAME, text_string(&perfetto->name));
	proto_end(out, inner);
	proto_end(out, track);
	proto_number(out, PACKET_SEQUENCE, SEQUENCE);
	proto_end(out, packet);
}

static int introduce(struct perfetto *perfetto, const struct kmn_header *header, struct error *err)
{
	struct threads_news news;

	if (threads_meet(&perfetto->threads, header, &news, err))
		return -1;
	if (news.process)
		add_process(perfetto, header);
	if (news.thread)
		add_thread(perfetto, header);
	return 0;
}

/* The event that has been put together, with what it names for the first time. */
static int packet_put(struct perfetto *perfetto, uint64_t time, struct error *err)
{
	struct text *out = &perfetto->base.output.text, *fresh = &perfetto->tables.fresh;
	size_t packet = proto_begin(out, TRACE_PACKET);

	if (text_failed(&perfetto->event) || text_failed(fresh))
		return error_no_memory(err);
	proto_number(out, PACKET_TIME, time);
	if (fresh->length)
		proto_bytes(out, PACKET_INTERNED, fresh->data, fresh->length);
	proto_bytes(out, PACKET_EVENT, perfetto->event.data, perfetto->event.length);
	proto_number(out, PACKET_SEQUENCE, SEQUENCE);
	proto_number(out, PACKET_SEQUENCE_FLAGS, SEQUENCE_GOES_ON);
	proto_end(out, packet);
	text_clear(&perfetto->event);
	text_clear(fresh);
	return 0;
}

static int name_annotation(struct perfetto *perfetto, const char *name, struct error *err)
{
	uint64_t id;

	if (perfetto_table_string(&perfetto->tables, PERFETTO_ANNOTATION_NAMES, name, &id, err))
		return -1;
	proto_number(&perfetto->event, ANNOTATION_NAME, id);
	return 0;
}

static void add_datum(struct text *out, const struct datum *datum)
{
	switch (datum->kind) {
	case DATUM_NONE:
		proto_string(out, ANNOTATION_STRING, "");
		break;
	case DATUM_SIGNED:
		proto_number(out, ANNOTATION_SIGNED, datum->number);
		break;
	case DATUM_UNSIGNED:
		proto_number(out, ANNOTATION_UNSIGNED, datum->number);
		break;
	case DATUM_BOOL:
		proto_number(out, ANNOTATION_BOOL, datum->number);
		break;
	case DATUM_ADDRESS:
		proto_number(out, ANNOTATION_POINTER, datum->number);
		break;
	case DATUM_TEXT:
		proto_string(out, ANNOTATION_STRING, datum->text);
		break;
	}
}

static int add_annotation(struct perfetto *perfetto, uint32_t field, const char *name,
			  const struct datum *datum, struct error *err)
{
	size_t begin = proto_begin(&perfetto->event, field);

	if (name_annotation(perfetto, name, err))
		return -1;
	add_datum(&perfetto->event, datum);
	proto_end(&perfetto->event, begin);
	return 0;
}

static int add_text_annotation(struct perfetto *perfetto, const char *name, const char *value,
			       struct error *err)
{
	struct datum datum = {.kind = DATUM_TEXT, .text = value};

	return add_annotation(perfetto, EVENT_ANNOTATION, name, &datum, err);
}

static int add_arg(void *context, const char *name, const struct datum *datum, struct error *err)
{
	return add_annotation(context, ANNOTATION_DICT, name, datum, err);
}

/* The arguments are a dictionary of their own: they can be called anything. */
static int add_args(struct perfetto *perfetto, const struct call *call, struct error *err)
{
	size_t begin;

	if (!call->entry || !call->entry->header->n_args)
		return 0;
	begin = proto_begin(&perfetto->event, EVENT_ANNOTATION);
	if (name_annotation(perfetto, "args", err) ||
	    args_each(perfetto->base.catalog, call->api, call->entry, add_arg, perfetto, err))
		return -1;
	proto_end(&perfetto->event, begin);
	return 0;
}

static int add_where(struct perfetto *perfetto, const struct call *call, struct error *err)
{
	const struct kmn_header *header = call_record(call)->header;
	struct datum cpu = {.kind = DATUM_UNSIGNED, .number = header->cpu};

	if (add_annotation(perfetto, EVENT_ANNOTATION, "cpu", &cpu, err) ||
	    add_text_annotation(perfetto, "context", kmn_context_name(header->context), err))
		return -1;
	return add_text_annotation(perfetto, "state", call_state_name(call->state), err);
}

static int add_result(struct perfetto *perfetto, const struct call *call, struct error *err)
{
	const char *error = args_error(call);
	struct datum datum;

	text_clear(&perfetto->name);
	if (args_result(perfetto->base.catalog, call, &perfetto->name, &datum) &&
	    add_annotation(perfetto, EVENT_ANNOTATION, "result", &datum, err))
		return -1;
	return error ? add_text_annotation(perfetto, "error", error, err) : 0;
}

static int add_stack(struct perfetto *perfetto, const struct record_view *record, struct error *err)
{
	struct stack stack;
	uint64_t id;

	if (!stack_of_record(perfetto->base.catalog, record, &stack) || !stack.n_frames)
		return 0;
	if (perfetto_table_stack(&perfetto->tables, perfetto->base.catalog, &stack, &id, err))
		return -1;
	proto_number(&perfetto->event, EVENT_STACK, id);
	return 0;
}

static int add_head(struct perfetto *perfetto, enum event_type type, uint64_t track,
		    const char *name, const char *category, struct error *err)
{
	uint64_t name_id, category_id;

	if (perfetto_table_string(&perfetto->tables, PERFETTO_EVENT_NAMES, name, &name_id, err) ||
	    perfetto_table_string(&perfetto->tables, PERFETTO_CATEGORIES, category, &category_id,
				  err))
		return -1;
	proto_number(&perfetto->event, EVENT_TYPE, type);
	proto_number(&perfetto->event, EVENT_TRACK, track);
	proto_number(&perfetto->event, EVENT_NAME, name_id);
	proto_number(&perfetto->event, EVENT_CATEGORY, category_id);
	return 0;
}

static int take_call(struct exporter *exporter, const struct call *call, struct error *err)
{
	const struct record_view *record = call_record(call);
	struct perfetto *perfetto = perfetto_of(exporter);
	uint64_t track = thread_track(record->header);
	uint64_t start = call_start(call), duration;
	bool lasts = call_duration(call, &duration);
	struct text name = TEXT_INIT;
	int status;

	if (introduce(perfetto, record->header, err))
		return -1;
	naming_function(call->api, record->header->hook, &name);
	status = add_head(perfetto, lasts ? EVENT_BEGIN : EVENT_INSTANT, track, text_string(&name),
			  "call", err);
	text_fini(&name);
	if (status || add_where(perfetto, call, err) || add_args(perfetto, call, err) ||
	    add_stack(perfetto, record, err))
		return -1;
	if (lasts) {
		if (packet_put(perfetto, start, err))
			return -1;
		start += duration;
		proto_number(&perfetto->event, EVENT_TYPE, EVENT_END);
		proto_number(&perfetto->event, EVENT_TRACK, track);
	}
	return add_result(perfetto, call, err) || packet_put(perfetto, start, err) ? -1 : 0;
}

/* What is gathered in perfetto->name, as an event of no thread. */
static int put_note(struct perfetto *perfetto, const char *category, uint64_t time,
		    struct error *err)
{
	if (text_failed(&perfetto->name))
		return error_no_memory(err);
	if (add_head(perfetto, EVENT_INSTANT, NOTES_TRACK, text_string(&perfetto->name), category,
		     err))
		return -1;
	return packet_put(perfetto, time, err);
}

static int take_note(struct exporter *exporter, const struct record_view *note, struct error *err)
{
	struct perfetto *perfetto = perfetto_of(exporter);

	perfetto_tables_forget(&perfetto->tables);
	text_clear(&perfetto->name);
	naming_note(note, exporter->catalog, &perfetto->name);
	return put_note(perfetto, kmn_kind_name(note->header->kind), note->header->time, err);
}

static int end(struct exporter *exporter, const struct ledger *ledger, struct error *err)
{
	struct perfetto *perfetto = perfetto_of(exporter);
	uint64_t start = exporter->catalog->start;

	text_clear(&perfetto->name);
	ledger_verdict(ledger, exporter->catalog, &perfetto->name);
	return put_note(perfetto, "verdict", exporter->time ? exporter->time : start, err);
}

static void fini(struct exporter *exporter)
{
	struct perfetto *perfetto = perfetto_of(exporter);

	threads_fini(&perfetto->threads);
	perfetto_tables_fini(&perfetto->tables);
	text_fini(&perfetto->event);
	text_fini(&perfetto->name);
}

const struct export_format export_format_perfetto = {
	.name = "perfetto",
	.size = sizeof(struct perfetto),
	.kind = EXPORT_BINARY,
	.places = PLACE_ALL,
	.init = init,
	.begin = begin,
	.take_call = take_call,
	.take_note = take_note,
	.end = end,
	.fini = fini,
};
