/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's list of hooks. */
#include "source/linux_engine.h"

#include <stdlib.h>

struct hook *hook_new(void)
{
	struct hook *hook = calloc(1, sizeof(*hook));

	for (int point = 0; hook && point < N_POINTS; point++) {
		for (unsigned copy = 0; copy < KMN_MAX_COPIES; copy++) {
			struct program *program = &hook->programs[point][copy];

			program->program_fd = program->event_fd = program->link_fd = -1;
		}
	}
	return hook;
}

void hook_destroy(struct hook *hook)
{
	if (!hook)
		return;
	free(hook->pattern);
	free(hook->name);
	free(hook->module);
	free(hook);
}

int engine_add(struct engine *engine, struct hook *hook, struct error *err)
{
	if (engine->n_hooks == engine->hooks_capacity) {
		size_t capacity = engine->hooks_capacity ? engine->hooks_capacity * 2 : 64;
		struct hook **hooks = realloc(engine->hooks, capacity * sizeof(*hooks));

		if (!hooks)
			return error_no_memory(err);
		engine->hooks = hooks;
		engine->hooks_capacity = capacity;
	}
	engine->hooks[engine->n_hooks++] = hook;
	return 0;
}
