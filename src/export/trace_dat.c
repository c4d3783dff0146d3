/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of trace-cmd(1), as trace-cmd.dat.v6(5) describes it. Each record is an event of a system
 * "kapimon", whose formats go with the file; the stack of an entry follows it as the kernel_stack
 * event that ftrace has for that. The file begins with what is known only at the end (names of
 * symbols and threads, sizes), so the events wait in a scratch file.
 */
#include <string.h>

#include "export/exporter.h"
#include "export/naming.h"
#include "export/ring.h"
#include "export/threads.h"
#include "model/verdict.h"
#include "tally/intern.h"
#include "view/escape.h"
#include "view/number.h"
#include "view/stack.h"
#include "view/value.h"

/* Strings longer than anything that fits a record; with names from a damaged capture all is one. */
#define MAX_STRING 16000u

#define FIRST_ID 2000u
#define ID_VERDICT (FIRST_ID + 100)
#define ID_STACK 4u /* TRACE_STACK of kernel/trace/trace.h */

/* enum trace_flag_type of include/linux/trace_events.h */
enum trace_flag { FLAG_HARDIRQ = 0x08, FLAG_SOFTIRQ = 0x10, FLAG_NMI = 0x40 };

/* trace-cmd-private.h: what clock the times are of */
#define OPTION_CLOCK 4

#define COMMON_FIELDS                                                                              \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"                     \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"             \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

#define CALL_FIELDS                                                                                \
	"\tfield:u64 sequence;\toffset:16;\tsize:8;\tsigned:0;\n"                                  \
	"\tfield:u32 tgid;\toffset:24;\tsize:4;\tsigned:0;\n"                                      \
	"\tfield:u32 hook;\toffset:28;\tsize:4;\tsigned:0;\n"

static const char entry_format[] =
	"\tfield:__data_loc char[] function;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc char[] args;\toffset:12;\tsize:4;\tsigned:1;\n" CALL_FIELDS
	"\nprint fmt: \"%s(%s)\", __get_str(function), __get_str(args)\n";

static const char return_format[] =
	"\tfield:__data_loc char[] function;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc char[] result;\toffset:12;\tsize:4;\tsigned:1;\n" CALL_FIELDS
	"\tfield:s64 value;\toffset:32;\tsize:8;\tsigned:1;\n"
	"\tfield:u64 duration;\toffset:40;\tsize:8;\tsigned:0;\n"
	"\tfield:u64 entry_sequence;\toffset:48;\tsize:8;\tsigned:0;\n"
	"\tfield:u32 entry_cpu;\toffset:56;\tsize:4;\tsigned:0;\n"
	"\tfield:u32 unpaired;\toffset:60;\tsize:4;\tsigned:0;\n"
	"\nprint fmt: \"%s = %s duration=%llu unpaired=%u\", __get_str(function),"
	" __get_str(result), REC->duration, REC->unpaired\n";

static const char note_format[] = "\tfield:__data_loc char[] text;\toffset:8;\tsize:4;\tsigned:1;\n"
				  "\tfield:u32 hook;\toffset:12;\tsize:4;\tsigned:0;\n"
				  "\tfield:u64 count;\toffset:16;\tsize:8;\tsigned:0;\n"
				  "\nprint fmt: \"%s\", __get_str(text)\n";

static const char stack_format[] =
	"name: kernel_stack\nID: 4\nformat:\n" COMMON_FIELDS
	"\tfield:int size;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:unsigned long caller[];\toffset:16;\tsize:0;\tsigned:0;\n"
	"\nprint fmt: \"\\t=> %ps\\n\", (void *)REC->caller[0]\n";

