/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "model/memory.h"

int catalog_init(struct catalog *catalog, struct error *err)
{
	struct stack_table *stacks = stack_table_create();

	if (!stacks)
		return error_no_memory(err);
	memset(catalog, 0, sizeof(*catalog));
	module_table_init(&catalog->modules);
	api_table_init(&catalog->apis);
	catalog->stacks = stacks;
	return 0;
}

void catalog_fini(struct catalog *catalog)
{
	module_table_fini(&catalog->modules);
	api_table_fini(&catalog->apis);
	stack_table_destroy(catalog->stacks);
	free(catalog->kernel);
	free(catalog->machine);
	free(catalog->host);
	free(catalog->spec);
	if (catalog->memory)
		memory_fini(catalog->memory);
	free(catalog->memory);
	memset(catalog, 0, sizeof(*catalog));
}

void catalog_frame(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	const struct module *module;

	if (catalog->resolve && catalog->resolve(catalog, address, frame))
		return;
	module = module_table_find(&catalog->modules, address, 0);
	*frame = (struct frame){.offset = address};
	/* Module 0 is the kernel, which a frame names by NULL. */
	if (module && module != catalog->modules.modules) {
		frame->module = module->name;
		frame->offset = address - module->base;
	}
}
