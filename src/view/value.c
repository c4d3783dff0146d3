/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/value.h"

#include <string.h>

#include "model/names.h"
#include "view/escape.h"
#include "view/fetched.h"
#include "view/number.h"

/* include/linux/err.h: the last so many addresses are error numbers */
#define MAX_ERRNO 4095

int64_t value_signed(uint64_t word, uint32_t size)
{
	unsigned shift = size && size < 8 ? 64 - 8 * size : 0;

	return (int64_t)(word << shift) >> shift;
}

uint64_t value_unsigned(uint64_t word, uint32_t size)
{
	unsigned shift = size && size < 8 ? 64 - 8 * size : 0;

	return word << shift >> shift;
}

static const struct enumeration *type_enumeration(const struct api_table *table,
						  const struct value_type *type)
{
	return type->enumeration < table->n_enumerations ? &table->enumerations[type->enumeration]
							 : NULL;
}

const char *value_enumerator(const struct api_table *table, const struct value_type *type,
			     uint64_t word)
{
	const struct enumeration *enumeration = type_enumeration(table, type);

	for (size_t i = 0; enumeration && i < enumeration->n_members; i++) {
		uint64_t value = (uint64_t)enumeration->members[i].value;

		if (value_unsigned(value, type->size) == value_unsigned(word, type->size))
			return enumeration->members[i].name;
	}
	return NULL;
}

void value_print_enum(struct text *out, const struct api_table *table,
		      const struct value_type *type, uint64_t word)
{
	const struct enumeration *enumeration = type_enumeration(table, type);
	const char *name = value_enumerator(table, type, word);
	uint64_t rest = value_unsigned(word, type->size);
	const char *separator = "";

	if (name) {
		text_add(out, name);
		return;
	}
	if (type->kind != VALUE_FLAGS || !enumeration) {
		number_print_signed(out, value_signed(word, type->size));
		return;
	}
	for (size_t i = 0; rest && i < enumeration->n_members; i++) {
		uint64_t bits = value_unsigned((uint64_t)enumeration->members[i].value, type->size);

		if (!bits || (rest & bits) != bits)
			continue;
		text_add(out, separator);
		text_add(out, enumeration->members[i].name);
		separator = "|";
		rest &= ~bits;
	}
	if (rest) {
		text_add(out, separator);
		number_print_hex(out, rest, 0);
	} else if (!*separator) {
		text_add_char(out, '0');
	}
}

static bool is_err_ptr(uint64_t word)
{
	return word >= (uint64_t)-MAX_ERRNO;
}

static void pointer_print(struct text *out, uint64_t word)
{
	const char *error = is_err_ptr(word) ? names_error(0 - word) : NULL;

	if (!word) {
		text_add(out, "NULL");
	} else if (error) {
		text_add(out, "ERR_PTR(-");
		text_add(out, error);
		text_add_char(out, ')');
	} else {
		number_print_hex(out, word, 16);
	}
}

/* Typedefs of unsigned numbers that mean nothing to anybody in decimal. */
static bool print_by_typedef(struct text *out, const struct value_type *type, uint64_t number)
{
	static const struct {
		const char *name;
		char form; /* x: hexadecimal, o: octal, d: a device's major:minor */
	} typedefs[] = {
		{"gfp_t", 'x'},	      {"fmode_t", 'x'},	   {"slab_flags_t", 'x'}, {"umode_t", 'o'},
		{"phys_addr_t", 'x'}, {"dma_addr_t", 'x'}, {"blk_opf_t", 'x'},	  {"dev_t", 'd'},
		{"vm_flags_t", 'x'},  {"pgprot_t", 'x'},   {"__be16", 'x'},	  {"__be32", 'x'},
	};
	size_t length = type->name ? strlen(type->name) : 0;

	if (length < 5 ||
	    (memcmp(type->name + length - 2, "_t", 2) && memcmp(type->name, "__be", 4)))
		return false;
	for (size_t i = 0; i < sizeof(typedefs) / sizeof(typedefs[0]); i++) {
		if (strcmp(type->name, typedefs[i].name))
			continue;
		if (typedefs[i].form == 'x') {
			number_print_hex(out, number, 0);
		} else if (typedefs[i].form == 'o') {
			number_print_octal(out, number);
		} else {
			/* MINORBITS of include/linux/kdev_t.h */
			number_print(out, number >> 20);
			text_add_char(out, ':');
			number_print(out, number & 0xfffff);
		}
		return true;
	}
	return false;
}

