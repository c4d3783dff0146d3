/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "view/number.h"
#include "view/stack.h"
#include "view/value.h"

static const struct {
	const char *name, *title;
} parts[] = {
#define KEY_PART_ROW(symbol, name, title, help) {name, title},
	KEY_PARTS(KEY_PART_ROW)
#undef KEY_PART_ROW
};

const char *key_part_name(enum key_part part)
{
	return parts[part].name;
}

const char *key_part_title(enum key_part part)
{
	return parts[part].title;
}

bool key_spec_has(const struct key_spec *spec, enum key_part part)
{
	for (unsigned i = 0; i < spec->n_parts; i++)
		if (spec->parts[i] == part)
			return true;
	return false;
}

static int unknown_part(const char *word, struct error *err)
{
	struct text all = TEXT_INIT;
	struct nearest nearest;

	nearest_init(&nearest, word);
	for (unsigned i = 0; i < N_KEY_PARTS; i++) {
		nearest_offer(&nearest, parts[i].name);
		text_addf(&all, i ? ", %s" : "%s", parts[i].name);
	}
	error_usage(err, "calls can't be put together by '%s'", word);
	if (nearest.best)
		error_hint(err, "did you mean '%s'?", nearest.best);
	else
		error_hint(err, "expected one or more of %s", text_string(&all));
	text_fini(&all);
	return -1;
}

int key_spec_parse(const char *text, struct key_spec *spec, struct error *err)
{
	struct key_spec parsed = *spec;
	char word[32];

	parsed.n_parts = 0;
	for (;;) {
		size_t length = strcspn(text, ",");
		unsigned part = 0;

		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		while (part < N_KEY_PARTS && strcmp(parts[part].name, word))
			part++;
		if (part == N_KEY_PARTS)
			return unknown_part(word, err);
		if (key_spec_has(&parsed, (enum key_part)part))
			return error_usage(err, "'%s' is named twice", word);
		parsed.parts[parsed.n_parts++] = (enum key_part)part;
		if (!text[length])
			break;
		text += length + 1;
	}
	*spec = parsed;
	return 0;
}

void key_maker_init(struct key_maker *maker, const struct key_spec *spec,
		    const struct catalog *catalog)
{
	*maker = (struct key_maker){.spec = *spec, .catalog = catalog};
	intern_init(&maker->names);
	intern_init(&maker->known);
}

void key_maker_fini(struct key_maker *maker)
{
	intern_fini(&maker->names);
	intern_fini(&maker->known);
	free(maker->known_names);
	text_fini(&maker->scratch);
}

void key_maker_forget(struct key_maker *maker)
{
	intern_clear(&maker->known);
}

const char *key_name(const struct key_maker *maker, uint32_t name)
{
	return intern_bytes(&maker->names, name);
}

const char *key_error(const struct catalog *catalog, const struct record_view *ret)
{
	const struct api *api = api_table_find(&catalog->apis, ret->header->hook);

	return api && api->typed ? value_error(&api->result, ret->ret->value) : NULL;
}

void key_api_name(const struct catalog *catalog, uint32_t hook, struct text *out)
{
	const struct api *api = api_table_find(&catalog->apis, hook);

	if (api && api->name)
		text_add(out, api->name);
	else
		text_addf(out, "hook#%u", hook);
	if (api && api->module)
		text_addf(out, " [%s]", api->module);
}

/* As frame_print(), without escapes. */
static void place_name(const struct key_maker *maker, uint64_t address, struct text *out)
{
	struct frame frame = {0};

	catalog_frame(maker->catalog, address, &frame);
	if (frame.symbol) {
		text_add(out, frame.symbol);
		if (!maker->spec.no_offsets) {
			text_add_char(out, '+');
			number_print_hex(out, frame.offset, 0);
		}
	} else if (frame.module) {
		text_add_char(out, '+');
		number_print_hex(out, frame.offset, 0);
	} else {
		number_print_hex(out, address, 16);
	}
	if (frame.module)
		text_addf(out, " [%s]", frame.module);
}

static void module_name(const struct key_maker *maker, const struct stack *stack, struct text *out)
{
	const struct module_table *modules = &maker->catalog->modules;
	struct frame frame;

	for (uint16_t i = 1; i < stack->n_frames; i++) {
		frame = (struct frame){0};
		catalog_frame_alone(maker->catalog, stack->frames[i], &frame);
		if (frame.module && !catalog_frame_is_kernel(maker->catalog, &frame)) {
			text_add(out, frame.module);
			return;
		}
	}
	if (stack->flags & KMN_STACK_TRUNCATED)
		text_add(out, "(the stack is cut)");
	else
		text_add(out, modules->n_modules ? modules->modules[0].name : "vmlinux");
}

