/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/module.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void module_table_init(struct module_table *table)
{
	memset(table, 0, sizeof(*table));
}

void module_table_fini(struct module_table *table)
{
	for (size_t i = 0; i < table->n_modules; i++)
		free(table->modules[i].name);
	free(table->modules);
	module_table_init(table);
}

int module_table_add(struct module_table *table, const struct module *module, struct error *err)
{
	struct module *copy;
	char *name;

	if (table->n_modules == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 64;
		struct module *modules = realloc(table->modules, capacity * sizeof(*modules));

		if (!modules)
			return error_no_memory(err);
		table->modules = modules;
		table->capacity = capacity;
	}
	name = strdup(module->name ? module->name : "");
	if (!name)
		return error_no_memory(err);
	copy = &table->modules[table->n_modules];
	*copy = *module;
	copy->name = name;
	if (copy->build_id_length > sizeof(copy->build_id))
		copy->build_id_length = sizeof(copy->build_id);
	return (int)table->n_modules++;
}

static bool module_lives(const struct module *module, uint64_t time)
{
	if (!time)
		return !module->unloaded;
	return module->loaded <= time && (!module->unloaded || time < module->unloaded);
}

const struct module *module_table_find(const struct module_table *table, uint64_t address,
				       uint64_t time)
{
	const struct module *gone = NULL;

	/* Latest first: of two that claim one address the younger one is right. */
	for (size_t i = table->n_modules; i-- > 0;) {
		const struct module *module = &table->modules[i];

		if (address - module->base >= module->size)
			continue;
		if (module_lives(module, time))
			return module;
		if (!time && !gone)
			gone = module;
	}
	return gone;
}
