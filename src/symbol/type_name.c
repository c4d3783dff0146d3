/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/type_name.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Pointers to functions that take pointers to functions...; a damaged BTF may loop. */
#define MAX_DEPTH 12
#define MAX_CHAIN 64

/* BTF has gcc's names of the basic types. */
static const char *plain_int_name(const char *name)
{
	static const char *const names[][2] = {
		{"long unsigned int", "unsigned long"},
		{"long int", "long"},
		{"long long unsigned int", "unsigned long long"},
		{"long long int", "long long"},
		{"short unsigned int", "unsigned short"},
		{"short int", "short"},
		{"_Bool", "bool"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i][0]))
			return names[i][1];
	return name;
}

static void prepend(struct text *text, const char *string)
{
	struct text joined = TEXT_INIT;

	text_add(&joined, string);
	text_add(&joined, text_string(text));
	joined.failed |= text->failed;
	text_fini(text);
	*text = joined;
}

/* What qualifies the type that comes next on the way from the outside in. */
struct qualifiers {
	bool is_const, is_volatile, is_restrict;
	const char *tag; /* "user", "rcu", "percpu" */
};

static void print_base(const struct btf *btf, const struct btf_type *type, struct text *out)
{
	const char *name = type->name_off ? btf__name_by_offset(btf, type->name_off) : "";
	const char *keyword = "";

	if (btf_is_void(type))
		name = "void";
	else if (btf_is_int(type))
		name = plain_int_name(name);
	else if (btf_is_struct(type))
		keyword = "struct ";
	else if (btf_is_union(type))
		keyword = "union ";
	else if (btf_is_any_enum(type))
		keyword = "enum ";
	else if (btf_is_fwd(type))
		keyword = btf_kflag(type) ? "union " : "struct ";
	text_add(out, keyword);
	text_add(out, *name ? name : "{...}");
}

static int print_declaration(const struct btf *btf, uint32_t type_id, const char *name, int depth,
			     struct text *out);

static int print_params(const struct btf *btf, const struct btf_type *proto, int depth,
			struct text *out)
{
	unsigned n = btf_vlen(proto);

	text_add_char(out, '(');
	if (!n)
		text_add(out, "void");
	for (unsigned i = 0; i < n; i++) {
		const struct btf_param *param = &btf_params(proto)[i];

		if (i)
			text_add(out, ", ");
		if (!param->type)
			text_add(out, "...");
		else if (print_declaration(btf, param->type,
					   btf__name_by_offset(btf, param->name_off), depth + 1,
					   out))
			return -1;
	}
	text_add_char(out, ')');
	return 0;
}

/*
 * From the outside in: what stands around the name (pointers, arrays, parameters) collects in
 * inner, the type that ends the chain goes in front of it.
 */
static int print_declaration(const struct btf *btf, uint32_t type_id, const char *name, int depth,
			     struct text *out)
{
	struct qualifiers qualifiers = {0};
	struct text inner = TEXT_INIT;
	const struct btf_type *type;
	bool pointer = false; /* the last thing put around the name was a '*' */
	int result = -1;
	uint32_t next;

	if (depth > MAX_DEPTH)
		return -1;
	text_add(&inner, name ? name : "");
	for (int i = 0; i < MAX_CHAIN; i++, type_id = next) {
		type = btf__type_by_id(btf, type_id);
		if (!type)
			goto out;
		next = btf_is_array(type) ? btf_array(type)->type : type->type;
		if (btf_is_const(type)) {
			qualifiers.is_const = true;
		} else if (btf_is_volatile(type)) {
			qualifiers.is_volatile = true;
		} else if (btf_is_restrict(type)) {
			qualifiers.is_restrict = true;
		} else if (btf_is_type_tag(type)) {
			qualifiers.tag = btf__name_by_offset(btf, type->name_off);
		} else if (btf_is_ptr(type)) {
			/* "* const p"; a qualifier that ends the type needs no space. */
			const char *space = inner.length ? " " : "";

			if (qualifiers.is_restrict) {
				prepend(&inner, space);
				prepend(&inner, "restrict");
				space = " ";
			}
			if (qualifiers.is_volatile) {
				prepend(&inner, space);
				prepend(&inner, "volatile");
				space = " ";
			}
			if (qualifiers.is_const) {
				prepend(&inner, space);
				prepend(&inner, "const");
			}
			prepend(&inner, "*");
			qualifiers = (struct qualifiers){0};
			pointer = true;
		} else if (btf_is_array(type)) {
			if (pointer) {
				prepend(&inner, "(");
				text_add_char(&inner, ')');
			}
			text_addf(&inner, "[%u]", btf_array(type)->nelems);
			pointer = false;
		} else if (btf_is_func_proto(type)) {
			if (pointer) {
				prepend(&inner, "(");
				text_add_char(&inner, ')');
			}
			if (print_params(btf, type, depth, &inner))
				goto out;
			pointer = false;
			qualifiers = (struct qualifiers){0};
		} else {
			if (qualifiers.is_const)
				text_add(out, "const ");
			if (qualifiers.is_volatile)
				text_add(out, "volatile ");
			print_base(btf, type, out);
			if (qualifiers.tag)
				text_addf(out, " __%s", qualifiers.tag);
			if (inner.length)
				text_add_char(out, ' ');
			text_add(out, text_string(&inner));
			result = inner.failed ? -1 : 0;
			goto out;
		}
	}
out:
	text_fini(&inner);
	return result;
}

int type_name_print(const struct btf *btf, uint32_t type_id, const char *name, struct text *out,
		    struct error *err)
{
	if (print_declaration(btf, type_id, name, 0, out))
		return error_set(err, "type %u can't be written as C", type_id);
	return out->failed ? error_no_memory(err) : 0;
}
