/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/prototype.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "symbol/type_name.h"

/* Chains of typedefs and qualifiers are short; BTF from a file may be damaged and loop. */
#define MAX_CHAIN 64

#define WORD 8
/* Larger ones are passed in memory: System V x86-64 psABI 3.2.3, AAPCS64 6.8.2. */
#define LARGEST_IN_REGISTERS 16
/*
 * x86-64 passes the address of the memory for a larger result as a first, hidden argument; arm64
 * has a register of its own for it, x8.
 */
#ifdef __aarch64__
#define RESULT_ADDRESS_WORDS 0
#else
#define RESULT_ADDRESS_WORDS 1
#endif
/* Registers for arguments on x86-64, the smallest number among the machines supported. */
#define ARGUMENT_REGISTERS 6

const struct btf_type *prototype_skip(const struct btf *btf, uint32_t type_id, uint32_t *id,
				      bool *user)
{
	const struct btf_type *type = NULL;

	for (int i = 0; i < MAX_CHAIN; i++) {
		type = btf__type_by_id(btf, type_id);
		if (!type)
			return NULL;
		if (btf_is_type_tag(type)) {
			if (user && !strcmp(btf__name_by_offset(btf, type->name_off), "user"))
				*user = true;
		} else if (!btf_is_mod(type) && !btf_is_typedef(type)) {
			if (id)
				*id = type_id;
			return type;
		}
		type_id = type->type;
	}
	return NULL;
}

static const struct btf_type *function_proto(const struct btf *btf, uint32_t func_id)
{
	const struct btf_type *func = btf__type_by_id(btf, func_id), *proto;

	if (!func || !btf_is_func(func))
		return NULL;
	proto = btf__type_by_id(btf, func->type);
	return proto && btf_is_func_proto(proto) ? proto : NULL;
}

/* The last parameter without name and type is the "...". */
static bool is_variadic(const struct btf_type *proto)
{
	unsigned n = btf_vlen(proto);

	return n && btf_params(proto)[n - 1].type == 0;
}

static unsigned param_words(const struct btf *btf, uint32_t type_id)
{
	int64_t size = btf__resolve_size(btf, type_id);

	if (size < 0)
		return 1;
	return (unsigned)((size + WORD - 1) / WORD);
}

static bool is_composite(const struct btf *btf, uint32_t type_id)
{
	const struct btf_type *type = prototype_skip(btf, type_id, NULL, NULL);

	return type && btf_is_composite(type);
}

static bool result_in_memory(const struct btf *btf, const struct btf_type *proto)
{
	return is_composite(btf, proto->type) &&
	       param_words(btf, proto->type) > LARGEST_IN_REGISTERS / WORD;
}

void prototype_traits(const struct btf *btf, uint32_t func_id, struct prototype_traits *traits)
{
	const struct btf_type *proto = function_proto(btf, func_id);
	struct prototype_traits found = {0};
	unsigned n;

	if (proto) {
		found.variadic = is_variadic(proto);
		found.struct_result = is_composite(btf, proto->type);
		n = btf_vlen(proto) - found.variadic;
		for (unsigned i = 0; i < n; i++) {
			const struct btf_param *param = &btf_params(proto)[i];
			bool composite = is_composite(btf, param->type);
			unsigned words = param_words(btf, param->type);

			if (composite && words > LARGEST_IN_REGISTERS / WORD) {
				found.memory_param = true;
				continue;
			}
			found.struct_param |= composite;
			if (words > 1 && found.words < ARGUMENT_REGISTERS &&
			    found.words + words > ARGUMENT_REGISTERS)
				found.split_param = true;
			found.words += words;
		}
	}
	*traits = found;
}

static bool is_bit(uint64_t value)
{
	return value && !(value & (value - 1));
}

/*
 * Are the values bits to be combined? Yes if there are at least three different single bits and,
 * but for 0, nothing else: 1, 2, 4. (0, 1, 2 is an ordinary count.) If the name says so, sums of
 * the bits are let pass as well: but not 0, 1, 2, 3, which are then numbers of bits.
 */
