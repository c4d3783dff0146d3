/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/json_event.h"

#include <string.h>

#include "model/verdict.h"
#include "model/names.h"
#include "view/escape.h"
#include "view/fetched.h"
#include "view/number.h"
#include "view/stack.h"
#include "view/value.h"

/* Keys are fixed names: nothing in them needs an escape. */
static void add_key(struct text *out, const char *key)
{
	text_add(out, ",\"");
	text_add(out, key);
	text_add(out, "\":");
}

static void add_string(struct text *out, const char *string)
{
	if (string)
		escape_json(out, string, strlen(string));
	else
		text_add(out, "null");
}

static void add_number(struct text *out, const char *key, uint64_t number)
{
	add_key(out, key);
	number_print(out, number);
}

static void add_address(struct text *out, uint64_t address)
{
	if (!address) {
		text_add(out, "null");
		return;
	}
	text_add_char(out, '"');
	number_print_hex(out, address, 16);
	text_add_char(out, '"');
}

static void add_words(struct text *out, const uint64_t *words, unsigned n)
{
	text_add_char(out, '[');
	for (unsigned i = 0; i < n; i++) {
		text_add(out, i ? ",\"" : "\"");
		number_print_hex(out, words[i], 0);
		text_add_char(out, '"');
	}
	text_add_char(out, ']');
}

static void add_enum(struct text *out, const struct api_table *table, const struct value_type *type,
		     uint64_t word)
{
	struct text name = TEXT_INIT;

	if (type->kind == VALUE_FLAGS || value_enumerator(table, type, word)) {
		value_print_enum(&name, table, type, word);
		escape_json(out, text_string(&name), name.length);
		out->failed |= name.failed;
	} else {
		number_print_signed(out, value_signed(word, type->size));
	}
	text_fini(&name);
}

static void add_value(struct text *out, const struct api_table *table,
		      const struct value_type *type, const uint64_t *words, unsigned n_words)
{
	if (n_words > 1 || type->kind == VALUE_STRUCT) {
		add_words(out, words, n_words);
		return;
	}
	switch (type->kind) {
	case VALUE_SIGNED:
		number_print_signed(out, value_signed(words[0], type->size));
		break;
	case VALUE_UNSIGNED:
		number_print(out, value_unsigned(words[0], type->size));
		break;
	case VALUE_BOOL:
		text_add(out, words[0] & 0xff ? "true" : "false");
		break;
	case VALUE_ENUM:
	case VALUE_FLAGS:
		add_enum(out, table, type, words[0]);
		break;
	case VALUE_POINTER:
	case VALUE_STRING:
	case VALUE_OBJECT:
		add_address(out, words[0]);
		break;
	case VALUE_VOID:
		text_add(out, "null");
		break;
	case VALUE_UNKNOWN:
	case VALUE_STRUCT:
		text_add_char(out, '"');
		number_print_hex(out, words[0], 0);
		text_add_char(out, '"');
		break;
	}
}

static void add_fetched(struct text *out, const struct api_fetch *fetch,
			const struct kmn_fetched *what, const unsigned char *data)
{
	struct text path = TEXT_INIT;
	uint64_t number;

	if (what->status == KMN_FETCH_FAULT || what->status == KMN_FETCH_NULL) {
		text_add(out, "null");
		return;
	}
	switch (fetch->form) {
	case FETCH_STRING:
		escape_json(out, data, what->length);
		return;
	case FETCH_PATH:
		fetched_path(data, what->length, what->status == KMN_FETCH_TRUNCATED, &path);
		escape_json(out, text_string(&path), path.length);
		out->failed |= path.failed;
		text_fini(&path);
		return;
	case FETCH_UNSIGNED:
	case FETCH_SIGNED:
	case FETCH_BE16:
	case FETCH_FAMILY:
		break;
	}
	number = fetched_number(fetch->form, data, what->length);
	if (fetch->form == FETCH_FAMILY && names_family(number))
		add_string(out, names_family(number));
	else if (fetch->form == FETCH_SIGNED)
		number_print_signed(out, (int64_t)number);
	else
		number_print(out, number);
}

