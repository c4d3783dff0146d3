/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/encode.h"

#include "capture/bytes.h"
#include "capture/format.h"

void encode_system(struct text *out, const struct catalog *catalog)
{
	size_t entry = entry_begin(out);

	put_u64(out, (uint64_t)catalog->clock_offset);
	put_u64(out, catalog->start);
	put_u32(out, catalog->processors);
	put_string(out, catalog->kernel);
	put_string(out, catalog->machine);
	put_string(out, catalog->host);
	entry_end(out, entry);
}

void encode_spec(struct text *out, const char *spec)
{
	size_t entry = entry_begin(out);

	put_string(out, spec);
	entry_end(out, entry);
}

void encode_module(struct text *out, uint32_t index, const struct module *module)
{
	size_t entry = entry_begin(out);

	put_u32(out, index);
	put_string(out, module->name);
	put_u64(out, module->base);
	put_u64(out, module->size);
	put_u64(out, module->loaded);
	put_u64(out, module->unloaded);
	put_u8(out, module->bit);
	put_u8(out, module->build_id_length);
	text_add_bytes(out, module->build_id, module->build_id_length);
	entry_end(out, entry);
}

void encode_enumeration(struct text *out, uint32_t index, const struct enumeration *enumeration)
{
	size_t entry = entry_begin(out);

	put_u32(out, index);
	put_u8(out, enumeration->flags);
	put_string(out, enumeration->name);
	put_u32(out, (uint32_t)enumeration->n_members);
	for (size_t i = 0; i < enumeration->n_members; i++) {
		put_u64(out, (uint64_t)enumeration->members[i].value);
		put_string(out, enumeration->members[i].name);
	}
	entry_end(out, entry);
}

static void put_type(struct text *out, const struct value_type *type)
{
	put_u8(out, (uint8_t)type->kind);
	put_u32(out, type->size);
	put_u32(out, type->enumeration);
	put_string(out, type->name);
}

void encode_api(struct text *out, const struct api *api)
{
	size_t entry = entry_begin(out);

	put_u32(out, api->id);
	put_u8(out, (uint8_t)((api->typed ? API_TYPED : 0) | (api->variadic ? API_VARIADIC : 0) |
			      (api->returns_hooked ? API_RETURNS_HOOKED : 0)));
	put_u8(out, (uint8_t)api->method);
	put_u64(out, api->address);
	put_string(out, api->name);
	put_string(out, api->module);
	put_type(out, &api->result);
	put_u16(out, (uint16_t)api->n_params);
	for (size_t i = 0; i < api->n_params; i++) {
		const struct api_param *param = &api->params[i];

		put_string(out, param->name);
		put_type(out, &param->type);
		put_u8(out, param->slot);
		put_u8(out, param->slots);
	}
	put_u16(out, (uint16_t)api->n_fetches);
	for (size_t i = 0; i < api->n_fetches; i++) {
		const struct api_fetch *fetch = &api->fetches[i];

		put_u8(out, fetch->param);
		put_u8(out, (uint8_t)fetch->form);
		put_u16(out, fetch->size);
		put_string(out, fetch->label);
	}
	entry_end(out, entry);
}

void encode_frame(struct text *out, uint64_t address, const struct frame *frame)
{
	size_t entry = entry_begin(out);

	put_u64(out, address);
	put_u64(out, frame->offset);
	put_string(out, frame->symbol);
	put_string(out, frame->module);
	entry_end(out, entry);
}

void encode_lines(struct text *out, uint64_t address, uint8_t flags, const struct place *places,
		  size_t n_places)
{
	size_t entry = entry_begin(out);

	put_u64(out, address);
	put_u8(out, flags);
	put_u8(out, (uint8_t)n_places);
	for (size_t i = 0; i < n_places; i++) {
		put_string(out, places[i].function);
		put_string(out, places[i].file);
		put_u32(out, places[i].line);
	}
	entry_end(out, entry);
}

void encode_stack(struct text *out, const struct stack *stack)
{
	size_t entry = entry_begin(out);

	put_u64(out, stack->hash);
	put_u64(out, stack->modules);
	put_u16(out, stack->flags);
	put_u16(out, stack->n_frames);
	for (uint16_t i = 0; i < stack->n_frames; i++)
		put_u64(out, stack->frames[i]);
	entry_end(out, entry);
}

void encode_ledger_state(struct text *out, const struct ledger *ledger)
{
	size_t entry = entry_begin(out);

	put_u8(out, LEDGER_STATE);
	put_u8(out, (uint8_t)((ledger->interrupted ? LEDGER_INTERRUPTED : 0) |
			      (ledger->continued ? LEDGER_CONTINUED : 0)));
	put_u64(out, ledger->damaged);
	entry_end(out, entry);
}

void encode_ledger_row(struct text *out, const struct ledger_row *row)
{
	size_t entry = entry_begin(out);

	put_u8(out, LEDGER_ROW);
	put_u8(out, (uint8_t)row->point);
	put_u32(out, row->hook);
	put_u64(out, row->hits);
	put_u64(out, row->recorded);
	put_u64(out, row->filtered);
	put_u64(out, row->lost);
	put_u64(out, row->suspended);
	put_u64(out, row->missed);
	put_u64(out, row->self);
	put_u64(out, row->first_lost);
	put_u64(out, row->last_lost);
	entry_end(out, entry);
}

void encode_end(struct text *out, uint64_t n_records, uint64_t index)
{
	size_t entry = entry_begin(out);

	put_u64(out, n_records);
	put_u64(out, index);
	entry_end(out, entry);
}
