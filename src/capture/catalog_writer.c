/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/catalog_writer.h"

#include <stdlib.h>
#include <string.h>

#include <record.h>

#include "capture/bytes.h"
#include "capture/encode.h"

#define TABLE_BYTES ((size_t)256 << 10)

/* What of an API can change after it was written. */
struct api_mark {
	uint64_t address;
	uint32_t id;
	uint8_t method;
	bool returns_hooked;
};

int catalog_writer_init(struct catalog_writer *writer, const struct catalog *catalog,
			struct block_writer *blocks, struct error *err)
{
	struct frame_table *frames = frame_table_create();

	if (!frames)
		return error_no_memory(err);
	*writer = (struct catalog_writer){.catalog = catalog, .blocks = blocks, .frames = frames};
	return 0;
}

void catalog_writer_fini(struct catalog_writer *writer)
{
	text_fini(&writer->payload);
	text_fini(&writer->system);
	text_fini(&writer->spec);
	text_fini(&writer->scratch);
	text_fini(&writer->new_frames);
	free(writer->unloaded);
	free(writer->apis);
	frame_table_destroy(writer->frames);
}

static int write_payload(struct catalog_writer *writer, struct text *payload, enum block_type type,
			 struct error *err)
{
	if (text_failed(payload))
		return error_no_memory(err);
	if (!payload->length)
		return 0;
	if (block_writer_write(writer->blocks, type, payload->data, payload->length, err))
		return -1;
	text_clear(payload);
	return 0;
}

static int write_when_full(struct catalog_writer *writer, enum block_type type, struct error *err)
{
	if (writer->payload.length < TABLE_BYTES && !text_failed(&writer->payload))
		return 0;
	return write_payload(writer, &writer->payload, type, err);
}

/* Write what is in scratch unless it is what was written last. */
static int write_if_changed(struct catalog_writer *writer, struct text *written,
			    enum block_type type, struct error *err)
{
	struct text fresh = writer->scratch;

	if (!text_failed(&fresh) && fresh.length == written->length &&
	    !memcmp(fresh.data, written->data, fresh.length))
		return 0;
	if (text_failed(&fresh))
		return error_no_memory(err);
	if (block_writer_write(writer->blocks, type, fresh.data, fresh.length, err))
		return -1;
	writer->scratch = *written;
	*written = fresh;
	return 0;
}

static int write_system(struct catalog_writer *writer, struct error *err)
{
	text_clear(&writer->scratch);
	encode_system(&writer->scratch, writer->catalog);
	return write_if_changed(writer, &writer->system, BLOCK_SYSTEM, err);
}

static int write_spec(struct catalog_writer *writer, struct error *err)
{
	if (!writer->catalog->spec)
		return 0;
	text_clear(&writer->scratch);
	encode_spec(&writer->scratch, writer->catalog->spec);
	return write_if_changed(writer, &writer->spec, BLOCK_SPEC, err);
}

static int write_modules(struct catalog_writer *writer, struct error *err)
{
	const struct module_table *table = &writer->catalog->modules;

	if (table->n_modules > writer->n_modules) {
		uint64_t *unloaded =
			realloc(writer->unloaded, table->n_modules * sizeof(*unloaded));

		if (!unloaded)
			return error_no_memory(err);
		writer->unloaded = unloaded;
	}
	for (size_t i = 0; i < table->n_modules; i++) {
		const struct module *module = &table->modules[i];

		if (i < writer->n_modules && writer->unloaded[i] == module->unloaded)
			continue;
		if (i >= CAPTURE_MAX_INDEX)
			return error_set(err, "a capture can't hold more than %u modules",
					 CAPTURE_MAX_INDEX);
		encode_module(&writer->payload, (uint32_t)i, module);
		writer->unloaded[i] = module->unloaded;
		if (write_when_full(writer, BLOCK_MODULES, err))
			return -1;
	}
	writer->n_modules = table->n_modules;
	return write_payload(writer, &writer->payload, BLOCK_MODULES, err);
}

static int write_enumerations(struct catalog_writer *writer, struct error *err)
{
	const struct api_table *table = &writer->catalog->apis;

	for (; writer->n_enumerations < table->n_enumerations; writer->n_enumerations++) {
		if (writer->n_enumerations >= CAPTURE_MAX_INDEX)
			return error_set(err, "a capture can't hold more than %u enumerations",
					 CAPTURE_MAX_INDEX);
		encode_enumeration(&writer->payload, (uint32_t)writer->n_enumerations,
				   &table->enumerations[writer->n_enumerations]);
		if (write_when_full(writer, BLOCK_ENUMERATIONS, err))
			return -1;
	}
	return write_payload(writer, &writer->payload, BLOCK_ENUMERATIONS, err);
}

/* A reader would refuse what this refuses. */
static int check_api(const struct api *api, struct error *err)
{
	if (!api->name || api->n_params > UINT16_MAX || api->n_fetches > KMN_MAX_FETCHES)
		return error_set(err, "API %u can't be stored: %zu parameters, %zu fetches",
				 api->id, api->n_params, api->n_fetches);
	for (size_t i = 0; i < api->n_fetches; i++) {
		if (api->fetches[i].param >= api->n_params)
			return error_set(err, "%s fetches from parameter %u, it has %zu", api->name,
					 api->fetches[i].param, api->n_params);
	}
	return 0;
}