static size_t count_fetches(const struct api *api, size_t index, const struct record_view *record)
{
	const unsigned char *data;
	struct kmn_fetched what;
	size_t n = 0;

	for (size_t i = 0; i < api->n_fetches && i < KMN_MAX_FETCHES; i++)
		n += api->fetches[i].param == index &&
		     record_fetched(record, (uint8_t)i, &what, &data);
	return n;
}

/*
 * A single fetch without a label is the value, others are an object. False if the record has
 * nothing that was fetched for the parameter.
 */
static bool add_param_fetches(struct text *out, const struct api *api, size_t index,
			      const struct record_view *record)
{
	size_t n = count_fetches(api, index, record);
	const char *separator = "{";

	for (size_t i = 0; n && i < api->n_fetches && i < KMN_MAX_FETCHES; i++) {
		const struct api_fetch *fetch = &api->fetches[i];
		const unsigned char *data;
		struct kmn_fetched what;

		if (fetch->param != index || !record_fetched(record, (uint8_t)i, &what, &data))
			continue;
		if (n == 1 && !(fetch->label && *fetch->label)) {
			add_fetched(out, fetch, &what, data);
			return true;
		}
		text_add(out, separator);
		separator = ",";
		add_string(out, fetched_key(fetch));
		text_add_char(out, ':');
		add_fetched(out, fetch, &what, data);
	}
	if (n)
		text_add_char(out, '}');
	return n;
}

static void add_param_name(struct text *out, const struct api *api, size_t index)
{
	if (api->params[index].name)
		add_string(out, api->params[index].name);
	else
		text_addf(out, "\"arg%zu\"", index);
}

void json_args_print(const struct api_table *table, const struct api *api,
		     const struct record_view *record, struct text *out)
{
	if (!api || !api->typed) {
		add_words(out, record->args, record->header->n_args);
		return;
	}
	text_add_char(out, '{');
	for (size_t i = 0; i < api->n_params; i++) {
		const struct api_param *param = &api->params[i];
		bool fetches = param->type.kind == VALUE_STRING || param->type.kind == VALUE_OBJECT;

		if (i)
			text_add_char(out, ',');
		add_param_name(out, api, i);
		text_add_char(out, ':');
		if (!param->slots || param->slot + param->slots > record->header->n_args)
			text_add(out, "null");
		else if (!fetches || !record->args[param->slot] ||
			 !add_param_fetches(out, api, i, record))
			add_value(out, table, &param->type, record->args + param->slot,
				  param->slots);
	}
	text_add_char(out, '}');
}

/* Names of the parameters of which something was fetched with this status. */
static void add_fetch_status(struct text *out, const struct api *api,
			     const struct record_view *record, const char *key,
			     enum kmn_fetch_status status)
{
	const char *separator = "[";

	for (size_t i = 0; i < api->n_fetches && i < KMN_MAX_FETCHES; i++) {
		const struct api_fetch *fetch = &api->fetches[i];
		const unsigned char *data;
		struct kmn_fetched what;

		if (fetch->param >= api->n_params ||
		    !record_fetched(record, (uint8_t)i, &what, &data) || what.status != status)
			continue;
		if (*separator == '[')
			add_key(out, key);
		text_add(out, separator);
		add_param_name(out, api, fetch->param);
		separator = ",";
	}
	if (*separator != '[')
		text_add_char(out, ']');
}

/* Inlined functions are elements of their own, as they are lines of their own in text. */
static void add_frame(struct text *out, const char *lines)
{
	while (*lines) {
		size_t length = strcspn(lines, "\n");

		escape_json(out, lines, length);
		lines += length;
		if (*lines) {
			text_add_char(out, ',');
			lines++;
		}
	}
}

