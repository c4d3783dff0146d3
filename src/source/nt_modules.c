/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_modules.h"

#include <stdio.h>
#include <string.h>

/* As the module is called, or else as the file of a driver would be. */
static void full_name(const struct nt_names *names, const char *wanted, struct trace_name *name,
		      bool *loaded)
{
	*loaded = false;
	for (size_t i = 0; i < names->n_modules && !*loaded; i++) {
		const struct nt_module *module = names->modules[i];

		*loaded = nt_module_is_here(module) &&
			  nt_names_is_module(names, module, wanted, strlen(wanted));
		if (*loaded)
			memcpy(name->name, module->module.name, sizeof(name->name));
	}
	if (!*loaded)
		snprintf(name->name, sizeof(name->name), "%s%s", wanted,
			 strchr(wanted, '.') ? "" : ".sys");
}

int nt_modules_mask(struct nt_modules *modules, const struct spec_names *wanted, uint64_t *mask,
		    struct error *err)
{
	uint64_t made = 0;

	for (size_t i = 0; i < wanted->count; i++) {
		struct trace_name name = {0};
		struct trace_bit bit;
		bool loaded;

		full_name(modules->names, wanted->names[i], &name, &loaded);
		if (!loaded && modules->no_loads) {
			error_usage(err, "no module is called %s", wanted->names[i]);
			return error_hint(err, "this kernel does not tell of drivers that are "
					       "loaded later");
		}
		if (nt_device_ask(modules->device, TRACE_BIT, &name, sizeof(name), &bit,
				  sizeof(bit), err) < 0)
			return -1;
		if (bit.bit == TRACE_SHARED_BIT) {
			error_usage(err, "%s can't be told from other modules in stacks any more",
				    name.name);
			return error_hint(err, "name it when the recording begins, and not too "
					       "many others");
		}
		made |= 1ull << bit.bit;
	}
	*mask = made;
	return 0;
}

/* What names has and the table has not, as far as it is time, and what has changed. */
static int fill_table(struct nt_modules *modules, struct error *err)
{
	struct module_table *table = modules->table;

	modules->next = 0;
	for (size_t i = 0; i < modules->names->n_modules; i++) {
		const struct trace_module *from = &modules->names->modules[i]->module;
		const struct module module = {
			.name = (char *)from->name,
			.base = from->base,
			.size = from->size,
			.bit = (uint8_t)from->bit,
			.loaded = from->loaded,
			.unloaded = from->unloaded,
		};

		if (from->loaded > modules->names->until) {
			modules->next = from->loaded;
			return 0;
		}
		if (i == table->n_modules) {
			if (module_table_add(table, &module, err) < 0)
				return -1;
		} else {
			table->modules[i].bit = module.bit;
			table->modules[i].unloaded = module.unloaded;
		}
	}
	return 0;
}

int nt_modules_learn(struct nt_modules *modules, uint64_t until, struct error *err)
{
	if (until > modules->names->until)
		modules->names->until = until;
	return nt_names_update(modules->names, modules->device, err) || fill_table(modules, err)
		       ? -1
		       : 0;
}
