/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/select.h"

#include <string.h>

#include "base/glob.h"
#include "model/tag.h"

bool memory_tag_matches(const char *pattern, const char *tag)
{
	if (strpbrk(pattern, "*?["))
		return glob_matches(pattern, tag);
	return tag_matches(pattern, tag);
}

bool memory_tag_is_user(const struct memory_tag *tag)
{
	return tag->family == MEMORY_PAGES && !strncmp(tag->name, "pages-movable-", 14);
}

static bool tag_selected(const struct memory_selection *selection, const struct memory_tag *tag)
{
	if (tag->inner)
		return false;
	for (size_t i = 0; i < selection->tags.count; i++) {
		if (memory_tag_matches(selection->tags.names[i], tag->name))
			return true;
	}
	return !selection->tags.count && (selection->user || !memory_tag_is_user(tag));
}

static bool is_named(const struct spec_names *modules, const char *module)
{
	for (size_t i = 0; i < modules->count; i++) {
		if (!strcmp(modules->names[i], module))
			return true;
	}
	return false;
}

static bool passes_through(const struct memory_selection *selection, const struct catalog *catalog,
			   const struct stack *stack)
{
	for (size_t i = 0; i < stack->n_frames; i++) {
		struct frame frame;

		catalog_frame(catalog, stack->frames[i], &frame);
		if (is_named(&selection->modules,
			     frame.module ? frame.module : catalog_kernel(catalog)))
			return true;
	}
	return false;
}

bool memory_selects(const struct memory_selection *selection, const struct catalog *catalog,
		    const struct memory *memory, const struct memory_block *block,
		    const struct owner *owner)
{
	if (block->grade == MEMORY_INNER || !tag_selected(selection, &memory->tags[block->tag]))
		return false;
	if (block->bytes < selection->min_bytes)
		return false;
	if (memory_block_age(memory, block) < selection->min_age)
		return false;
	if (!selection->modules.count || is_named(&selection->modules, owner_module(owner)))
		return true;
	return selection->through && owner->stack &&
	       passes_through(selection, catalog, owner->stack);
}
