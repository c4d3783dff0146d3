/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/memory_api.h"

#include <stdlib.h>
#include <string.h>

#include <memory_record.h>

/* Bytes of a tag's name that are shown. */
#define TAG_BYTES 48

static int add_param(struct api *api, const char *name, enum value_kind kind, uint32_t size,
		     const char *type)
{
	struct api_param *param = &api->params[api->n_params];

	*param = (struct api_param){
		.name = strdup(name),
		.type = {.kind = kind, .size = size, .name = strdup(type)},
		.slot = (uint8_t)api->n_params,
		.slots = 1,
	};
	api->n_params++;
	return param->name && param->type.name ? 0 : -1;
}

static int add_fates(struct api_table *table, uint32_t *index, struct error *err)
{
	static const char *const names[] = {"known", "unknown", "freed-twice", "deferred"};
	enum { N_FATES = sizeof(names) / sizeof(names[0]) };
	struct enumeration fates = {.name = strdup("fate"),
				    .members = calloc(N_FATES, sizeof(*fates.members)),
				    .n_members = N_FATES};

	if (!fates.name || !fates.members)
		return error_no_memory(err);
	for (int i = 0; i < N_FATES; i++)
		fates.members[i] = (struct enumerator){.value = i, .name = strdup(names[i])};
	return api_table_add_enumeration(table, &fates, index, err);
}

int memory_api_describe(struct api_table *table, struct api *api, uint32_t pointer,
			const struct memory_flags *flags, struct error *err)
{
	api->typed = true;
	api->params = calloc(KMN_MEMORY_ARGS, sizeof(*api->params));
	api->fetches = calloc(1, sizeof(*api->fetches));
	if (!api->params || !api->fetches ||
	    add_param(api, "ptr", VALUE_POINTER, pointer, "void *") ||
	    add_param(api, "size", VALUE_UNSIGNED, pointer, "size_t") ||
	    add_param(api, "tag", VALUE_STRING, pointer, "char *") ||
	    add_param(api, "caller", VALUE_POINTER, pointer, "void *") ||
	    (flags ? add_param(api, flags->name, VALUE_UNSIGNED, 4, flags->type)
		   : add_param(api, "fate", VALUE_ENUM, 4, "enum fate")))
		return error_no_memory(err);
	api->fetches[0] = (struct api_fetch){
		.param = KMN_ARG_TAG, .label = strdup(""), .form = FETCH_STRING, .size = TAG_BYTES};
	api->n_fetches = 1;
	if (!api->fetches[0].label)
		return error_no_memory(err);
	return flags ? 0 : add_fates(table, &api->params[KMN_ARG_FATE].type.enumeration, err);
}
