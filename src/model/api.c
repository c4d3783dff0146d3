/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/api.h"

#include <stdlib.h>
#include <string.h>

const char *hook_method_name(enum hook_method method)
{
	switch (method) {
#define HOOK_METHOD_NAME(name, text)                                                               \
	case METHOD_##name:                                                                        \
		return text;
		HOOK_METHODS(HOOK_METHOD_NAME)
#undef HOOK_METHOD_NAME
	}
	return "unknown";
}

void api_fini(struct api *api)
{
	for (size_t i = 0; i < api->n_params; i++) {
		free(api->params[i].name);
		free(api->params[i].type.name);
	}
	for (size_t i = 0; i < api->n_fetches; i++)
		free(api->fetches[i].label);
	free(api->params);
	free(api->fetches);
	free(api->result.name);
	free(api->name);
	free(api->module);
	memset(api, 0, sizeof(*api));
}

static void enumeration_fini(struct enumeration *enumeration)
{
	for (size_t i = 0; i < enumeration->n_members; i++)
		free(enumeration->members[i].name);
	free(enumeration->members);
	free(enumeration->name);
}

void api_table_init(struct api_table *table)
{
	memset(table, 0, sizeof(*table));
}

void api_table_fini(struct api_table *table)
{
	for (size_t i = 0; i < table->n_apis; i++) {
		api_fini(table->apis[i]);
		free(table->apis[i]);
	}
	for (size_t i = 0; i < table->n_enumerations; i++)
		enumeration_fini(&table->enumerations[i]);
	free(table->apis);
	free(table->enumerations);
	api_table_init(table);
}

/* Index of the first API whose id is not below id. */
static size_t lower_bound(const struct api_table *table, uint32_t id)
{
	size_t low = 0;
	size_t high = table->n_apis;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->apis[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int api_table_add(struct api_table *table, struct api *api, struct error *err)
{
	size_t at = lower_bound(table, api->id);
	struct api *copy;

	if (at < table->n_apis && table->apis[at]->id == api->id)
		return error_set(err, "API number %u is given twice: %s and %s", api->id,
				 table->apis[at]->name ? table->apis[at]->name : "?",
				 api->name ? api->name : "?");
	if (table->n_apis == table->apis_capacity) {
		size_t capacity = table->apis_capacity ? table->apis_capacity * 2 : 16;
		struct api **apis = realloc(table->apis, capacity * sizeof(*apis));

		if (!apis)
			return error_no_memory(err);
		table->apis = apis;
		table->apis_capacity = capacity;
	}
	copy = malloc(sizeof(*copy));
	if (!copy)
		return error_no_memory(err);
	*copy = *api;
	memset(api, 0, sizeof(*api));
	memmove(table->apis + at + 1, table->apis + at,
		(table->n_apis - at) * sizeof(*table->apis));
	table->apis[at] = copy;
	table->n_apis++;
	return 0;
}

struct api *api_table_find(const struct api_table *table, uint32_t id)
{
	size_t at;

	/* Ids are mostly 0, 1, 2...: then the id is the index. */
	if (id < table->n_apis && table->apis[id]->id == id)
		return table->apis[id];
	at = lower_bound(table, id);
	if (at < table->n_apis && table->apis[at]->id == id)
		return table->apis[at];
	return NULL;
}

int api_table_add_enumeration(struct api_table *table, struct enumeration *enumeration,
			      uint32_t *index, struct error *err)
{
	if (table->n_enumerations == table->enumerations_capacity) {
		size_t capacity =
			table->enumerations_capacity ? table->enumerations_capacity * 2 : 16;
		struct enumeration *enumerations =
			realloc(table->enumerations, capacity * sizeof(*enumerations));

		if (!enumerations)
			return error_no_memory(err);
		table->enumerations = enumerations;
		table->enumerations_capacity = capacity;
	}
	table->enumerations[table->n_enumerations] = *enumeration;
	memset(enumeration, 0, sizeof(*enumeration));
	*index = (uint32_t)table->n_enumerations++;
	return 0;
}
