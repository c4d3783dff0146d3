/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/line.h"

#include <string.h>

#include "view/color.h"
#include "view/escape.h"
#include "view/number.h"
#include "view/value.h"

#define TIME_WIDTH 15
#define COMM_WIDTH (KMN_COMM - 1)
/* However narrow the terminal is, so much is shown of the arguments. */
#define MIN_ARGS 16

void line_view_init(struct line_view *view)
{
	*view = (struct line_view){.second = (time_t)-1};
}

void line_view_fini(struct line_view *view)
{
	text_fini(&view->args);
	text_fini(&view->tail);
}

void line_view_header(const struct line_view *view, struct text *out)
{
	if (view->color)
		text_add(out, COLOR_BOLD);
	text_add(out, "TIME             CPU CTX         PID COMM             CALL");
	text_add(out, view->color ? COLOR_OFF "\n" : "\n");
}

/* Columns on a terminal of what stands in text from `from` on; every character is one wide. */
static size_t columns(const struct text *text, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < text->length; i++)
		n += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	return n;
}

static void time_print(struct line_view *view, uint64_t time, struct text *out)
{
	uint64_t ns = time + (uint64_t)view->catalog->clock_offset;
	time_t second = (time_t)(ns / 1000000000);
	const struct tm *local;

	if (view->relative) {
		bool before = time < view->catalog->start;

		ns = before ? view->catalog->start - time : time - view->catalog->start;
		if (before)
			text_add_char(out, '-');
		number_print_padded(out, ns / 1000000000, before ? 7 : 8, ' ');
	} else {
		if (second != view->second) {
			local = localtime(&second);
			if (!local ||
			    !strftime(view->clock, sizeof(view->clock), "%H:%M:%S", local))
				memcpy(view->clock, "??:??:??", sizeof(view->clock));
			view->second = second;
		}
		text_add_bytes(out, view->clock, 8);
	}
	text_add_char(out, '.');
	number_print_padded(out, ns / 1000 % 1000000, 6, '0');
}

static void who_print(const struct kmn_header *header, struct text *out)
{
	static const char *const contexts[] = {"        ", "softirq ", "hardirq ", "nmi     "};
	const char *nul = memchr(header->comm, '\0', KMN_COMM);
	size_t length = nul ? (size_t)(nul - header->comm) : KMN_COMM, from;

	text_add(out, "  ");
	number_print_padded(out, header->cpu, 3, ' ');
	text_add_char(out, ' ');
	text_add_bytes(out, contexts[header->context & 3], 8);
	number_print_padded(out, header->pid, 6, ' ');
	text_add_char(out, ' ');
	from = out->length;
	escape_print(out, header->comm, length, 0);
	length = columns(out, from);
	if (length < COMM_WIDTH)
		text_add_bytes(out, "                ", COMM_WIDTH - length);
	text_add(out, "  ");
}

static void name_print(const struct api *api, const struct kmn_header *header, struct text *out)
{
	if (api && api->name) {
		escape_print(out, api->name, strlen(api->name), 0);
		return;
	}
	text_add(out, "hook#");
	number_print(out, header->hook);
}

static void colored(struct text *out, const char *color, const char *bytes, size_t length)
{
	if (length && *color) {
		text_add(out, color);
		text_add_bytes(out, bytes, length);
		text_add(out, COLOR_OFF);
	} else {
		text_add_bytes(out, bytes, length);
	}
}

static void result_print(struct line_view *view, const struct api *api,
			 const struct record_view *ret, bool pending)
{
	static const struct value_type unknown = {.kind = VALUE_UNKNOWN};
	const struct value_type *type = api && api->typed ? &api->result : &unknown;

	text_clear(&view->tail);
	if (pending) {
		text_add(&view->tail, " = ?");
	} else if (ret && type->kind != VALUE_VOID) {
		text_add(&view->tail, " = ");
		value_print_result(&view->tail, &view->catalog->apis, type, ret->ret->value);
	}
}

/* What stands behind the result. */
static void remark_print(struct line_view *view, const struct record_view *entry,
			 const struct record_view *ret)
{
	if (!ret)
		return;
	if (!(ret->header->flags & KMN_UNPAIRED)) {
		text_add(&view->tail, "  ");
		number_print_duration(&view->tail, ret->ret->duration);
	}
	if (!entry)
		text_add(&view->tail, "  (entry not seen)");
}

/* The longest beginning of the arguments that leaves the line's other parts their room. */
static void args_fit(struct line_view *view, size_t used)
{
	struct text *args = &view->args;
	size_t room = view->width > used ? view->width - used : 0, n = 0, end = 0;

	if (columns(args, 0) <= room)
		return;
	room = room > MIN_ARGS ? room - 3 : MIN_ARGS - 3;
	while (end < args->length) {
		if (((unsigned char)args->data[end] & 0xc0) != 0x80 && n++ == room)
			break;
		end++;
	}
	if (end == args->length)
		return;
	args->length = end;
	text_add(args, "...");
}