static void struct_print(struct text *out, const struct value_type *type, const uint64_t *words,
			 unsigned n_words)
{
	text_add_char(out, '{');
	for (unsigned i = 0; i < n_words; i++) {
		uint32_t left = type->size > 8 * i ? type->size - 8 * i : 8;

		if (i)
			text_add(out, ", ");
		number_print_hex(out, value_unsigned(words[i], left), 0);
	}
	text_add_char(out, '}');
}

void value_print(struct text *out, const struct api_table *table, const struct value_type *type,
		 const uint64_t *words, unsigned n_words)
{
	uint64_t number;

	if (!n_words || type->kind == VALUE_VOID) {
		text_add_char(out, '?');
		return;
	}
	if (n_words > 1 || type->kind == VALUE_STRUCT) {
		struct_print(out, type, words, n_words);
		return;
	}
	number = value_unsigned(words[0], type->size);
	switch (type->kind) {
	case VALUE_SIGNED:
		number_print_signed(out, value_signed(words[0], type->size));
		break;
	case VALUE_UNSIGNED:
		if (!print_by_typedef(out, type, number))
			number_print(out, number);
		break;
	case VALUE_BOOL:
		/* Only the lowest byte of the register is the value. */
		text_add(out, number & 0xff ? "true" : "false");
		break;
	case VALUE_ENUM:
	case VALUE_FLAGS:
		value_print_enum(out, table, type, words[0]);
		break;
	case VALUE_POINTER:
	case VALUE_STRING:
	case VALUE_OBJECT:
		pointer_print(out, words[0]);
		break;
	case VALUE_UNKNOWN:
	case VALUE_VOID:
	case VALUE_STRUCT:
		number_print_hex(out, number, 0);
		break;
	}
}

const char *value_error(const struct value_type *type, uint64_t word)
{
	int64_t number;

	switch (type->kind) {
	case VALUE_SIGNED:
		/* Errors don't travel in a char or a short. */
		if (type->size && type->size < 4)
			return NULL;
		number = value_signed(word, type->size);
		return number < 0 && number >= -MAX_ERRNO ? names_error((uint64_t)-number) : NULL;
	case VALUE_POINTER:
	case VALUE_STRING:
	case VALUE_OBJECT:
		return is_err_ptr(word) ? names_error(0 - word) : NULL;
	default:
		return NULL;
	}
}

bool value_is_whole(const struct value_type *type)
{
	return type->kind != VALUE_STRUCT || type->size <= sizeof(uint64_t);
}

void value_print_result(struct text *out, const struct api_table *table,
			const struct value_type *type, uint64_t word)
{
	const char *error;

	if (type->kind == VALUE_VOID)
		return;
	error = type->kind == VALUE_SIGNED ? value_error(type, word) : NULL;
	if (!value_is_whole(type)) {
		text_add_char(out, '?');
	} else if (error) {
		text_add_char(out, '-');
		text_add(out, error);
	} else {
		value_print(out, table, type, &word, 1);
	}
}

/* Unsigned parameters that are sets of bits or addresses by their names. */
static bool reads_in_hex(const char *name)
{
	static const char *const ends[] = {"flags", "mask", "addr", "address"};
	size_t length = name ? strlen(name) : 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t n = strlen(ends[i]);

		if (length >= n && !memcmp(name + length - n, ends[i], n))
			return true;
	}
	return false;
}

struct object_fetches {
	uint8_t first, count; /* of those that belong to the parameter and are in the record */
	uint8_t pid;	      /* NO_FETCH: there is none */
};

#define NO_FETCH 0xff

static bool is_labelled(const struct api_fetch *fetch)
{
	return fetch->label && *fetch->label;
}

static bool object_find(const struct api *api, size_t index, const struct record_view *record,
			struct object_fetches *found)
{
	*found = (struct object_fetches){.pid = NO_FETCH};
	for (size_t i = 0; i < api->n_fetches && i < KMN_MAX_FETCHES; i++) {
		const struct api_fetch *fetch = &api->fetches[i];
		const unsigned char *data;
		struct kmn_fetched what;

		if (fetch->param != index || !record_fetched(record, (uint8_t)i, &what, &data))
			continue;
		if (!found->count++)
			found->first = (uint8_t)i;
		if (is_labelled(fetch) && !strcmp(fetch->label, "pid"))
			found->pid = (uint8_t)i;
	}
	return found->count;
}

static void one_fetch_print(struct text *out, const struct api *api, uint8_t fetch,
			    const struct record_view *record)
{
	const unsigned char *data;
	struct kmn_fetched what;

	if (record_fetched(record, fetch, &what, &data))
		fetched_print(out, &api->fetches[fetch], &what, data);
}

