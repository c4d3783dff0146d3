/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "windows/awaited.h"

#include <nt/hook/reason.h>
#include <string.h>

static const struct api *api_of(const struct trace_awaited *awaited, const struct api_table *apis)
{
	const struct api *api = api_table_find(apis, awaited->hook);

	return api && api->module ? api : NULL;
}

static void tell_refused(const struct trace_awaited *awaited, const struct api *api, FILE *to)
{
	enum hook_reason reason = awaited->reason < HOOK_N_REASONS ? awaited->reason : HOOK_STATE;

	if (awaited->hooked < awaited->loads)
		fprintf(to, "kapimon: %s was not hooked in %u of %u loads of %s: %s\n", api->name,
			awaited->loads - awaited->hooked, awaited->loads, api->module,
			hook_reason_sentence(reason));
}

static bool is_alike(const struct trace_awaited *a, const struct trace_awaited *b,
		     const struct api_table *apis)
{
	const struct api *x = api_of(a, apis), *y = api_of(b, apis);

	return x && y && !strcmp(x->module, y->module) && a->loads == b->loads &&
	       a->others == b->others;
}

/* Of all hooks that went through the same. */
static void tell_driver(const struct trace_awaited *awaited, size_t n_hooks, const struct api *api,
			FILE *to)
{
	const char *s = n_hooks == 1 ? "" : "s";

	if (awaited->loads)
		fprintf(to, "kapimon: %s was loaded %u time%s with %zu hook%s awaiting it\n",
			api->module, awaited->loads, awaited->loads == 1 ? "" : "s", n_hooks, s);
	else if (!awaited->others)
		fprintf(to, "kapimon: %s was not loaded: %zu hook%s awaited it in vain\n",
			api->module, n_hooks, s);
	if (awaited->others)
		fprintf(to,
			"kapimon: another %s than the file that was read was loaded %u time%s: "
			"%zu function%s not hooked\n",
			api->module, awaited->others, awaited->others == 1 ? "" : "s", n_hooks,
			n_hooks == 1 ? " was" : "s were");
}

void awaited_tell(const struct trace_awaited *awaited, size_t n, const struct api_table *apis,
		  FILE *to)
{
	for (size_t i = 0; i < n; i++) {
		const struct api *api = api_of(&awaited[i], apis);
		size_t alike = 0;
		bool first = true;

		if (!api)
			continue;
		for (size_t j = 0; j < n; j++) {
			if (!is_alike(&awaited[i], &awaited[j], apis))
				continue;
			alike++;
			first &= j >= i;
		}
		if (first)
			tell_driver(&awaited[i], alike, api, to);
		tell_refused(&awaited[i], api, to);
	}
}