static int write_apis(struct catalog_writer *writer, struct error *err)
{
	const struct api_table *table = &writer->catalog->apis;
	struct api_mark *marks;
	size_t old = 0;

	if (!table->n_apis)
		return 0;
	marks = malloc(table->n_apis * sizeof(*marks));
	if (!marks)
		return error_no_memory(err);
	/* Both are sorted by id, and what was written never leaves the table. */
	for (size_t i = 0; i < table->n_apis; i++) {
		const struct api *api = table->apis[i];
		const struct api_mark mark = {api->address, api->id, (uint8_t)api->method,
					      api->returns_hooked};
		const struct api_mark *known = NULL;

		marks[i] = mark;
		if (old < writer->n_apis && writer->apis[old].id == api->id)
			known = &writer->apis[old++];
		if (known && known->address == mark.address && known->method == mark.method &&
		    known->returns_hooked == mark.returns_hooked)
			continue;
		if (check_api(api, err))
			goto fail;
		encode_api(&writer->payload, api);
		if (write_when_full(writer, BLOCK_APIS, err))
			goto fail;
	}
	free(writer->apis);
	writer->apis = marks;
	writer->n_apis = table->n_apis;
	return write_payload(writer, &writer->payload, BLOCK_APIS, err);
fail:
	free(marks);
	return -1;
}

/*
 * What module and offset lead back to needs no name in a minimal capture. The rest keeps it: no
 * file could give it back to init code that is gone, or to what the kernel makes while it runs.
 */
static void take_frame(const struct catalog_writer *writer, uint64_t address, struct frame *frame)
{
	const struct module *module;

	catalog_frame(writer->catalog, address, frame);
	if (!writer->minimal)
		return;
	module = catalog_frame_module(writer->catalog, frame, address);
	if (module && address - module->base < module->size)
		*frame = (struct frame){.offset = address - module->base, .module = module->name};
}

int catalog_writer_name(struct catalog_writer *writer, const uint64_t *addresses, size_t n,
			struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct frame frame;

		if (frame_table_find(writer->frames, addresses[i]))
			continue;
		take_frame(writer, addresses[i], &frame);
		encode_frame(&writer->new_frames, addresses[i], &frame);
		if (frame_table_set(writer->frames, addresses[i], &frame, err))
			return -1;
	}
	if (writer->new_frames.length >= TABLE_BYTES || text_failed(&writer->new_frames))
		return write_payload(writer, &writer->new_frames, BLOCK_FRAMES, err);
	return 0;
}

/* Frames first: a stack is shown as soon as it is known. */
static int write_stacks(struct catalog_writer *writer, struct error *err)
{
	const struct stack_table *table = writer->catalog->stacks;
	size_t n = stack_table_count(table);

	for (size_t i = writer->n_stacks; i < n; i++) {
		const struct stack *stack = stack_table_at(table, i);

		if (catalog_writer_name(writer, stack->frames, stack->n_frames, err))
			return -1;
	}
	if (write_payload(writer, &writer->new_frames, BLOCK_FRAMES, err))
		return -1;
	for (; writer->n_stacks < n; writer->n_stacks++) {
		encode_stack(&writer->payload, stack_table_at(table, writer->n_stacks));
		if (write_when_full(writer, BLOCK_STACKS, err))
			return -1;
	}
	return write_payload(writer, &writer->payload, BLOCK_STACKS, err);
}

int catalog_writer_write(struct catalog_writer *writer, struct error *err)
{
	if (write_system(writer, err) || write_spec(writer, err) || write_modules(writer, err) ||
	    write_enumerations(writer, err) || write_apis(writer, err))
		return -1;
	return write_stacks(writer, err);
}

bool catalog_writer_has_new_modules(const struct catalog_writer *writer)
{
	return writer->catalog->modules.n_modules > writer->n_modules;
}

static bool same_string(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static int rename_frame(struct catalog_writer *writer, uint64_t address, struct error *err)
{
	const struct frame *known = frame_table_find(writer->frames, address);
	struct frame frame;

	take_frame(writer, address, &frame);
	if (frame.offset == known->offset && same_string(frame.symbol, known->symbol) &&
	    same_string(frame.module, known->module))
		return 0;
	encode_frame(&writer->new_frames, address, &frame);
	return frame_table_set(writer->frames, address, &frame, err);
}

int catalog_writer_rename(struct catalog_writer *writer, struct error *err)
{
	for (; writer->renamed_modules < writer->n_modules; writer->renamed_modules++) {
		const struct module *module =
			&writer->catalog->modules.modules[writer->renamed_modules];

		for (size_t i = 0; i < frame_table_count(writer->frames); i++) {
			uint64_t address = frame_table_address(writer->frames, i);

			if (address - module->base < module->size &&
			    rename_frame(writer, address, err))
				return -1;
		}
	}
	return write_payload(writer, &writer->new_frames, BLOCK_FRAMES, err);
}

int catalog_writer_ledger(struct catalog_writer *writer, const struct ledger *ledger,
			  struct error *err)
{
	encode_ledger_state(&writer->payload, ledger);
	for (size_t i = 0; i < ledger->n_rows; i++)
		encode_ledger_row(&writer->payload, &ledger->rows[i]);
	/* In one block: half a ledger must not pass for a whole one. */
	return write_payload(writer, &writer->payload, BLOCK_LEDGER, err);
}
