/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs do for one hook: argument words, fetches, comparisons. */
#include "source/linux_engine.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void plan_fetches(const struct api *api, struct kmn_hook *plan)
{
	for (size_t i = 0; i < api->n_fetches && i < KMN_MAX_FETCHES; i++) {
		const struct api_fetch *fetch = &api->fetches[i];
		struct kmn_fetch *to = &plan->fetch[i];

		to->op = fetch->form == FETCH_STRING ? KMN_FETCH_STRING
			 : fetch->form == FETCH_PATH ? KMN_FETCH_PATH
						     : KMN_FETCH_BYTES;
		to->slot = api->params[fetch->param].slot;
		to->size = fetch->size;
		to->n_steps = fetch->n_steps;
		for (unsigned j = 0; j < fetch->n_steps && j < KMN_FETCH_STEPS; j++)
			to->step[j] = fetch->step[j];
		if (to->op == KMN_FETCH_PATH && plan->n_paths < KMN_MAX_PATHS)
			plan->path[plan->n_paths++] = (uint8_t)i;
		plan->n_fetches++;
	}
}

static const struct {
	const char *text;
	enum kmn_where_op op;
} operators[] = {
	/* Those of two characters first. */
	{"==", KMN_WHERE_EQ}, {"!=", KMN_WHERE_NE}, {"<=", KMN_WHERE_LE}, {">=", KMN_WHERE_GE},
	{"<", KMN_WHERE_LT},  {">", KMN_WHERE_GT},  {"&", KMN_WHERE_AND}, {"=", KMN_WHERE_EQ},
};

static const char *skip_space(const char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

/* -ENOENT or ENOENT, as strerrorname_np() knows them. */
static bool errno_value(const char *text, uint64_t *value)
{
	bool negative = *text == '-';

	if (negative)
		text++;
	for (int i = 1; i < 134; i++) {
		const char *name = strerrorname_np(i);

		if (name && !strcmp(name, text)) {
			*value = negative ? (uint64_t)-i : (uint64_t)i;
			return true;
		}
	}
	return false;
}

static int parse_value(const char *text, const struct value_type *type,
		       const struct api_table *table, uint64_t *value, struct error *err)
{
	const char *digits = *text == '-' ? text + 1 : text;
	unsigned long long number;
	char *end;

	if (isdigit((unsigned char)*digits)) {
		errno = 0;
		number = strtoull(digits, &end, 0);
		if (!*end && !errno) {
			*value = digits != text ? (uint64_t)-number : number;
			return 0;
		}
	}
	if (!strcmp(text, "NULL") || !strcmp(text, "false")) {
		*value = 0;
		return 0;
	}
	if (!strcmp(text, "true")) {
		*value = 1;
		return 0;
	}
	if ((type->kind == VALUE_ENUM || type->kind == VALUE_FLAGS) &&
	    type->enumeration < table->n_enumerations) {
		const struct enumeration *names = &table->enumerations[type->enumeration];

		for (size_t i = 0; i < names->n_members; i++) {
			if (!strcmp(names->members[i].name, text)) {
				*value = (uint64_t)names->members[i].value;
				return 0;
			}
		}
	}
	if (errno_value(text, value))
		return 0;
	error_usage(err, "'%s' is not a value of type %s", text,
		    type->name ? type->name : "number");
	return error_hint(err, "give a number, an enumerator's name, NULL, true, false or an error "
			       "like -ENOENT; strings can be compared when the capture is shown");
}

static int unknown_name(const struct api *api, const char *name, size_t length, struct error *err)
{
	char names[256] = "";
	size_t used = 0;

	error_usage(err, "%s has no argument '%.*s'", api->name, (int)length, name);
	for (size_t i = 0; i < api->n_params && used < sizeof(names) - 40; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.30s",
					 used ? ", " : "",
					 api->params[i].name ? api->params[i].name : "(unnamed)");
	if (!api->typed)
		return error_hint(err,
				  "its prototype is not known; only arg0 to arg5 and ret can be "
				  "compared");
	return error_hint(err, "its arguments are: %s; ret is what it returns", names);
}

static int find_operand(const struct hook *hook, const char *name, size_t length,
			struct kmn_where *where, const struct value_type **type, struct error *err)
{
	static const struct value_type word = {.kind = VALUE_UNKNOWN, .size = 8};
	const struct api *api = hook->api;

	if (length == 3 && !strncmp(name, "ret", 3)) {
		if (!hook->returns) {
			error_usage(err, "the return of %s is not hooked, but 'ret' is compared",
				    api->name);
			return error_hint(err, "add -r");
		}
		where->slot = KMN_WHERE_RETURN;
		*type = &api->result;
		return 0;
	}
	for (size_t i = 0; i < api->n_params; i++) {
		const struct api_param *param = &api->params[i];

		if (param->name && strlen(param->name) == length &&
		    !strncmp(param->name, name, length) && param->slots == 1) {
			where->slot = param->slot;
			*type = &param->type;
			return 0;
		}
	}
	if (length == 4 && !strncmp(name, "arg", 3) && name[3] >= '0' && name[3] <= '9') {
		where->slot = (uint8_t)(name[3] - '0');
		*type = &word;
		return 0;
	}
	return unknown_name(api, name, length, err);
}

static int plan_where(const struct hook *hook, const struct api_table *table, const char *text,
		      struct kmn_where *where, struct error *err)
{
	const char *name = skip_space(text), *at = name;
	const struct value_type *type = NULL;
	size_t length;
	char value[128];

	while (isalnum((unsigned char)*at) || *at == '_')
		at++;
	length = (size_t)(at - name);
	at = skip_space(at);
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]) && !where->op; i++) {
		size_t n = strlen(operators[i].text);

		if (!strncmp(at, operators[i].text, n)) {
			where->op = (uint8_t)operators[i].op;
			at += n;
		}
	}
	at = skip_space(at);
	if (!length || !where->op || !*at || strlen(at) >= sizeof(value)) {
		error_usage(err, "'%s' is not a comparison", text);
		return error_hint(err,
				  "write it as NAME OPERATOR VALUE, for example 'flags & 0x40' "
				  "or 'ret < 0'; the operators are == != < <= > >= &");
	}
	strcpy(value, at);
	for (size_t n = strlen(value); n && isspace((unsigned char)value[n - 1]); n--)
		value[n - 1] = '\0';
	if (find_operand(hook, name, length, where, &type, err) ||
	    parse_value(value, type, table, &where->value, err))
		return -1;
	where->size =
		type->size == 1 || type->size == 2 || type->size == 4 ? (uint8_t)type->size : 8;
	where->is_signed = type->kind == VALUE_SIGNED ||
			   (type->kind == VALUE_ENUM && (int64_t)where->value < 0);
	/* Both sides are cut to the type's size; a signed one is extended again. */
	if (where->size < 8) {
		unsigned bits = where->size * 8u;

		where->value &= (1ull << bits) - 1;
		if (where->is_signed && where->value >> (bits - 1))
			where->value |= ~0ull << bits;
	}
	return 0;
}

