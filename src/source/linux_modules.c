/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Modules: which bit of a stack's mask stands for which, and which pages of text are whose.
 */
#include "source/linux_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kapimon.skel.h"
#include "model/record.h"

/* Bit 0 is the kernel itself, the last is shared by all that find no bit of their own. */
#define FIRST_BIT 1

static uint8_t free_bit(const struct engine *engine)
{
	const struct module_table *table = &engine->catalog.modules;
	uint64_t used = 1;

	for (size_t i = 0; i < table->n_modules; i++) {
		if (table->modules[i].bit != MODULE_NO_BIT)
			used |= 1ull << table->modules[i].bit;
	}
	for (uint8_t bit = FIRST_BIT; bit < MODULE_SHARED_BIT; bit++) {
		if (!(used & 1ull << bit))
			return bit;
	}
	return MODULE_SHARED_BIT;
}

static struct module *find(struct engine *engine, const char *name)
{
	struct module_table *table = &engine->catalog.modules;

	/* The latest: a module may have been loaded more than once. */
	for (size_t i = table->n_modules; i-- > 0;) {
		if (module_name_equal(table->modules[i].name, name))
			return &table->modules[i];
	}
	return NULL;
}

/* Pages of modules that come and go later are kept by the programs themselves. */
static void pages_fill(struct engine *engine)
{
	unsigned char *pages = engine->object->data_pages->text_pages;
	const struct module_table *table = &engine->catalog.modules;

	for (size_t i = 0; i < table->n_modules; i++) {
		const struct module *module = &table->modules[i];
		uint64_t first = (module->base - KMN_TEXT_BASE) >> 12;
		uint64_t n = (module->size + 4095) >> 12;

		if (module->unloaded || !module->size || first >= KMN_TEXT_PAGES ||
		    n > KMN_TEXT_PAGES - first)
			continue;
		memset(pages + first, module->bit, n);
	}
}

/* So that the programs give a module that comes later the bit its filter has. */
static void name_bits(struct engine *engine, const struct spec_names *names, size_t *n)
{
	struct kmn_named_module *named = engine->object->data_named->named_modules;

	for (size_t i = 0; i < names->count && *n < KMN_MAX_NAMED; i++) {
		struct module *module = find(engine, names->names[i]);

		if (!module)
			continue;
		memset(named[*n].name, 0, sizeof(named[*n].name));
		strncpy(named[*n].name, module->name, sizeof(named[*n].name) - 1);
		named[*n].bit = module->bit + 1u;
		++*n;
	}
}

int modules_mask(struct engine *engine, const struct spec_names *names, uint64_t *mask,
		 struct error *err)
{
	uint64_t result = 0;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->names[i];
		struct module *module;

		if (module_name_is_kernel(name)) {
			result |= 1;
			continue;
		}
		module = find(engine, name);
		if (!module) {
			error_set(err, "no bit for the module '%s'", name);
			return -1;
		}
		result |= 1ull << module->bit;
	}
	*mask = result;
	return 0;
}

/* The kernel writes '_' where file names may have '-'. */
static void kernel_name(const char *name, char *to, size_t size)
{
	snprintf(to, size, "%s", name);
	for (; *to; to++)
		*to = *to == '-' ? '_' : *to;
}

/* Modules that filters name come first, so that none of them has to share its bit. */
static int give_bits(struct engine *engine, const struct spec_names *names, struct error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		struct module *module = find(engine, names->names[i]);
		struct module absent = {.bit = MODULE_NO_BIT};
		char name[64];
		uint8_t bit;

		if (module_name_is_kernel(names->names[i]))
			continue;
		if (!module) {
			/* Not loaded (yet): it has a bit, but no text. */
			kernel_name(names->names[i], name, sizeof(name));
			absent.name = name;
			if (module_table_add(&engine->catalog.modules, &absent, err) < 0)
				return -1;
			module = find(engine, names->names[i]);
		}
		if (module->bit != MODULE_NO_BIT)
			continue;
		bit = free_bit(engine);
		if (bit == MODULE_SHARED_BIT)
			return error_usage(err, "filters name more than %d modules",
					   MODULE_SHARED_BIT - FIRST_BIT);
		module->bit = bit;
	}
	return 0;
}

int modules_start(struct engine *engine, const struct spec *spec, struct error *err)
{
	struct module_table *table = &engine->catalog.modules;
	bool first = !table->n_modules;
	size_t named = 0;

	if (first) {
		const struct kallsyms *kallsyms = symbols_kallsyms(engine->symbols, err);

		if (!kallsyms || modules_load(&symbols_get_paths(engine->symbols)->modules,
					      kallsyms, table, err))
			return -1;
		table->modules[0].bit = 0;
	}
	if (give_bits(engine, &spec->exclude_modules, err) ||
	    give_bits(engine, &spec->only_modules, err))
		return -1;
	for (size_t i = 1; i < table->n_modules; i++) {
		if (table->modules[i].bit == MODULE_NO_BIT)
			table->modules[i].bit = free_bit(engine);
	}
	name_bits(engine, &spec->exclude_modules, &named);
	name_bits(engine, &spec->only_modules, &named);
	if (first)
		pages_fill(engine);
	return 0;
}

int modules_changed(struct engine *engine, const struct kmn_header *record, struct error *err)
{
	struct record_view view;
	struct kmn_fetched what;
	const unsigned char *data;
	struct module *module;
	char name[64] = "";

	if (record_parse(record, record->length, &view, err) < 0)
		return -1;
	if (view.header->n_args < 2 || !record_fetched(&view, 0, &what, &data))
		return 0;
	memcpy(name, data, what.length < sizeof(name) - 1 ? what.length : sizeof(name) - 1);
	module = find(engine, name);
	if (record->kind == KMN_MODULE_UNLOAD) {
		if (module && !module->unloaded)
			module->unloaded = record->time;
	} else {
		struct module new = {.name = name,
				     .base = view.args[KMN_MODULE_BASE],
				     .size = view.args[KMN_MODULE_SIZE],
				     .bit = module && module->bit != MODULE_NO_BIT
						    ? module->bit
						    : MODULE_SHARED_BIT,
				     .loaded = record->time};

		if (module && !module->unloaded && module->base == new.base)
			return 0;
		/* Its notes are there: load_module() tells of it after mod_sysfs_setup(). */
		modules_read_build_id(&symbols_get_paths(engine->symbols)->modules, &new);
		if (module_table_add(&engine->catalog.modules, &new, err) < 0)
			return -1;
		if (names_refresh(engine, err))
			return -1;
		if (view.header->n_args > KMN_MODULE_INIT_SIZE && view.args[KMN_MODULE_INIT_SIZE] &&
		    names_place_init(engine, name, view.args[KMN_MODULE_INIT_BASE],
				     view.args[KMN_MODULE_INIT_SIZE], err))
			return -1;
	}
	return 0;
}