static void add_stack(struct text *out, const struct catalog *catalog,
		      const struct record_view *record, struct place_finder *places)
{
	struct text frame = TEXT_INIT;
	struct stack stack;

	if (!stack_of_record(catalog, record, &stack))
		return;
	add_key(out, "stack");
	if (!stack.n_frames)
		text_add(out, "null");
	else
		text_add_char(out, '[');
	for (uint16_t i = 0; i < stack.n_frames; i++) {
		text_clear(&frame);
		frame_print_places(catalog, places, stack.frames[i], i > 0, &frame);
		if (i)
			text_add_char(out, ',');
		add_frame(out, text_string(&frame));
		out->failed |= frame.failed;
	}
	if (stack.n_frames)
		text_add_char(out, ']');
	if (stack.flags & KMN_STACK_TRUNCATED)
		text_add(out, ",\"stack_truncated\":true");
	text_fini(&frame);
}

void json_result_print(const struct api_table *table, const struct api *api,
		       const struct record_view *record, struct text *out)
{
	static const struct value_type unknown = {.kind = VALUE_UNKNOWN};
	const struct value_type *type = api && api->typed ? &api->result : &unknown;
	const struct kmn_return *ret = record->ret;
	const char *error = value_error(type, ret->value);

	if (type->kind != VALUE_VOID) {
		add_key(out, "value");
		if (value_is_whole(type))
			add_value(out, table, type, &ret->value, 1);
		else
			text_add(out, "null");
	}
	if (error) {
		add_key(out, "error");
		add_string(out, error);
	}
}

static void add_return(struct text *out, const struct catalog *catalog, const struct api *api,
		       const struct record_view *record)
{
	const struct kmn_return *ret = record->ret;

	json_result_print(&catalog->apis, api, record, out);
	if (record->header->flags & KMN_UNPAIRED) {
		text_add(out, ",\"unpaired\":true");
		return;
	}
	add_number(out, "duration", ret->duration);
	add_key(out, "entry");
	text_add_char(out, '[');
	number_print(out, ret->entry_cpu);
	text_add_char(out, ',');
	number_print(out, ret->entry_sequence);
	text_add_char(out, ']');
}

static void add_module(struct text *out, const struct record_view *record)
{
	const unsigned char *data;
	struct kmn_fetched what;

	add_key(out, "module");
	/* The kernel hands out the whole of its array, which NULs fill up. */
	if (record_fetched(record, 0, &what, &data))
		escape_json(out, data, strnlen((const char *)data, what.length));
	else
		text_add(out, "null");
	add_key(out, "base");
	add_address(out, record->args[0]);
	add_number(out, "size", record->args[1]);
}

static void add_header(struct text *out, const struct catalog *catalog,
		       const struct kmn_header *header)
{
	const char *nul = memchr(header->comm, '\0', KMN_COMM);

	text_add(out, "{\"kind\":\"");
	text_add(out, kmn_kind_name(header->kind));
	text_add_char(out, '"');
	/* Nanoseconds since 1970, and of the kernel's monotonic clock. */
	add_number(out, "time", header->time + (uint64_t)catalog->clock_offset);
	add_number(out, "monotonic", header->time);
	add_number(out, "cpu", header->cpu);
	add_number(out, "sequence", header->sequence);
	add_key(out, "context");
	add_string(out, kmn_context_name(header->context));
	add_number(out, "pid", header->pid);
	add_number(out, "tid", header->tid);
	add_key(out, "comm");
	escape_json(out, header->comm, nul ? (size_t)(nul - header->comm) : KMN_COMM);
}

static void add_function(struct text *out, const struct api *api, uint32_t hook)
{
	if (hook == KMN_NO_HOOK)
		return;
	add_number(out, "hook", hook);
	add_key(out, "function");
	add_string(out, api ? api->name : NULL);
	if (api && api->module) {
		add_key(out, "module");
		add_string(out, api->module);
	}
}

