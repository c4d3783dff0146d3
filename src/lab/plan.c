/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/plan.h"

#include <string.h>

static const char *const keys[PLAN_N_KEYS] = {
#define PLAN_STRING(symbol, key, value) key,
	PLAN_KEYS(PLAN_STRING)
#undef PLAN_STRING
};

const char *const plan_port_names[PLAN_N_PORTS] = {
#define PLAN_STRING(symbol, name) name,
	PLAN_PORTS(PLAN_STRING)
#undef PLAN_STRING
};

void plan_add(struct text *plan, enum plan_key key, const char *value)
{
	text_addf(plan, "%s=", keys[key]);
	text_add_bytes(plan, value, strlen(value) + 1);
}

const char *plan_next(const struct text *plan, enum plan_key key, size_t *at)
{
	size_t length = strlen(keys[key]);

	while (*at < plan->length) {
		const char *line = plan->data + *at;

		*at += strlen(line) + 1;
		if (!strncmp(line, keys[key], length) && line[length] == '=')
			return line + length + 1;
	}
	return NULL;
}