static bool enumeration_is_flags(const struct enumeration *enumeration)
{
	size_t length = strlen(enumeration->name), bits = 0;
	bool named = length >= 5 && !strcmp(enumeration->name + length - 5, "flags");
	uint64_t all = 0;
	bool counts = true;

	for (size_t i = 0; i < enumeration->n_members; i++) {
		uint64_t value = (uint64_t)enumeration->members[i].value;

		counts &= value == i;
		if (!is_bit(value))
			continue;
		if (all & value)
			return false;
		all |= value;
		bits++;
	}
	for (size_t i = 0; i < enumeration->n_members; i++) {
		uint64_t value = (uint64_t)enumeration->members[i].value;

		if (value & ~all)
			return false;
		if (value && !is_bit(value) && !named)
			return false;
	}
	if (named)
		return bits > 0 && !counts;
	return bits >= 3;
}

static void enumeration_release(struct enumeration *enumeration)
{
	for (size_t i = 0; i < enumeration->n_members; i++)
		free(enumeration->members[i].name);
	free(enumeration->members);
	free(enumeration->name);
}

static int enumeration_read(const struct btf *btf, const struct btf_type *type,
			    struct enumeration *out, struct error *err)
{
	struct enumeration enumeration = {0};
	bool is_signed = btf_kflag(type);
	size_t n = btf_vlen(type);

	enumeration.name = strdup(btf__name_by_offset(btf, type->name_off));
	enumeration.members = calloc(n, sizeof(enumeration.members[0]));
	if (!enumeration.name || !enumeration.members)
		goto no_memory;
	for (size_t i = 0; i < n; i++) {
		struct enumerator *member = &enumeration.members[i];
		uint32_t name;

		if (btf_is_enum(type)) {
			name = btf_enum(type)[i].name_off;
			member->value = is_signed ? (int64_t)btf_enum(type)[i].val
						  : (int64_t)(uint32_t)btf_enum(type)[i].val;
		} else {
			name = btf_enum64(type)[i].name_off;
			member->value = (int64_t)btf_enum64_value(&btf_enum64(type)[i]);
		}
		member->name = strdup(btf__name_by_offset(btf, name));
		if (!member->name)
			goto no_memory;
		enumeration.n_members++;
	}
	enumeration.flags = enumeration_is_flags(&enumeration);
	*out = enumeration;
	return 0;
no_memory:
	enumeration_release(&enumeration);
	return error_no_memory(err);
}

static bool enumeration_equal(const struct enumeration *a, const struct enumeration *b)
{
	if (a->n_members != b->n_members || strcmp(a->name, b->name))
		return false;
	for (size_t i = 0; i < a->n_members; i++)
		if (a->members[i].value != b->members[i].value ||
		    strcmp(a->members[i].name, b->members[i].name))
			return false;
	return true;
}

static int enumeration_number(const struct btf *btf, const struct btf_type *type,
			      struct api_table *table, uint32_t *number, bool *flags,
			      struct error *err)
{
	struct enumeration enumeration;

	if (enumeration_read(btf, type, &enumeration, err))
		return -1;
	*flags = enumeration.flags;
	for (size_t i = 0; i < table->n_enumerations; i++) {
		if (!enumeration_equal(&table->enumerations[i], &enumeration))
			continue;
		enumeration_release(&enumeration);
		*number = (uint32_t)i;
		return 0;
	}
	if (api_table_add_enumeration(table, &enumeration, number, err)) {
		enumeration_release(&enumeration);
		return -1;
	}
	return 0;
}

/* A struct that only wraps a number to give it a type of its own: kuid_t. NULL for others. */
static const struct btf_type *unwrap(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_type *member;

	if (!btf_is_struct(type) || btf_vlen(type) != 1 || type->size > WORD ||
	    btf_member_bitfield_size(type, 0))
		return NULL;
	member = prototype_skip(btf, btf_members(type)[0].type, NULL, NULL);
	return member && btf_is_int(member) && member->size == type->size ? member : NULL;
}

/* Kind, size and name of a type; to->name is allocated. */
static int fill_type(const struct btf *btf, uint32_t type_id, struct api_table *table,
		     struct value_type *out, struct error *err)
{
	const struct btf_type *type = prototype_skip(btf, type_id, NULL, NULL);
	struct value_type to = {.kind = VALUE_UNKNOWN};
	struct text name = TEXT_INIT;
	bool flags;