void json_event_print(const struct catalog *catalog, const struct record_view *record, bool stacks,
		      struct place_finder *places, struct text *out)
{
	const struct kmn_header *header = record->header;
	const struct api *api = api_table_find(&catalog->apis, header->hook);

	add_header(out, catalog, header);
	add_function(out, api, header->hook);
	switch (header->kind) {
	case KMN_ENTRY:
	case KMN_ALLOC:
	case KMN_FREE:
		add_key(out, "args");
		json_args_print(&catalog->apis, api, record, out);
		if (header->flags & KMN_FETCH_CUT)
			text_add(out, ",\"cut\":true");
		if (api && api->typed) {
			add_fetch_status(out, api, record, "faults", KMN_FETCH_FAULT);
			add_fetch_status(out, api, record, "truncated", KMN_FETCH_TRUNCATED);
		}
		break;
	case KMN_RETURN:
		add_return(out, catalog, api, record);
		break;
	case KMN_MODULE_LOAD:
	case KMN_MODULE_UNLOAD:
		add_module(out, record);
		break;
	case KMN_LOSS:
		add_number(out, "lost", record->args[0]);
		add_number(out, "since", record->args[1] + (uint64_t)catalog->clock_offset);
		break;
	case KMN_SUSPEND:
		add_number(out, "limit", record->args[0]);
		break;
	case KMN_RESUME:
		add_number(out, "suspended", record->args[0]);
		break;
	}
	if (stacks)
		add_stack(out, catalog, record, places);
	text_add(out, "}\n");
}

static void add_counts(struct text *out, const struct ledger_row *row)
{
	text_add(out, "\"hits\":");
	number_print(out, row->hits);
	add_number(out, "recorded", row->recorded);
	add_number(out, "filtered", row->filtered);
	add_number(out, "lost", row->lost);
	add_number(out, "suspended", row->suspended);
	add_number(out, "missed", row->missed);
	add_number(out, "self", row->self);
}

static void add_row(struct text *out, const struct catalog *catalog, const struct ledger_row *row)
{
	const struct api *api = api_table_find(&catalog->apis, row->hook);

	text_add_char(out, '{');
	add_counts(out, row);
	add_function(out, api, row->hook);
	add_key(out, "point");
	add_string(out, row->point == LEDGER_RETURN ? "return" : "entry");
	add_key(out, "method");
	add_string(out, api ? hook_method_name(api->method) : NULL);
	if (row->first_lost || row->last_lost) {
		add_number(out, "first_lost", row->first_lost + (uint64_t)catalog->clock_offset);
		add_number(out, "last_lost", row->last_lost + (uint64_t)catalog->clock_offset);
	}
	text_add_char(out, '}');
}

void json_ledger_print(const struct catalog *catalog, const struct ledger *ledger, struct text *out)
{
	struct text verdict = TEXT_INIT;
	struct ledger_row total;

	ledger_total(ledger, &total);
	ledger_verdict(ledger, catalog, &verdict);
	text_add(out, "{\"ledger\":{\"complete\":");
	text_add(out, ledger_complete(ledger) ? "true" : "false");
	add_key(out, "verdict");
	escape_json(out, text_string(&verdict), verdict.length);
	if (ledger->filtered_reading) {
		add_number(out, "calls_read", ledger->calls_read);
		add_number(out, "calls_left_out", ledger->calls_left_out);
		add_number(out, "records_passed", ledger->records_passed);
	}
	add_key(out, "total");
	text_add_char(out, '{');
	add_counts(out, &total);
	text_add(out, "}");
	add_key(out, "hooks");
	text_add_char(out, '[');
	for (size_t i = 0; i < ledger->n_rows; i++) {
		if (i)
			text_add_char(out, ',');
		add_row(out, catalog, &ledger->rows[i]);
	}
	text_add(out, "]}}\n");
	out->failed |= verdict.failed;
	text_fini(&verdict);
}