static const char header_page[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				  "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
				  "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
				  "\tfield: char data;\toffset:16;\tsize:65520;\tsigned:1;\n";

static const char header_event[] = "# compressed entry header\n"
				   "\ttype_len    :    5 bits\n"
				   "\ttime_delta  :   27 bits\n"
				   "\tarray       :   32 bits\n\n"
				   "\tpadding     : type == 29\n"
				   "\ttime_extend : type == 30\n"
				   "\ttime_stamp : type == 31\n"
				   "\tdata max type_len  == 28\n";

/* Names of fields and events can't have a "-". */
static const struct event {
	uint32_t id;
	const char *name, *format;
} events[] = {
	{FIRST_ID + KMN_ENTRY, "entry", entry_format},
	{FIRST_ID + KMN_RETURN, "return", return_format},
	{FIRST_ID + KMN_ALLOC, "alloc", entry_format},
	{FIRST_ID + KMN_FREE, "free", entry_format},
	{FIRST_ID + KMN_MODULE_LOAD, "module_load", note_format},
	{FIRST_ID + KMN_MODULE_UNLOAD, "module_unload", note_format},
	{FIRST_ID + KMN_LOSS, "loss", note_format},
	{FIRST_ID + KMN_SUSPEND, "suspend", note_format},
	{FIRST_ID + KMN_RESUME, "resume", note_format},
	{ID_VERDICT, "verdict", note_format},
};

#define N_EVENTS (sizeof(events) / sizeof(events[0]))

struct trace_dat {
	struct exporter base;
	FILE *scratch;
	struct ring ring;
	struct threads threads;
	struct intern symbols; /* lines of kallsyms */
	struct intern stacks;  /* those whose symbols are there, by hash */
	struct text event;
	struct text strings; /* of the event, which stand behind its fields */
	struct text value;
	uint16_t last_cpu;
};

static struct trace_dat *trace_dat_of(struct exporter *exporter)
{
	return (struct trace_dat *)exporter;
}

static int init(struct exporter *exporter, struct error *err)
{
	struct trace_dat *trace = trace_dat_of(exporter);

	threads_init(&trace->threads);
	intern_init(&trace->symbols);
	intern_init(&trace->stacks);
	trace->scratch = export_file_scratch(&exporter->file, err);
	trace->ring.scratch = trace->scratch;
	return trace->scratch ? 0 : -1;
}

static void add_u16(struct text *out, uint16_t number)
{
	text_add_bytes(out, &number, sizeof(number));
}

static void add_u32(struct text *out, uint32_t number)
{
	text_add_bytes(out, &number, sizeof(number));
}

static void add_u64(struct text *out, uint64_t number)
{
	text_add_bytes(out, &number, sizeof(number));
}

static void event_begin(struct trace_dat *trace, uint32_t id, const struct kmn_header *header)
{
	static const uint8_t flags[] = {0, FLAG_SOFTIRQ, FLAG_HARDIRQ, FLAG_NMI};

	text_clear(&trace->event);
	text_clear(&trace->strings);
	add_u16(&trace->event, (uint16_t)id);
	text_add_char(&trace->event, (char)flags[header->context & 3]);
	text_add_char(&trace->event, 0);
	add_u32(&trace->event, header->tid);
}

/*
 * The place and the length of a string: what has gathered in trace->value, which is empty
 * afterwards. `fields` is the length of all fields, behind which the strings are put.
 */
static void add_string(struct trace_dat *trace, uint32_t fields)
{
	size_t at = fields + trace->strings.length;
	size_t length = trace->value.length;
	bool cut = length > MAX_STRING;

	if (cut)
		length = MAX_STRING;
	text_add_bytes(&trace->strings, text_string(&trace->value), length);
	text_add(&trace->strings, cut ? "..." : "");
	text_add_char(&trace->strings, '\0');
	trace->strings.failed |= trace->value.failed;
	add_u32(&trace->event,
		(uint32_t)(fields + trace->strings.length - at) << 16 | (uint32_t)at);
	text_clear(&trace->value);
}

static int event_end(struct trace_dat *trace, const struct kmn_header *header, struct error *err)
{
	text_add_bytes(&trace->event, text_string(&trace->strings), trace->strings.length);
	trace->event.failed |= trace->strings.failed;
	trace->last_cpu = header->cpu;
	return ring_add(&trace->ring, header->cpu, header->time, &trace->event, err);
}

static void add_function(struct trace_dat *trace, const struct api *api, uint32_t hook,
			 uint32_t fields)
{
	naming_function(api, hook, &trace->value);
	add_string(trace, fields);
}

static void add_call_fields(struct trace_dat *trace, const struct kmn_header *header)
{
	add_u64(&trace->event, header->sequence);
	add_u32(&trace->event, header->pid);
	add_u32(&trace->event, header->hook);
}

/* An address that is not known is its own name, or it would take that of the symbol before it. */
static int add_symbol(struct trace_dat *trace, uint64_t address, struct error *err)
{
	struct text *line = &trace->value;
	struct frame frame = {0};
	uint32_t number;
	bool added;
	int status;

	catalog_frame(trace->base.catalog, address, &frame);
	text_addf(line, "%016llx t ",
		  (unsigned long long)(address - (frame.symbol ? frame.offset : 0)));
	if (frame.symbol)
		escape_print(line, frame.symbol, strlen(frame.symbol), 0);
	else
		number_print_hex(line, frame.module ? frame.offset : address, 0);
	if (frame.module) {
		text_add(line, "\t[");
		escape_print(line, frame.module, strlen(frame.module), 0);
		text_add_char(line, ']');
	}
	if (text_failed(line))
		return error_no_memory(err);
	status = intern_add(&trace->symbols, line->data, line->length, &number, &added, err);
	text_clear(line);
	return status;
}

static int put_stack(struct trace_dat *trace, const struct record_view *record, struct error *err)
{
	struct stack stack;
	uint32_t number;
	bool added;

	if (!stack_of_record(trace->base.catalog, record, &stack) || !stack.n_frames)
		return 0;
	if (intern_add(&trace->stacks, &stack.hash, sizeof(stack.hash), &number, &added, err))
		return -1;
	for (uint16_t i = 0; added && i < stack.n_frames; i++) {
		if (add_symbol(trace, stack.frames[i], err))
			return -1;
	}
	event_begin(trace, ID_STACK, record->header);
	add_u32(&trace->event, stack.n_frames);
	add_u32(&trace->event, 0);
	text_add_bytes(&trace->event, stack.frames, stack.n_frames * sizeof(*stack.frames));
	return event_end(trace, record->header, err);
}

static int put_entry(struct trace_dat *trace, const struct record_view *record, struct error *err)
{
	const struct kmn_header *header = record->header;
	const struct catalog *catalog = trace->base.catalog;
	const struct api *api = api_table_find(&catalog->apis, header->hook);

	event_begin(trace, FIRST_ID + header->kind, header);
	add_function(trace, api, header->hook, 32);
	value_print_params(&trace->value, &catalog->apis, api, record);
	add_string(trace, 32);
	add_call_fields(trace, header);
	return event_end(trace, header, err) || put_stack(trace, record, err) ? -1 : 0;
}

static int put_return(struct trace_dat *trace, const struct record_view *record, struct error *err)
{
	static const struct value_type unknown = {.kind = VALUE_UNKNOWN};
	const struct kmn_header *header = record->header;
	const struct catalog *catalog = trace->base.catalog;
	const struct api *api = api_table_find(&catalog->apis, header->hook);

	event_begin(trace, FIRST_ID + header->kind, header);
	add_function(trace, api, header->hook, 64);
	value_print_result(&trace->value, &catalog->apis,
			   api && api->typed ? &api->result : &unknown, record->ret->value);
	add_string(trace, 64);
	add_call_fields(trace, header);
	add_u64(&trace->event, record->ret->value);
	add_u64(&trace->event, record->ret->duration);
	add_u64(&trace->event, record->ret->entry_sequence);
	add_u32(&trace->event, record->ret->entry_cpu);
	add_u32(&trace->event, !!(header->flags & KMN_UNPAIRED));
	return event_end(trace, header, err);
}

/* With the text that has gathered in trace->value. */
static int put_note(struct trace_dat *trace, uint32_t id, const struct kmn_header *header,
		    uint64_t count, struct error *err)
{
	event_begin(trace, id, header);
	add_string(trace, 24);
	add_u32(&trace->event, header->hook);
	add_u64(&trace->event, count);
	return event_end(trace, header, err);
}

static int take_record(struct exporter *exporter, const struct record_view *record,
		       struct error *err)
{
	const struct kmn_header *header = record->header;
	struct trace_dat *trace = trace_dat_of(exporter);
	struct threads_news news;

	if (threads_meet(&trace->threads, header, &news, err))
		return -1;
	switch (header->kind) {
	case KMN_ENTRY:
	case KMN_ALLOC:
	case KMN_FREE:
		return put_entry(trace, record, err);
	case KMN_RETURN:
		return put_return(trace, record, err);
	case KMN_MODULE_LOAD:
	case KMN_MODULE_UNLOAD:
		intern_clear(&trace->stacks);
		break;
	}
	naming_note(record, exporter->catalog, &trace->value);
	return put_note(trace, FIRST_ID + header->kind, header, record->args[0], err);
}

static int put_verdict(struct trace_dat *trace, const struct ledger *ledger, struct error *err)
{
	const struct catalog *catalog = trace->base.catalog;
	struct kmn_header header = {.hook = KMN_NO_HOOK, .cpu = trace->last_cpu};

	header.time = trace->base.records ? trace->base.time : catalog->start;
	ledger_verdict(ledger, catalog, &trace->value);
	return put_note(trace, ID_VERDICT, &header, 0, err);
}

static void add_file(struct text *out, const char *text, size_t length)
{
	add_u64(out, length);
	text_add_bytes(out, text, length);
}

static void add_formats(struct text *out)
{
	struct text format = TEXT_INIT;

	add_u32(out, 1);
	add_file(out, stack_format, strlen(stack_format));
	add_u32(out, 1);
	text_add_bytes(out, "kapimon", sizeof("kapimon"));
	add_u32(out, N_EVENTS);
	for (size_t i = 0; i < N_EVENTS; i++) {
		text_clear(&format);
		text_addf(&format, "name: %s\nID: %u\nformat:\n" COMMON_FIELDS "%s", events[i].name,
			  events[i].id, events[i].format);
		add_file(out, text_string(&format), format.length);
	}
	out->failed |= format.failed;
	text_fini(&format);
}

/* trace-cmd takes the last one for the end of the one before it and names nothing by it. */
static const char last_symbol[] = "ffffffffffffffff t end\n";

static void add_symbols(struct trace_dat *trace, struct text *out)
{
	uint32_t size = sizeof(last_symbol) - 1;

	for (uint32_t i = 0; i < trace->symbols.count; i++)
		size += (uint32_t)intern_length(&trace->symbols, i) + 1;
	add_u32(out, size);
	for (uint32_t i = 0; i < trace->symbols.count; i++) {
		text_add_bytes(out, intern_bytes(&trace->symbols, i),
			       intern_length(&trace->symbols, i));
		text_add_char(out, '\n');
	}
	text_add(out, last_symbol);
}

static void add_threads(struct trace_dat *trace, struct text *out)
{
	struct text lines = TEXT_INIT;

	for (uint32_t i = 0; i < trace->threads.keys.count; i++) {
		const struct thread_key *key = intern_bytes(&trace->threads.keys, i);
		const char *comm = trace->threads.names[i].comm;

		/* A process is no thread, and idle ones are known as such. */
		if (!key->thread || key->thread >= IDLE_THREADS)
			continue;
		text_addf(&lines, "%u ", key->thread);
		escape_print(&lines, comm, strnlen(comm, KMN_COMM), 0);
		text_add_char(&lines, '\n');
	}
	add_file(out, text_string(&lines), lines.length);
	out->failed |= lines.failed;
	text_fini(&lines);
}

static void add_options(struct text *out)
{
	static const char clock[] = "local global [mono]";

	text_add_bytes(out, "options  ", 10);
	add_u16(out, OPTION_CLOCK);
	add_u32(out, sizeof(clock));
	text_add_bytes(out, clock, sizeof(clock));
	add_u16(out, 0);
}

static void add_header(struct trace_dat *trace, struct text *out)
{
	text_add_bytes(out, "\x17\x08\x44tracing6", sizeof("\x17\x08\x44tracing6"));
	text_add_char(out, 0); /* little-endian */
	text_add_char(out, 8); /* bytes of a long */
	add_u32(out, RING_PAGE);
	text_add_bytes(out, "header_page", sizeof("header_page"));
	add_file(out, header_page, strlen(header_page));
	text_add_bytes(out, "header_event", sizeof("header_event"));
	add_file(out, header_event, strlen(header_event));
	add_formats(out);
	add_symbols(trace, out);
	add_u32(out, 0); /* formats of printk */
	add_threads(trace, out);
	add_u32(out, (uint32_t)trace->ring.n_cpus);
	add_options(out);
}

/* Where each processor's pages are, then the room up to the first. */
static void add_places(struct trace_dat *trace, struct text *out)
{
	uint64_t at;

	text_add_bytes(out, "flyrecord", 10);
	at = out->length + trace->ring.n_cpus * 16;
	at = (at + RING_PAGE - 1) / RING_PAGE * RING_PAGE;
	for (size_t i = 0; i < trace->ring.n_cpus; i++) {
		uint64_t size = (uint64_t)trace->ring.cpus[i].n_pages * RING_PAGE;

		add_u64(out, at);
		add_u64(out, size);
		at += size;
	}
	while (!text_failed(out) && out->length % RING_PAGE)
		text_add_char(out, 0);
}

static int end(struct exporter *exporter, const struct ledger *ledger, struct error *err)
{
	struct trace_dat *trace = trace_dat_of(exporter);
	struct text *out = &exporter->output.text;

	if (put_verdict(trace, ledger, err) ||
	    ring_grow(&trace->ring, exporter->catalog->processors, err) ||
	    ring_flush(&trace->ring, err))
		return -1;
	add_header(trace, out);
	add_places(trace, out);
	for (size_t i = 0; i < trace->ring.n_cpus; i++) {
		if (ring_copy(&trace->ring, i, &exporter->output, err))
			return -1;
	}
	return 0;
}

static void fini(struct exporter *exporter)
{
	struct trace_dat *trace = trace_dat_of(exporter);

	ring_fini(&trace->ring);
	if (trace->scratch)
		fclose(trace->scratch);
	threads_fini(&trace->threads);
	intern_fini(&trace->symbols);
	intern_fini(&trace->stacks);
	text_fini(&trace->event);
	text_fini(&trace->strings);
	text_fini(&trace->value);
}

const struct export_format export_format_trace_dat = {
	.name = "trace.dat",
	.size = sizeof(struct trace_dat),
	.kind = EXPORT_BINARY,
	.places = PLACE_ALL,
	.init = init,
	.take_record = take_record,
	.end = end,
	.fini = fini,
};