static uint32_t error_flags(const struct value_type *result)
{
	switch (result->kind) {
	case VALUE_SIGNED:
		return result->size >= 4 ? KMN_HOOK_ERRORS_SIGNED : KMN_HOOK_NEVER_ERRORS;
	case VALUE_POINTER:
	case VALUE_STRING:
	case VALUE_OBJECT:
		return KMN_HOOK_ERRORS_POINTER;
	case VALUE_UNKNOWN:
		return KMN_HOOK_ERRORS_SIGNED;
	default:
		return KMN_HOOK_NEVER_ERRORS;
	}
}

int plan_hook(const struct spec *spec, const struct hook *hook, const struct api_table *table,
	      struct kmn_hook *plan, struct error *err)
{
	struct kmn_hook new = {.flags = KMN_HOOK_ON};
	const struct api *api = hook->api;
	bool by_return = spec->errors || spec->longer_than;

	for (size_t i = 0; i < api->n_params; i++) {
		unsigned end = api->params[i].slot + api->params[i].slots;

		if (end > new.n_slots && end <= KMN_MAX_ARGS)
			new.n_slots = (uint8_t)end;
	}
	if (!api->typed)
		new.n_slots = 6;
	plan_fetches(api, &new);
	if (spec->where.count > KMN_MAX_WHERES)
		return error_usage(err, "%zu comparisons are too many: the kernel takes %d",
				   spec->where.count, KMN_MAX_WHERES);
	for (size_t i = 0; i < spec->where.count; i++) {
		if (plan_where(hook, table, spec->where.names[i], &new.where[i], err))
			return -1;
		new.n_wheres++;
		by_return |= new.where[i].slot == KMN_WHERE_RETURN;
	}
	new.result_size = (uint8_t)(api->result.size == 4 ? 4 : 8);
	new.flags |= error_flags(&api->result);
	if (hook->returns)
		new.flags |= KMN_HOOK_RETURNS | (by_return ? KMN_HOOK_DEFERRED : 0);
	*plan = new;
	return 0;
}
