/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/decode.h"

#include <record.h>

#include "capture/bytes.h"
#include "capture/memory_decode.h"

static int replace_string(char **to, struct cursor *cursor)
{
	char *string = get_string(cursor);

	if (cursor->bad)
		return -1;
	free(*to);
	*to = string;
	return 0;
}

static int decode_system(struct cursor *in, struct decoded *out, struct error *err)
{
	struct catalog *catalog = out->catalog;
	uint64_t clock_offset = get_u64(in);
	uint64_t start = get_u64(in);
	uint32_t processors = get_u32(in);

	if (in->bad)
		return -1;
	catalog->clock_offset = (int64_t)clock_offset;
	catalog->start = start;
	catalog->processors = processors;
	return replace_string(&catalog->kernel, in) || replace_string(&catalog->machine, in) ||
			       replace_string(&catalog->host, in)
		       ? -1
		       : 0;
}

static int decode_spec(struct cursor *in, struct decoded *out, struct error *err)
{
	return replace_string(&out->catalog->spec, in);
}

/*
 * An index beyond the end means that a block before this one was damaged: the gap is filled with
 * nameless entries, so that the indices of the others stay right.
 */
static int check_index(uint32_t index, const char *what, struct error *err)
{
	if (index >= CAPTURE_MAX_INDEX)
		return error_set(err, "%s has the number %u, the highest is %u", what, index,
				 CAPTURE_MAX_INDEX - 1);
	return 0;
}

static int decode_module(struct cursor *in, struct decoded *out, struct error *err)
{
	struct module_table *table = &out->catalog->modules;
	const struct module nobody = {.bit = MODULE_NO_BIT};
	struct module module = {0};
	uint32_t index = get_u32(in);
	const unsigned char *build_id;
	int status = 0;

	module.name = get_string(in);
	module.base = get_u64(in);
	module.size = get_u64(in);
	module.loaded = get_u64(in);
	module.unloaded = get_u64(in);
	module.bit = get_u8(in);
	module.build_id_length = get_u8(in);
	build_id = get_bytes(in, module.build_id_length);
	if (in->bad || module.build_id_length > sizeof(module.build_id) ||
	    check_index(index, "a module", err)) {
		free(module.name);
		if (module.build_id_length > sizeof(module.build_id))
			error_set(err, "a module's build id has %u bytes", module.build_id_length);
		return -1;
	}
	memcpy(module.build_id, build_id, module.build_id_length);
	if (index < table->n_modules) {
		/* Known already: what can change is that it went. */
		table->modules[index].unloaded = module.unloaded;
	} else {
		while (table->n_modules < index && status >= 0)
			status = module_table_add(table, &nobody, err);
		if (status >= 0)
			status = module_table_add(table, &module, err);
	}
	free(module.name);
	return status < 0 ? -1 : 0;
}

static int decode_enumeration(struct cursor *in, struct decoded *out, struct error *err)
{
	struct api_table *table = &out->catalog->apis;
	struct enumeration enumeration = {0};
	uint32_t index = get_u32(in);
	uint32_t n_members, at;
	int status = -1;

	enumeration.flags = get_u8(in) & 1;
	enumeration.name = get_name(in);
	n_members = get_u32(in);
	/* A member has 12 bytes at least: no number can ask for more memory than its block has. */
	if (in->bad || n_members > in->left / 12 || check_index(index, "an enumeration", err))
		goto out;
	enumeration.members = calloc(n_members ? n_members : 1, sizeof(*enumeration.members));
	if (!enumeration.members) {
		error_no_memory(err);
		goto out;
	}
	for (; enumeration.n_members < n_members && !in->bad; enumeration.n_members++) {
		struct enumerator *member = &enumeration.members[enumeration.n_members];

		member->value = (int64_t)get_u64(in);
		member->name = get_name(in);
	}
	if (in->bad)
		goto out;
	status = 0;
	while (table->n_enumerations < index && !status) {
		struct enumeration nobody = {.name = calloc(1, 1)};

		status = nobody.name ? api_table_add_enumeration(table, &nobody, &at, err)
				     : error_no_memory(err);
		free(nobody.name);
	}
	/* One that is known already never changes. */
	if (!status && index == table->n_enumerations)
		status = api_table_add_enumeration(table, &enumeration, &at, err);
out:
	for (size_t i = 0; i < enumeration.n_members; i++)
		free(enumeration.members[i].name);
	free(enumeration.members);
	free(enumeration.name);
	return status;
}

