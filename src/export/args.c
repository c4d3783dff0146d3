/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/args.h"

#include <string.h>

#include "view/escape.h"
#include "view/fetched.h"
#include "view/number.h"
#include "view/value.h"

static const struct value_type unknown_type = {.kind = VALUE_UNKNOWN};

/* Everything that is needed on the way through one entry's arguments. */
struct walk {
	const struct catalog *catalog;
	const struct api *api;
	const struct record_view *entry;
	int (*take)(void *context, const char *name, const struct datum *datum, struct error *err);
	void *context;
	struct text name, value;
};

/* As text. Enumerators are named by the capture, which is anybody's: they are escaped as well. */
static void words_datum(const struct api_table *table, const struct value_type *type,
			const uint64_t *words, unsigned n_words, struct text *scratch,
			struct datum *datum)
{
	struct text value = TEXT_INIT;

	datum->kind = DATUM_TEXT;
	value_print(&value, table, type, words, n_words);
	escape_print(scratch, text_string(&value), value.length, 0);
	scratch->failed |= value.failed;
	text_fini(&value);
}

static void word_datum(const struct api_table *table, const struct value_type *type, uint64_t word,
		       struct text *scratch, struct datum *datum)
{
	switch (type->kind) {
	case VALUE_SIGNED:
		datum->kind = DATUM_SIGNED;
		datum->number = (uint64_t)value_signed(word, type->size);
		return;
	case VALUE_UNSIGNED:
		datum->kind = DATUM_UNSIGNED;
		datum->number = value_unsigned(word, type->size);
		return;
	case VALUE_BOOL:
		datum->kind = DATUM_BOOL;
		datum->number = word & 0xff ? 1 : 0;
		return;
	case VALUE_ENUM:
		if (value_enumerator(table, type, word))
			break;
		datum->kind = DATUM_SIGNED;
		datum->number = (uint64_t)value_signed(word, type->size);
		return;
	case VALUE_POINTER:
	case VALUE_STRING:
	case VALUE_OBJECT:
		datum->kind = word ? DATUM_ADDRESS : DATUM_NONE;
		datum->number = word;
		return;
	case VALUE_UNKNOWN:
		datum->kind = DATUM_ADDRESS;
		datum->number = value_unsigned(word, type->size);
		return;
	case VALUE_VOID:
		datum->kind = DATUM_NONE;
		return;
	case VALUE_FLAGS:
	case VALUE_STRUCT:
		break;
	}
	words_datum(table, type, &word, 1, scratch, datum);
}

static void fetched_datum(const struct api_fetch *fetch, const struct kmn_fetched *what,
			  const unsigned char *data, struct text *scratch, struct datum *datum)
{
	if (what->status == KMN_FETCH_FAULT || what->status == KMN_FETCH_NULL) {
		datum->kind = DATUM_NONE;
		return;
	}
	switch (fetch->form) {
	case FETCH_UNSIGNED:
	case FETCH_BE16:
		datum->kind = DATUM_UNSIGNED;
		datum->number = fetched_number(fetch->form, data, what->length);
		return;
	case FETCH_SIGNED:
		datum->kind = DATUM_SIGNED;
		datum->number = fetched_number(fetch->form, data, what->length);
		return;
	case FETCH_STRING:
	case FETCH_PATH:
	case FETCH_FAMILY:
		break;
	}
	datum->kind = DATUM_TEXT;
	fetched_print(scratch, fetch, what, data);
}

static int hand_over(struct walk *walk, struct datum *datum, struct error *err)
{
	int status;

	if (text_failed(&walk->name) || text_failed(&walk->value))
		return error_no_memory(err);
	datum->text = text_string(&walk->value);
	status = walk->take(walk->context, text_string(&walk->name), datum, err);
	text_clear(&walk->value);
	return status;
}

static void name_param(struct walk *walk, size_t index)
{
	const char *name = walk->api->params[index].name;

	text_clear(&walk->name);
	if (name)
		escape_print(&walk->name, name, strlen(name), 0);
	else
		text_addf(&walk->name, "arg%zu", index);
}

