/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "roster.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool roster_same_name(const char *a, const char *b)
{
	size_t i = 0;

	while (i < TRACE_NAME && a[i] && lower(a[i]) == lower(b[i]))
		i++;
	return i == TRACE_NAME || (!a[i] && !b[i]);
}

bool roster_is_here(const struct trace_module *module)
{
	return module->size && !module->unloaded;
}

void roster_init(struct roster *roster, struct trace_module *memory, size_t room)
{
	*roster = (struct roster){.modules = memory, .room = room};
}

static bool is_same(const struct trace_module *a, const struct trace_module *b)
{
	return a->base == b->base && a->size == b->size && roster_same_name(a->name, b->name);
}

static bool has(const struct trace_module *modules, size_t n, const struct trace_module *module)
{
	for (size_t i = 0; i < n; i++)
		if (is_same(&modules[i], module))
			return true;
	return false;
}

static bool has_here(const struct roster *roster, const struct trace_module *module)
{
	for (size_t i = 0; i < roster->n; i++)
		if (roster_is_here(&roster->modules[i]) && is_same(&roster->modules[i], module))
			return true;
	return false;
}

/* One that nobody has or had; the shared one: there is none. */
static uint32_t free_bit(const struct roster *roster, uint32_t limit)
{
	uint32_t bit = 0;

	while (bit < limit && roster->given >> bit & 1)
		bit++;
	return bit < limit ? bit : TRACE_SHARED_BIT;
}

static struct trace_module *of_name(const struct roster *roster, const char *name)
{
	for (size_t i = 0; i < roster->n; i++)
		if (roster_same_name(roster->modules[i].name, name))
			return &roster->modules[i];
	return NULL;
}

static struct trace_module *longest_gone(const struct roster *roster)
{
	struct trace_module *found = NULL;

	for (size_t i = 0; i < roster->n; i++) {
		struct trace_module *module = &roster->modules[i];

		if (module->unloaded && (!found || module->unloaded < found->unloaded))
			found = module;
	}
	return found;
}

static struct trace_module *add(struct roster *roster, const struct trace_module *module)
{
	struct trace_module *place =
		roster->n < roster->room ? &roster->modules[roster->n++] : longest_gone(roster);

	if (!place)
		return NULL;
	*place = *module;
	roster->given |= 1ull << module->bit;
	return place;
}

void roster_look(struct roster *roster, const struct trace_module *loaded, size_t n, uint64_t came,
		 uint64_t time,
		 void (*changed)(void *context, const struct trace_module *module, bool comes),
		 void *context)
{
	for (size_t i = 0; i < roster->n; i++) {
		struct trace_module *module = &roster->modules[i];

		if (!roster_is_here(module) ||
		    (has(loaded, n, module) && !(came && module->base == came)))
			continue;
		module->unloaded = time ? time : 1;
		roster->changes++;
		if (changed)
			changed(context, module, false);
	}
	for (size_t i = 0; i < n; i++) {
		struct trace_module module = loaded[i], *known = of_name(roster, module.name);

		if (!module.size || has_here(roster, &module))
			continue;
		module.loaded = roster->begun ? time : 0;
		module.unloaded = 0;
		module.bit = known ? known->bit
				   : free_bit(roster,
					      roster->begun ? TRACE_SHARED_BIT : ROSTER_FIRST_BITS);
		known = add(roster, &module);
		roster->changes += known != NULL;
		if (known && changed && roster->begun)
			changed(context, known, true);
	}
	roster->begun = true;
}

uint32_t roster_bit(struct roster *roster, const char *name, bool may_change)
{
	struct trace_module *known = of_name(roster, name), module = {0};

	if (known && (known->bit != TRACE_SHARED_BIT || !may_change))
		return known->bit;
	module.bit = free_bit(roster, TRACE_SHARED_BIT);
	if (module.bit == TRACE_SHARED_BIT)
		return TRACE_SHARED_BIT;
	for (size_t i = 0; i < roster->n; i++)
		if (roster_same_name(roster->modules[i].name, name))
			roster->modules[i].bit = module.bit;
	roster->given |= 1ull << module.bit;
	if (!known) {
		for (size_t i = 0; i < TRACE_NAME - 1 && name[i]; i++)
			module.name[i] = name[i];
		if (!add(roster, &module))
			return TRACE_SHARED_BIT;
	}
	roster->changes++;
	return module.bit;
}
