/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "model/memory.h"
#include "model/namer.h"

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

void catalog_frame_alone(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	const struct module *module;

	/* What nobody could name when it was recorded may still lie in the kernel. */
	if (catalog->resolve && catalog->resolve(catalog, address, frame) &&
	    (frame->symbol || frame->module))
		return;
	module = module_table_find(&catalog->modules, address, 0);
	*frame = (struct frame){.offset = address};
	if (module) {
		frame->module = module->name;
		frame->offset = address - module->base;
	}
}

bool catalog_frame_is_kernel(const struct catalog *catalog, const struct frame *frame)
{
	if (!frame->module)
		return frame->symbol;
	return !frame->symbol && catalog->modules.n_modules &&
	       !strcmp(frame->module, catalog->modules.modules[0].name);
}

const char *catalog_kernel(const struct catalog *catalog)
{
	return catalog->modules.n_modules ? catalog->modules.modules[0].name : "vmlinux";
}

const struct module *catalog_frame_module(const struct catalog *catalog, const struct frame *frame,
					  uint64_t address)
{
	const struct module_table *table = &catalog->modules;

	if (!frame->module || catalog_frame_is_kernel(catalog, frame)) {
		bool kernel = table->n_modules &&
			      (frame->symbol ||
			       address - table->modules[0].base < table->modules[0].size);

		return kernel ? &table->modules[0] : NULL;
	}
	for (size_t i = table->n_modules; i-- > 1;)
		if (address - table->modules[i].base < table->modules[i].size &&
		    !strcmp(table->modules[i].name, frame->module))
			return &table->modules[i];
	/* Init text is in no range, but has names. */
	for (size_t i = frame->symbol ? table->n_modules : 0; i-- > 1;)
		if (!strcmp(table->modules[i].name, frame->module))
			return &table->modules[i];
	return NULL;
}

void catalog_frame(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	const struct module *module;
	bool kernel;

	catalog_frame_alone(catalog, address, frame);
	if (frame->symbol || !frame->module || !catalog->namer)
		return;
	module = catalog_frame_module(catalog, frame, address);
	/* An offset that does not lead back to the address was counted from something else. */
	if (!module || frame->offset != address - module->base)
		return;
	kernel = module == catalog->modules.modules;
	if (catalog->namer->name(catalog->namer, catalog, module, kernel, frame->offset,
				 &frame->symbol, &frame->offset) &&
	    kernel)
		frame->module = NULL;
}