static void get_type(struct cursor *in, const struct api_table *table, struct value_type *type)
{
	uint8_t kind = get_u8(in);

	type->kind = kind > VALUE_UNKNOWN ? VALUE_UNKNOWN : (enum value_kind)kind;
	type->size = get_u32(in);
	type->enumeration = get_u32(in);
	type->name = get_string(in);
	if ((type->kind == VALUE_ENUM || type->kind == VALUE_FLAGS) &&
	    type->enumeration >= table->n_enumerations)
		type->kind = VALUE_UNKNOWN;
}

static int get_params(struct cursor *in, const struct api_table *table, struct api *api,
		      struct error *err)
{
	uint16_t n = get_u16(in);

	/* A parameter has 19 bytes at least, see decode_enumeration(). */
	if (in->bad || n > in->left / 19) {
		in->bad = true;
		return -1;
	}
	api->params = calloc(n ? n : 1, sizeof(*api->params));
	if (!api->params)
		return error_no_memory(err);
	for (; api->n_params < n && !in->bad; api->n_params++) {
		struct api_param *param = &api->params[api->n_params];

		param->name = get_string(in);
		get_type(in, table, &param->type);
		param->slot = get_u8(in);
		param->slots = get_u8(in);
	}
	return in->bad ? -1 : 0;
}

static int get_fetches(struct cursor *in, struct api *api, struct error *err)
{
	uint16_t n = get_u16(in);

	if (in->bad || n > KMN_MAX_FETCHES)
		return error_set(err, "API '%s' fetches too much", api->name);
	api->fetches = calloc(n ? n : 1, sizeof(*api->fetches));
	if (!api->fetches)
		return error_no_memory(err);
	for (; api->n_fetches < n && !in->bad; api->n_fetches++) {
		struct api_fetch *fetch = &api->fetches[api->n_fetches];
		uint8_t form;

		fetch->param = get_u8(in);
		form = get_u8(in);
		fetch->size = get_u16(in);
		fetch->label = get_name(in);
		if (!in->bad && (fetch->param >= api->n_params || form > FETCH_PATH)) {
			api->n_fetches++;
			return error_set(err,
					 "API '%s' fetches from parameter %u of %zu in form %u",
					 api->name, fetch->param, api->n_params, form);
		}
		fetch->form = (enum fetch_form)form;
	}
	return in->bad ? -1 : 0;
}

static int decode_api(struct cursor *in, struct decoded *out, struct error *err)
{
	struct api_table *table = &out->catalog->apis;
	struct api api = {0};
	struct api *known;
	uint8_t flags, method;
	int status = -1;

	api.id = get_u32(in);
	flags = get_u8(in);
	method = get_u8(in);
	api.typed = flags & API_TYPED;
	api.variadic = flags & API_VARIADIC;
	api.returns_hooked = flags & API_RETURNS_HOOKED;
	/* A way of hooking that a later version brings only loses its name. */
	api.method = method > METHOD_TRACEPOINT ? METHOD_NONE : (enum hook_method)method;
	api.address = get_u64(in);
	api.name = get_name(in);
	api.module = get_string(in);
	get_type(in, table, &api.result);
	if (in->bad || get_params(in, table, &api, err) || get_fetches(in, &api, err))
		goto out;
	known = api_table_find(table, api.id);
	if (known) {
		/* It has come, moved or gone, or is hooked in another way now. */
		known->address = api.address;
		known->method = api.method;
		known->returns_hooked = api.returns_hooked;
		status = 0;
		goto out;
	}
	status = api_table_add(table, &api, err);
out:
	api_fini(&api);
	return status;
}

static int decode_frame(struct cursor *in, struct decoded *out, struct error *err)
{
	struct frame frame = {0};
	uint64_t address = get_u64(in);
	char *symbol, *module;
	int status = -1;

	frame.offset = get_u64(in);
	frame.symbol = symbol = get_string(in);
	frame.module = module = get_string(in);
	if (!in->bad)
		status = frame_table_set(out->frames, address, &frame, err);
	free(symbol);
	free(module);
	return status;
}

