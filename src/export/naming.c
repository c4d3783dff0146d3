/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/naming.h"

#include <string.h>

#include "view/escape.h"
#include "view/number.h"

uint32_t naming_thread(const struct kmn_header *header)
{
	return header->tid ? header->tid : IDLE_THREADS + header->cpu;
}

void naming_function(const struct api *api, uint32_t hook, struct text *out)
{
	if (api && api->name) {
		escape_print(out, api->name, strlen(api->name), 0);
		return;
	}
	text_add(out, "hook#");
	number_print(out, hook);
}

void naming_comm(const struct kmn_header *header, struct text *out)
{
	escape_print(out, header->comm, strnlen(header->comm, KMN_COMM), 0);
}

void naming_thread_name(const struct kmn_header *header, struct text *out)
{
	if (header->tid) {
		naming_comm(header, out);
		return;
	}
	text_add(out, "swapper/");
	number_print(out, header->cpu);
}

void naming_module(const struct record_view *note, struct text *out)
{
	const unsigned char *data;
	struct kmn_fetched what;

	/* The kernel hands out the whole of its array, which NULs fill up. */
	if (record_fetched(note, 0, &what, &data))
		escape_print(out, data, strnlen((const char *)data, what.length), 0);
	else
		text_add_char(out, '?');
}

static void add_hook(const struct record_view *note, const struct catalog *catalog,
		     const char *before, struct text *out)
{
	uint32_t hook = note->header->hook;

	if (hook == KMN_NO_HOOK)
		return;
	text_add(out, before);
	naming_function(api_table_find(&catalog->apis, hook), hook, out);
}

void naming_note(const struct record_view *note, const struct catalog *catalog, struct text *out)
{
	switch (note->header->kind) {
	case KMN_MODULE_LOAD:
	case KMN_MODULE_UNLOAD:
		text_add(out, "module ");
		naming_module(note, out);
		text_add(out, note->header->kind == KMN_MODULE_LOAD ? " loaded" : " unloaded");
		break;
	case KMN_LOSS:
		number_print(out, note->args[0]);
		text_add(out, note->args[0] == 1 ? " record lost" : " records lost");
		add_hook(note, catalog, " of ", out);
		break;
	case KMN_SUSPEND:
		text_add(out, "suspended");
		add_hook(note, catalog, " ", out);
		text_add(out, ", over ");
		number_print(out, note->args[0]);
		text_add(out, " calls/s");
		break;
	case KMN_RESUME:
		text_add(out, "resumed");
		add_hook(note, catalog, " ", out);
		text_add(out, ", ");
		number_print(out, note->args[0]);
		text_add(out, note->args[0] == 1 ? " call was not recorded"
						 : " calls were not recorded");
		break;
	default:
		text_add(out, kmn_kind_name(note->header->kind));
	}
}

void naming_frame(const struct catalog *catalog, uint64_t address, struct text *out)
{
	struct frame frame = {0};

	catalog_frame(catalog, address, &frame);
	if (frame.symbol) {
		escape_print(out, frame.symbol, strlen(frame.symbol), 0);
	} else if (frame.module) {
		text_add_char(out, '+');
		number_print_hex(out, frame.offset, 0);
	} else {
		number_print_hex(out, address, 16);
	}
	if (frame.module) {
		text_add(out, " [");
		escape_print(out, frame.module, strlen(frame.module), 0);
		text_add_char(out, ']');
	}
}
