/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/nt_hooks.h"

#include <stdlib.h>

/* Room for one more. */
static int grow(void **list, size_t n, size_t *room, size_t size, struct error *err)
{
	size_t wanted = *room ? 2 * *room : 64;
	void *grown;

	if (n < *room)
		return 0;
	grown = realloc(*list, wanted * size);
	if (!grown)
		return error_no_memory(err);
	*list = grown;
	*room = wanted;
	return 0;
}

static bool is_same_function(const struct nt_wish *a, const struct nt_wish *b)
{
	return a->image == b->image && a->hook.address == b->hook.address;
}

int nt_wishes_add(struct nt_wishes *wishes, const struct trace_hook *hook, size_t pattern,
		  const void *module, const void *image, struct error *err)
{
	struct nt_wish wish = {.hook = *hook,
			       .pattern = pattern,
			       .module = module,
			       .image = image,
			       .first = wishes->n};
	void *list = wishes->wishes;

	if (grow(&list, wishes->n, &wishes->room, sizeof(wish), err))
		return -1;
	wishes->wishes = list;
	for (size_t i = 0; i < wishes->n; i++) {
		if (!is_same_function(&wishes->wishes[i], &wish))
			continue;
		wishes->wishes[i].hook.flags |= hook->flags;
		wish.first = i;
		break;
	}
	wishes->wishes[wishes->n++] = wish;
	return 0;
}

void nt_wishes_fini(struct nt_wishes *wishes)
{
	free(wishes->wishes);
	*wishes = (struct nt_wishes){0};
}

void nt_hooks_fini(struct nt_hooks *hooks)
{
	free(hooks->hooks);
	*hooks = (struct nt_hooks){0};
}

void nt_hooks_gone(struct nt_hooks *hooks, const void *module)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (!hooks->hooks[i].wish.image && hooks->hooks[i].wish.module == module)
			hooks->hooks[i].in = false;
}

static struct nt_hook *find_in(struct nt_hooks *hooks, const struct nt_wish *wish)
{
	for (size_t i = 0; i < hooks->n; i++)
		if (hooks->hooks[i].in && is_same_function(&hooks->hooks[i].wish, wish))
			return &hooks->hooks[i];
	return NULL;
}

static bool same(const struct trace_hook *a, const struct trace_hook *b)
{
	return a->flags == b->flags && a->role == b->role && a->n_args == b->n_args &&
	       a->budget == b->budget;
}

/* 1: refused, with the reason in err. */
static int put(struct nt_hooks *hooks, const struct nt_wish *wish,
	       const struct nt_hooks_driver *driver, struct error *err)
{
	struct nt_hook hook = {.wish = *wish, .in = true, .wanted = true};
	void *list = hooks->hooks;
	int code;

	if (grow(&list, hooks->n, &hooks->room, sizeof(hook), err))
		return -1;
	hooks->hooks = list;
	code = driver->put(driver->context, wish, &hook.number, err);
	if (!code)
		hooks->hooks[hooks->n++] = hook;
	return code;
}

static int take(struct nt_hook *hook, const struct nt_hooks_driver *driver, struct error *err)
{
	if (driver->take(driver->context, hook, err))
		return -1;
	hook->in = false;
	return 0;
}

/* A function can have one hook: the old one goes first, and comes back where the new is refused. */
static int replace(struct nt_hooks *hooks, struct nt_hook *old, const struct nt_wish *wish,
		   const struct nt_hooks_driver *driver, struct error *err)
{
	const struct nt_wish before = old->wish;
	struct error again;
	int code;

	if (take(old, driver, err))
		return -1;
	code = put(hooks, wish, driver, err);
	if (code == 1 && put(hooks, &before, driver, &again)) {
		*err = again;
		return -1;
	}
	return code;
}

/* err: why the last one was refused, also when the rest is well. */
static int meet(struct nt_hooks *hooks, struct nt_wishes *wishes,
		const struct nt_hooks_driver *driver, struct error *err)
{
	for (size_t i = 0; i < wishes->n; i++) {
		struct nt_wish *wish = &wishes->wishes[i];
		struct nt_hook *hook;
		int code;

		if (wish->first != i)
			continue;
		hook = find_in(hooks, wish);
		if (!hook) {
			code = put(hooks, wish, driver, err);
		} else if (same(&hook->wish.hook, &wish->hook)) {
			hook->wanted = true;
			code = 0;
		} else {
			code = replace(hooks, hook, wish, driver, err);
		}
		if (code < 0)
			return -1;
		wish->met = !code;
	}
	return 0;
}

static bool is_met(const struct nt_wishes *wishes, size_t pattern)
{
	for (size_t i = 0; i < wishes->n; i++)
		if (wishes->wishes[i].pattern == pattern &&
		    wishes->wishes[wishes->wishes[i].first].met)
			return true;
	return false;
}

static int take_unwanted(struct nt_hooks *hooks, const struct nt_hooks_driver *driver,
			 struct error *err)
{
	for (size_t i = hooks->n; i-- > 0;)
		if (hooks->hooks[i].in && !hooks->hooks[i].wanted &&
		    take(&hooks->hooks[i], driver, err))
			return -1;
	return 0;
}

static int try_change(struct nt_hooks *hooks, struct nt_wishes *wishes,
		      const struct nt_hooks_driver *driver, struct error *err)
{
	struct error refused = {0};

	if (meet(hooks, wishes, driver, &refused)) {
		*err = refused;
		return -1;
	}
	for (size_t i = 0; i < wishes->n_patterns; i++) {
		if (!is_met(wishes, i)) {
			*err = refused;
			return -1;
		}
	}
	return take_unwanted(hooks, driver, err);
}

/* What was in, in again, with the same flags; under new numbers where it was out. */
static void restore(struct nt_hooks *hooks, size_t before, const struct nt_hooks_driver *driver,
		    struct error *err)
{
	struct error later;
	size_t n_gone = 0;

	for (size_t i = hooks->n; i-- > before;)
		if (hooks->hooks[i].in)
			take(&hooks->hooks[i], driver, &later);
	for (size_t i = 0; i < before; i++) {
		struct nt_wish wish = hooks->hooks[i].wish;

		if (hooks->hooks[i].was_in && !find_in(hooks, &wish))
			n_gone += put(hooks, &wish, driver, &later) != 0;
	}
	if (n_gone)
		error_hint(err, "%zu functions that were hooked before could not be hooked again",
			   n_gone);
}

int nt_hooks_change(struct nt_hooks *hooks, struct nt_wishes *wishes,
		    const struct nt_hooks_driver *driver, struct error *err)
{
	size_t before = hooks->n;

	for (size_t i = 0; i < hooks->n; i++) {
		hooks->hooks[i].was_in = hooks->hooks[i].in;
		hooks->hooks[i].wanted = false;
	}
	if (!try_change(hooks, wishes, driver, err))
		return 0;
	restore(hooks, before, driver, err);
	return -1;
}