	if (!type) {
		to.size = WORD;
	} else if (btf_is_void(type)) {
		to.kind = VALUE_VOID;
	} else {
		const struct btf_type *wrapped = unwrap(btf, type);
		int64_t size = btf__resolve_size(btf, type_id);

		to.size = size > 0 ? (uint32_t)size : 0;
		if (wrapped)
			type = wrapped;
		if (btf_is_ptr(type)) {
			to.kind = VALUE_POINTER;
		} else if (btf_is_int(type)) {
			if (btf_int_encoding(type) & BTF_INT_BOOL)
				to.kind = VALUE_BOOL;
			else if (btf_int_encoding(type) & BTF_INT_SIGNED)
				to.kind = VALUE_SIGNED;
			else
				to.kind = VALUE_UNSIGNED;
			if (to.size > WORD)
				to.kind = VALUE_STRUCT;
		} else if (btf_is_any_enum(type)) {
			/* One without members is known by its name only. */
			to.kind = btf_kflag(type) ? VALUE_SIGNED : VALUE_UNSIGNED;
			if (btf_vlen(type)) {
				if (enumeration_number(btf, type, table, &to.enumeration, &flags,
						       err))
					return -1;
				to.kind = flags ? VALUE_FLAGS : VALUE_ENUM;
			}
		} else if (btf_is_composite(type)) {
			to.kind = VALUE_STRUCT;
		}
	}
	if (prototype_type_name(btf, type_id, &name, err)) {
		text_fini(&name);
		return -1;
	}
	to.name = text_take(&name);
	if (!to.name)
		return error_no_memory(err);
	*out = to;
	return 0;
}

static void params_release(struct api_param *params, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(params[i].name);
		free(params[i].type.name);
	}
	free(params);
}

static int fill_params(const struct btf *btf, const struct btf_type *proto, size_t n,
		       struct api_table *table, struct api_param **out, struct error *err)
{
	struct api_param *params = calloc(n ? n : 1, sizeof(params[0]));
	unsigned slot = result_in_memory(btf, proto) ? RESULT_ADDRESS_WORDS : 0;

	if (!params)
		return error_no_memory(err);
	for (size_t i = 0; i < n; i++) {
		const struct btf_param *from = &btf_params(proto)[i];
		const char *name = btf__name_by_offset(btf, from->name_off);
		unsigned words = param_words(btf, from->type);

		if (name && *name) {
			params[i].name = strdup(name);
			if (!params[i].name) {
				error_no_memory(err);
				goto fail;
			}
		}
		if (fill_type(btf, from->type, table, &params[i].type, err))
			goto fail;
		if (words > LARGEST_IN_REGISTERS / WORD)
			continue;
		if (slot + words <= KMN_MAX_ARGS) {
			params[i].slot = (uint8_t)slot;
			params[i].slots = (uint8_t)words;
		}
		slot += words;
	}
	*out = params;
	return 0;
fail:
	params_release(params, n);
	return -1;
}

int prototype_fill(const struct btf *btf, uint32_t func_id, struct api_table *table,
		   struct api *api, struct prototype_traits *traits, struct error *err)
{
	const struct btf_type *proto = function_proto(btf, func_id);
	struct value_type result;
	struct api_param *params = NULL;
	bool variadic;
	size_t n;

	if (!proto)
		return error_set(err, "type %u is not a function's", func_id);
	variadic = is_variadic(proto);
	n = btf_vlen(proto) - variadic;
	if (fill_type(btf, proto->type, table, &result, err))
		return -1;
	if (fill_params(btf, proto, n, table, &params, err)) {
		free(result.name);
		return -1;
	}
	params_release(api->params, api->n_params);
	free(api->result.name);
	api->typed = true;
	api->variadic = variadic;
	api->result = result;
	api->params = params;
	api->n_params = n;
	if (traits)
		prototype_traits(btf, func_id, traits);
	return 0;
}

int prototype_print(const struct btf *btf, uint32_t func_id, const char *name, struct text *out,
		    struct error *err)
{
	const struct btf_type *func = btf__type_by_id(btf, func_id);
	const struct btf_type *proto = function_proto(btf, func_id);

	if (!proto)
		return error_set(err, "type %u is not a function's", func_id);
	if (!name)
		name = btf__name_by_offset(btf, func->name_off);
	return type_name_print(btf, func->type, name, out, err);
}

int prototype_type_name(const struct btf *btf, uint32_t type_id, struct text *out,
			struct error *err)
{
	return type_name_print(btf, type_id, "", out, err);
}