static int decode_lines(struct cursor *in, struct decoded *out, struct error *err)
{
	struct place places[PLACE_DEPTH] = {0};
	uint64_t address = get_u64(in);
	uint8_t flags = get_u8(in);
	uint8_t n_places = get_u8(in);
	int status = -1;

	if (n_places > PLACE_DEPTH)
		return error_set(err, "an address has %u places", n_places);
	for (uint8_t i = 0; i < n_places; i++) {
		places[i].function = get_string(in);
		places[i].file = get_name(in);
		places[i].line = get_u32(in);
	}
	if (!in->bad)
		status = 0;
	if (!status && flags & LINES_HERE)
		status = frame_table_set_places(out->frames, address, false, places, n_places, err);
	if (!status && flags & LINES_RETURNED)
		status = frame_table_set_places(out->frames, address, true, places, n_places, err);
	for (uint8_t i = 0; i < n_places; i++) {
		free((char *)places[i].function);
		free((char *)places[i].file);
	}
	return status;
}

static int decode_stack(struct cursor *in, struct decoded *out, struct error *err)
{
	uint64_t frames[KMN_MAX_FRAMES];
	struct stack stack = {.frames = frames};
	bool added;

	stack.hash = get_u64(in);
	stack.modules = get_u64(in);
	stack.flags = get_u16(in);
	stack.n_frames = get_u16(in);
	if (stack.n_frames > KMN_MAX_FRAMES)
		return error_set(err, "a stack has %u frames", stack.n_frames);
	for (uint16_t i = 0; i < stack.n_frames; i++)
		frames[i] = get_u64(in);
	if (in->bad)
		return -1;
	return stack_table_add(out->catalog->stacks, &stack, &added, err);
}

static int decode_ledger(struct cursor *in, struct decoded *out, struct error *err)
{
	struct ledger_row row = {0};
	uint8_t kind = get_u8(in);
	uint8_t detail = get_u8(in);
	uint64_t damaged;

	switch (kind) {
	case LEDGER_STATE:
		damaged = get_u64(in);
		if (in->bad)
			return -1;
		out->ledger->interrupted |= (detail & LEDGER_INTERRUPTED) != 0;
		out->ledger->continued |= (detail & LEDGER_CONTINUED) != 0;
		out->ledger->damaged += damaged;
		return 0;
	case LEDGER_ROW:
		break;
	default:
		return 0;
	}
	if (detail > LEDGER_RETURN)
		return error_set(err, "a row of the ledger is for the unknown point %u", detail);
	row.point = (enum ledger_point)detail;
	row.hook = get_u32(in);
	row.hits = get_u64(in);
	row.recorded = get_u64(in);
	row.filtered = get_u64(in);
	row.lost = get_u64(in);
	row.suspended = get_u64(in);
	row.missed = get_u64(in);
	row.self = get_u64(in);
	row.first_lost = get_u64(in);
	row.last_lost = get_u64(in);
	return in->bad ? -1 : ledger_add(out->ledger, &row, err);
}

static int decode_end(struct cursor *in, struct decoded *out, struct error *err)
{
	uint64_t n_records = get_u64(in);

	if (in->bad)
		return -1;
	out->n_records = n_records;
	return 0;
}

/* Reads the entry's fields; what it leaves of the entry are fields of a later version. */
typedef int decode_entry(struct cursor *in, struct decoded *out, struct error *err);

static decode_entry *const decoders[] = {
	[BLOCK_SYSTEM] = decode_system,	 [BLOCK_SPEC] = decode_spec,
	[BLOCK_MODULES] = decode_module, [BLOCK_ENUMERATIONS] = decode_enumeration,
	[BLOCK_APIS] = decode_api,	 [BLOCK_FRAMES] = decode_frame,
	[BLOCK_STACKS] = decode_stack,	 [BLOCK_LEDGER] = decode_ledger,
	[BLOCK_END] = decode_end,	 [BLOCK_LINES] = decode_lines,
	[BLOCK_MEMORY] = decode_memory,
};

int decode_block(uint16_t type, const void *payload, size_t length, struct decoded *out,
		 struct error *err)
{
	struct cursor in = {.at = payload, .left = length};
	decode_entry *decode =
		type < sizeof(decoders) / sizeof(decoders[0]) ? decoders[type] : NULL;

	if (!decode)
		return 0;
	for (size_t number = 1; in.left; number++) {
		uint32_t entry_length = get_u32(&in);
		const unsigned char *entry = get_bytes(&in, entry_length);
		struct cursor fields = {.at = entry, .left = entry_length};

		if (in.bad)
			return error_set(err, "its entry %zu leaves the block", number);
		if (decode(&fields, out, err)) {
			if (fields.bad)
				error_set(err, "its entry %zu is cut short", number);
			return -1;
		}
	}
	return 0;
}
