/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_apis.h"

#include <stdlib.h>
#include <string.h>

#include "model/memory_api.h"

/* An allocation is one when it returns, a free when it begins: neither is a call with a return. */
static int describe_memory(struct api_table *apis, const struct trace_hook *hook, struct api *api,
			   uint32_t pointer, struct error *err)
{
	const struct memory_flags flags = {"type", "ULONG"};

	api->returns_hooked = false;
	return memory_api_describe(apis, api, pointer,
				   hook->role == TRACE_ROLE_FREE ? NULL : &flags, err);
}

static int describe_words(const struct trace_hook *hook, struct api *api, uint32_t pointer,
			  struct error *err)
{
	api->params = calloc(hook->n_args + 1, sizeof(*api->params));
	if (!api->params)
		return error_no_memory(err);
	api->n_params = hook->n_args;
	for (size_t i = 0; i < api->n_params; i++)
		api->params[i] = (struct api_param){
			.type = {.kind = VALUE_UNKNOWN, .size = pointer},
			.slot = (uint8_t)i,
			.slots = 1,
		};
	return 0;
}

int nt_apis_add(struct api_table *apis, const struct trace_hook *hook, uint32_t id,
		const char *module, uint32_t pointer, struct error *err)
{
	struct api api = {
		.id = id,
		.name = strdup(hook->name),
		.module = module ? strdup(module) : NULL,
		.address = hook->address,
		.returns_hooked = hook->flags & TRACE_HOOK_RETURN,
		.method = METHOD_PATCH,
		.result = {.kind = VALUE_UNKNOWN, .size = pointer},
	};
	int code;

	if (!api.name || (module && !api.module))
		code = error_no_memory(err);
	else if (hook->flags & TRACE_HOOK_LOG)
		code = describe_memory(apis, hook, &api, pointer, err);
	else
		code = describe_words(hook, &api, pointer, err);
	if (!code)
		code = api_table_add(apis, &api, err);
	if (code)
		api_fini(&api);
	return code;
}