static void args_print(struct line_view *view, const struct api *api,
		       const struct record_view *entry)
{
	text_clear(&view->args);
	if (entry)
		value_print_params(&view->args, &view->catalog->apis, api, entry);
	else
		text_add(&view->args, "...");
	if (entry && entry->header->flags & KMN_FETCH_CUT)
		text_add(&view->args, " <cut>");
}

/* Name, arguments and the tail, of which the result ends at result_end. */
static void call_print(struct line_view *view, const struct api *api,
		       const struct kmn_header *header, const struct record_view *ret,
		       size_t result_end, size_t used, struct text *out)
{
	struct text *args = &view->args, *tail = &view->tail;
	size_t from;
	bool error;

	text_add(out, view->color ? COLOR_BOLD : "");
	from = out->length;
	name_print(api, header, out);
	used += columns(out, from) + strlen("()") + columns(tail, 0);
	text_add(out, view->color ? COLOR_OFF : "");
	if (view->width)
		args_fit(view, used);

	text_add_char(out, '(');
	text_add_bytes(out, text_string(args), args->length);
	text_add_char(out, ')');
	error = api && ret && value_error(&api->result, ret->ret->value);
	colored(out, view->color && error ? COLOR_RED : "", text_string(tail), result_end);
	colored(out, view->color ? COLOR_DIM : "", text_string(tail) + result_end,
		tail->length - result_end);
	out->failed |= args->failed | tail->failed;
}

void line_view_who(struct line_view *view, const struct kmn_header *header, struct text *out)
{
	text_add(out, view->color ? COLOR_DIM : "");
	time_print(view, header->time, out);
	text_add(out, view->color ? COLOR_OFF : "");
	who_print(header, out);
}

void line_view_what(struct line_view *view, const struct kmn_header *header,
		    const struct record_view *entry, const struct record_view *ret, bool pending,
		    size_t used, struct text *out)
{
	const struct api *api = api_table_find(&view->catalog->apis, header->hook);

	args_print(view, api, entry);
	result_print(view, api, ret, pending);
	call_print(view, api, header, ret, view->tail.length, used, out);
}

void line_view_call(struct line_view *view, const struct record_view *who,
		    const struct record_view *entry, const struct record_view *ret, bool pending,
		    struct text *out)
{
	const struct api *api = api_table_find(&view->catalog->apis, who->header->hook);
	size_t from = out->length, used, result_end;

	args_print(view, api, entry);
	result_print(view, api, ret, pending);
	result_end = view->tail.length;
	remark_print(view, entry, ret);
	line_view_who(view, who->header, out);
	used = columns(out, from);
	if (view->color)
		used -= strlen(COLOR_DIM) + strlen(COLOR_OFF);
	call_print(view, api, who->header, ret, result_end, used, out);
	text_add_char(out, '\n');
}

static void module_print(const struct record_view *record, const char *what, struct text *out)
{
	const unsigned char *data;
	struct kmn_fetched fetched;

	text_add(out, "module ");
	/* The kernel hands out the whole of its array, which NULs fill up. */
	if (record_fetched(record, 0, &fetched, &data))
		escape_print(out, data, strnlen((const char *)data, fetched.length), 0);
	else
		text_add(out, "?");
	text_add(out, what);
	text_add(out, " at ");
	number_print_hex(out, record->args[0], 16);
	text_add(out, ", ");
	number_print_grouped(out, record->args[1]);
	text_add(out, " bytes");
}

void line_view_note(struct line_view *view, const struct record_view *record, struct text *out)
{
	const struct kmn_header *header = record->header;
	const struct api *api = api_table_find(&view->catalog->apis, header->hook);

	time_print(view, header->time, out);
	text_add(out, view->color ? " " COLOR_YELLOW "-- " : " -- ");
	switch (header->kind) {
	case KMN_LOSS:
		number_print_grouped(out, record->args[0]);
		text_add(out, record->args[0] == 1 ? " record" : " records");
		text_add(out, " lost on CPU ");
		number_print(out, header->cpu);
		text_add(out, " here");
		break;
	case KMN_SUSPEND:
		name_print(api, header, out);
		text_add(out, " suspended: more than ");
		number_print_grouped(out, record->args[0]);
		text_add(out, " calls per second");
		break;
	case KMN_RESUME:
		name_print(api, header, out);
		text_add(out, " resumed: ");
		number_print_grouped(out, record->args[0]);
		text_add(out, " calls were not recorded");
		break;
	case KMN_MODULE_LOAD:
		module_print(record, " loaded", out);
		break;
	case KMN_MODULE_UNLOAD:
		module_print(record, " unloaded", out);
		break;
	default:
		text_add(out, kmn_kind_name(header->kind));
		break;
	}
	text_add(out, view->color ? " --" COLOR_OFF "\n" : " --\n");
}