static size_t count_fetches(const struct walk *walk, size_t index)
{
	const unsigned char *data;
	struct kmn_fetched what;
	size_t n = 0;

	for (size_t i = 0; i < walk->api->n_fetches && i < KMN_MAX_FETCHES; i++)
		n += walk->api->fetches[i].param == index &&
		     record_fetched(walk->entry, (uint8_t)i, &what, &data);
	return n;
}

/* A single fetch without a label is the argument itself. */
static int take_fetches(struct walk *walk, size_t index, size_t n, struct error *err)
{
	for (size_t i = 0; i < walk->api->n_fetches && i < KMN_MAX_FETCHES; i++) {
		const struct api_fetch *fetch = &walk->api->fetches[i];
		const unsigned char *data;
		struct datum datum = {0};
		struct kmn_fetched what;
		const char *key = fetched_key(fetch);

		if (fetch->param != index || !record_fetched(walk->entry, (uint8_t)i, &what, &data))
			continue;
		name_param(walk, index);
		if (n > 1 || (fetch->label && *fetch->label)) {
			text_add_char(&walk->name, '.');
			escape_print(&walk->name, key, strlen(key), 0);
		}
		fetched_datum(fetch, &what, data, &walk->value, &datum);
		if (hand_over(walk, &datum, err))
			return -1;
	}
	return 0;
}

static int take_param(struct walk *walk, size_t index, struct error *err)
{
	const struct api_param *param = &walk->api->params[index];
	const uint64_t *words = walk->entry->args + param->slot;
	bool fetches = param->type.kind == VALUE_STRING || param->type.kind == VALUE_OBJECT;
	struct datum datum = {.kind = DATUM_NONE};
	size_t n;

	name_param(walk, index);
	if (!param->slots || param->slot + param->slots > walk->entry->header->n_args)
		return hand_over(walk, &datum, err);
	n = fetches && words[0] ? count_fetches(walk, index) : 0;
	if (n)
		return take_fetches(walk, index, n, err);
	if (param->slots > 1)
		words_datum(&walk->catalog->apis, &param->type, words, param->slots, &walk->value,
			    &datum);
	else
		word_datum(&walk->catalog->apis, &param->type, words[0], &walk->value, &datum);
	return hand_over(walk, &datum, err);
}

static int take_word(struct walk *walk, uint8_t index, struct error *err)
{
	struct datum datum = {.kind = DATUM_ADDRESS, .number = walk->entry->args[index]};

	text_clear(&walk->name);
	text_addf(&walk->name, "arg%u", index);
	return hand_over(walk, &datum, err);
}

int args_each(const struct catalog *catalog, const struct api *api, const struct record_view *entry,
	      int (*take)(void *context, const char *name, const struct datum *datum,
			  struct error *err),
	      void *context, struct error *err)
{
	struct walk walk = {catalog, api, entry, take, context, TEXT_INIT, TEXT_INIT};
	bool typed = api && api->typed;
	size_t n = typed ? api->n_params : entry->header->n_args;
	int status = 0;

	for (size_t i = 0; i < n && !status; i++)
		status = typed ? take_param(&walk, i, err) : take_word(&walk, (uint8_t)i, err);
	text_fini(&walk.name);
	text_fini(&walk.value);
	return status;
}

bool args_result(const struct catalog *catalog, const struct call *call, struct text *scratch,
		 struct datum *datum)
{
	const struct value_type *type =
		call->api && call->api->typed ? &call->api->result : &unknown_type;

	if (!call->ret || type->kind == VALUE_VOID || !value_is_whole(type))
		return false;
	*datum = (struct datum){0};
	word_datum(&catalog->apis, type, call->ret->ret->value, scratch, datum);
	datum->text = text_string(scratch);
	return true;
}

const char *args_error(const struct call *call)
{
	const struct value_type *type =
		call->api && call->api->typed ? &call->api->result : &unknown_type;

	return call->ret ? value_error(type, call->ret->ret->value) : NULL;
}