static void labelled_print(struct text *out, const struct api *api, size_t index,
			   const struct record_view *record)
{
	const char *separator = "";

	text_add_char(out, '{');
	for (size_t i = 0; i < api->n_fetches && i < KMN_MAX_FETCHES; i++) {
		const struct api_fetch *fetch = &api->fetches[i];
		const unsigned char *data;
		struct kmn_fetched what;

		if (fetch->param != index || !record_fetched(record, (uint8_t)i, &what, &data))
			continue;
		text_add(out, separator);
		separator = " ";
		if (is_labelled(fetch)) {
			text_add(out, fetch->label);
			text_add_char(out, '=');
		}
		fetched_print(out, fetch, &what, data);
	}
	text_add_char(out, '}');
}

static void object_print(struct text *out, const struct api *api, size_t index, uint64_t word,
			 const struct record_view *record)
{
	struct object_fetches found;
	const struct api_fetch *first;
	const unsigned char *data;
	struct kmn_fetched what;

	if (!object_find(api, index, record, &found)) {
		pointer_print(out, word);
		return;
	}
	first = &api->fetches[found.first];
	if (found.count == 1 && !is_labelled(first)) {
		record_fetched(record, found.first, &what, &data);
		/* A pointer on the way was NULL, not the argument: the address tells more. */
		if (what.status == KMN_FETCH_NULL)
			pointer_print(out, word);
		else
			fetched_print(out, first, &what, data);
	} else if (found.count == 2 && found.pid != NO_FETCH && first->form == FETCH_STRING) {
		one_fetch_print(out, api, found.first, record);
		text_add_char(out, '/');
		one_fetch_print(out, api, found.pid, record);
	} else {
		labelled_print(out, api, index, record);
	}
}

static void string_print(struct text *out, const struct api *api, size_t index, uint64_t word,
			 const struct record_view *record)
{
	struct object_fetches found;
	const unsigned char *data;
	struct kmn_fetched what;

	if (!object_find(api, index, record, &found)) {
		pointer_print(out, word);
		return;
	}
	record_fetched(record, found.first, &what, &data);
	if (what.status == KMN_FETCH_FAULT || what.status == KMN_FETCH_NULL) {
		fetched_print(out, &api->fetches[found.first], &what, data);
		return;
	}
	text_add_char(out, '"');
	escape_print(out, data, what.length, '"');
	text_add(out, what.status == KMN_FETCH_TRUNCATED ? "\"..." : "\"");
}

void value_print_param(struct text *out, const struct api_table *table, const struct api *api,
		       size_t index, const struct record_view *record)
{
	const struct api_param *param = &api->params[index];
	const uint64_t *words = record->args + param->slot;
	uint8_t kind = param->type.kind;

	if (!param->slots || param->slot + param->slots > record->header->n_args) {
		text_add_char(out, '?');
		return;
	}
	/* Nothing can be fetched from NULL and from an error: those say more than "<fault>". */
	if ((kind == VALUE_OBJECT || kind == VALUE_STRING) &&
	    (!words[0] || (is_err_ptr(words[0]) && names_error(0 - words[0]))))
		pointer_print(out, words[0]);
	else if (kind == VALUE_OBJECT)
		object_print(out, api, index, words[0], record);
	else if (kind == VALUE_STRING)
		string_print(out, api, index, words[0], record);
	else if (kind == VALUE_UNSIGNED && param->slots == 1 && reads_in_hex(param->name))
		number_print_hex(out, value_unsigned(words[0], param->type.size), 0);
	else
		value_print(out, table, &param->type, words, param->slots);
}

static void words_print(struct text *out, const struct record_view *record)
{
	for (uint8_t i = 0; i < record->header->n_args; i++) {
		if (i)
			text_add(out, ", ");
		number_print_hex(out, record->args[i], 0);
	}
}

void value_print_params(struct text *out, const struct api_table *table, const struct api *api,
			const struct record_view *record)
{
	if (!api || !api->typed) {
		words_print(out, record);
		return;
	}
	for (size_t i = 0; i < api->n_params; i++) {
		if (i)
			text_add(out, ", ");
		if (api->params[i].name) {
			text_add(out, api->params[i].name);
			text_add_char(out, '=');
		}
		value_print_param(out, table, api, i, record);
	}
	if (api->variadic)
		text_add(out, api->n_params ? ", ..." : "...");
}
