/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_put.h"

#include <nt/hook/reason.h>
#include <stdio.h>

#include "source/nt_apis.h"
#include "source/nt_images.h"

static const char *reason_sentence(uint32_t reason)
{
	return hook_reason_sentence(reason < HOOK_N_REASONS ? (enum hook_reason)reason
							    : HOOK_STATE);
}

int nt_take_hook(void *context, const struct nt_hook *hook, struct error *err)
{
	const struct nt_putter *putter = context;
	struct trace_remove remove = {.hook = hook->number};
	struct trace_removed removed;

	if (nt_device_ask(putter->device, TRACE_REMOVE, &remove, sizeof(remove), &removed,
			  sizeof(removed), err) < 0)
		return -1;
	if (!removed.armed)
		return 0;
	return error_set(err,
			 "can't take out the hook of %s: somebody else has written over it, "
			 "so it stays",
			 hook->wish.hook.name);
}

/* Both: 1: the driver is not to be asked, with the reason in err. */
static int ask_hook(const struct nt_putter *putter, const struct nt_wish *wish,
		    struct trace_hooked *hooked, struct error *err)
{
	const struct nt_module *module = wish->module;
	int gone = nt_names_check(putter->device, module, err);

	if (gone < 0)
		return -1;
	if (gone) {
		error_set(err, "can't hook %s: %s was unloaded since the recording began",
			  wish->hook.name, module->module.name);
		return 1;
	}
	return nt_device_ask(putter->device, TRACE_HOOK, &wish->hook, sizeof(wish->hook), hooked,
			     sizeof(*hooked), err) < 0
		       ? -1
		       : 0;
}

static int ask_await(const struct nt_putter *putter, const struct nt_wish *wish,
		     struct trace_hooked *hooked, struct error *err)
{
	const struct nt_image *image = wish->image;
	struct trace_await await = {
		.hook = wish->hook,
		.stamp = image->pe.stamp,
		.size = image->pe.size_of_image,
	};

	if (putter->no_loads) {
		error_set(err,
			  "can't hook %s: this kernel does not tell of drivers that are "
			  "loaded later",
			  wish->hook.name);
		return error_hint(err, "hook it when its driver is there");
	}
	snprintf(await.module, sizeof(await.module), "%s", image->name);
	return nt_device_ask(putter->device, TRACE_AWAIT, &await, sizeof(await), hooked,
			     sizeof(*hooked), err) < 0
		       ? -1
		       : 0;
}

/* Of a hook on load nobody knows the address, and it may come to have several. */
static int describe(const struct nt_putter *putter, const struct nt_wish *wish, uint32_t number,
		    struct error *err)
{
	const struct nt_module *module = wish->module;
	const struct nt_image *image = wish->image;
	struct trace_hook hook = wish->hook;
	const char *name = image				 ? image->name
			   : module == putter->names->modules[0] ? NULL
								 : module->module.name;

	if (image)
		hook.address = 0;
	return nt_apis_add(putter->apis, &hook, number, name, putter->pointer, err);
}

int nt_put_hook(void *context, const struct nt_wish *wish, uint32_t *number, struct error *err)
{
	const struct nt_putter *putter = context;
	struct nt_hook hook = {.wish = *wish};
	struct trace_hooked hooked;
	struct error ignored;
	int code;

	if (*putter->n_hooks == TRACE_MAX_HOOKS) {
		error_set(err,
			  "can't hook %s: TRACE.SYS counts the calls of %u hooks, with those "
			  "that were taken out, and has no room for more",
			  wish->hook.name, TRACE_MAX_HOOKS);
		return error_hint(err, "a new recording begins with none");
	}
	code = wish->image ? ask_await(putter, wish, &hooked, err)
			   : ask_hook(putter, wish, &hooked, err);
	if (code)
		return code;
	if (hooked.reason) {
		error_set(err, "can't hook %s: %s", wish->hook.name,
			  reason_sentence(hooked.reason));
		return 1;
	}
	if (describe(putter, wish, hooked.hook, err)) {
		hook.number = hooked.hook;
		nt_take_hook(context, &hook, &ignored);
		return -1;
	}
	*number = hooked.hook;
	return 0;
}