static void stack_name(const struct key_maker *maker, const struct stack *stack, struct text *out)
{
	for (uint16_t i = 0; i < stack->n_frames; i++) {
		if (i)
			text_add_char(out, '\n');
		place_name(maker, stack->frames[i], out);
	}
	if (stack->flags & KMN_STACK_TRUNCATED)
		text_add(out, "\n... (truncated)");
}

/* Names that come from the stack. */
static void stack_part_name(const struct key_maker *maker, enum key_part part,
			    const struct stack *stack, struct text *out)
{
	if (!stack->n_frames)
		text_add(out, "(stack not known)");
	else if (part == KEY_STACK)
		stack_name(maker, stack, out);
	else if (stack->n_frames < 2)
		text_add(out, "(caller not known)");
	else if (part == KEY_CALLER)
		place_name(maker, stack->frames[1], out);
	else
		module_name(maker, stack, out);
}

static int scratch_name(struct key_maker *maker, uint32_t *name, struct error *err)
{
	if (text_failed(&maker->scratch))
		return error_no_memory(err);
	return intern_add(&maker->names, text_string(&maker->scratch), maker->scratch.length, name,
			  &(bool){false}, err);
}

static int keep_known(struct key_maker *maker, const uint64_t *what, size_t size, uint32_t name,
		      struct error *err)
{
	uint32_t number;
	bool added;

	if (intern_add(&maker->known, what, size, &number, &added, err))
		return -1;
	if (number >= maker->known_capacity) {
		size_t capacity = maker->known_capacity ? maker->known_capacity * 2 : 256;
		uint32_t *names = realloc(maker->known_names, capacity * sizeof(*names));

		if (!names)
			return error_no_memory(err);
		maker->known_names = names;
		maker->known_capacity = capacity;
	}
	maker->known_names[number] = name;
	return 0;
}

/* Naming an address is dear: what a function or a stack came to is remembered. */
static int lasting_part(struct key_maker *maker, enum key_part part, const struct record_view *who,
			uint32_t *name, struct error *err)
{
	const uint64_t what[2] = {part, part == KEY_API ? who->header->hook : who->stack->hash};
	struct stack stack = {0};
	uint32_t number;

	if (intern_find(&maker->known, what, sizeof(what), &number)) {
		*name = maker->known_names[number];
		return 0;
	}
	if (part == KEY_API) {
		key_api_name(maker->catalog, who->header->hook, &maker->scratch);
	} else {
		stack_of_record(maker->catalog, who, &stack);
		stack_part_name(maker, part, &stack, &maker->scratch);
	}
	if (scratch_name(maker, name, err))
		return -1;
	/* Frames that are not known may still be learned. */
	if (part != KEY_API && !stack.n_frames)
		return 0;
	return keep_known(maker, what, sizeof(what), *name, err);
}

static void process_name(const struct key_maker *maker, const struct kmn_header *header,
			 struct text *out)
{
	text_add_bytes(out, header->comm, strnlen(header->comm, KMN_COMM));
	if (!maker->spec.no_pids)
		text_addf(out, "/%u", header->pid);
}

static void error_name(const struct key_maker *maker, const struct record_view *ret,
		       struct text *out)
{
	const char *error = ret ? key_error(maker->catalog, ret) : NULL;

	text_add(out, error ? error : ret ? "(none)" : "(not known)");
}

int key_make(struct key_maker *maker, const struct record_view *who, const struct record_view *ret,
	     uint32_t *names, struct error *err)
{
	for (unsigned i = 0; i < maker->spec.n_parts; i++) {
		enum key_part part = maker->spec.parts[i];
		bool lasting =
			part == KEY_API || (part != KEY_PROCESS && part != KEY_ERROR && who->stack);

		text_clear(&maker->scratch);
		if (lasting) {
			if (lasting_part(maker, part, who, &names[i], err))
				return -1;
			continue;
		}
		if (part == KEY_PROCESS)
			process_name(maker, who->header, &maker->scratch);
		else if (part == KEY_ERROR)
			error_name(maker, ret, &maker->scratch);
		else
			text_add(&maker->scratch, "(no stack)");
		if (scratch_name(maker, &names[i], err))
			return -1;
	}
	return 0;
}
