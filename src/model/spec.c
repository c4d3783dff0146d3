/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static char *copy_bytes(const char *from, size_t length)
{
	char *copy = malloc(length + 1);

	if (copy) {
		memcpy(copy, from, length);
		copy[length] = '\0';
	}
	return copy;
}

static char *copy_string(const char *from)
{
	return copy_bytes(from, strlen(from));
}

void spec_init(struct spec *spec)
{
	*spec = (struct spec){
		.stacks = true,
		.buffer = SPEC_DEFAULT_BUFFER,
		.string_length = SPEC_DEFAULT_STRING,
		.memory_blocks = SPEC_DEFAULT_MEMORY_BLOCKS,
	};
}

static void names_fini(struct spec_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct spec_names){0};
}

void spec_fini(struct spec *spec)
{
	for (size_t i = 0; i < spec->n_hooks; i++)
		free(spec->hooks[i].pattern);
	free(spec->hooks);
	names_fini(&spec->exclude_modules);
	names_fini(&spec->only_modules);
	names_fini(&spec->comms);
	names_fini(&spec->where);
	names_fini(&spec->filters);
	free(spec->pids);
	free(spec->cgroup);
	spec_init(spec);
}

static int names_copy(struct spec_names *to, const struct spec_names *from, struct error *err)
{
	*to = (struct spec_names){0};
	for (size_t i = 0; i < from->count; i++)
		if (spec_names_add(to, from->names[i], err))
			return -1;
	return 0;
}

int spec_copy(struct spec *to, const struct spec *from, struct error *err)
{
	struct spec copy = *from;

	copy.hooks = NULL;
	copy.n_hooks = 0;
	copy.pids = NULL;
	copy.n_pids = 0;
	copy.cgroup = NULL;
	copy.exclude_modules = copy.only_modules = copy.comms = copy.where = copy.filters =
		(struct spec_names){0};
	for (size_t i = 0; i < from->n_hooks; i++)
		if (spec_add_hook(&copy, from->hooks[i].pattern, from->hooks[i].returns,
				  from->hooks[i].on_load, err))
			goto failed;
	for (size_t i = 0; i < from->n_pids; i++)
		if (spec_add_pid(&copy, from->pids[i], err))
			goto failed;
	if (from->cgroup) {
		copy.cgroup = copy_string(from->cgroup);
		if (!copy.cgroup) {
			error_no_memory(err);
			goto failed;
		}
	}
	if (names_copy(&copy.exclude_modules, &from->exclude_modules, err) ||
	    names_copy(&copy.only_modules, &from->only_modules, err) ||
	    names_copy(&copy.comms, &from->comms, err) ||
	    names_copy(&copy.where, &from->where, err) ||
	    names_copy(&copy.filters, &from->filters, err))
		goto failed;
	*to = copy;
	return 0;
failed:
	spec_fini(&copy);
	return -1;
}

/* Room for one more in a list of count elements; the list is grown at powers of two. */
static int list_grow(void **list, size_t count, size_t size, struct error *err)
{
	void *grown;

	if (count & (count - 1))
		return 0;
	grown = realloc(*list, (count ? count * 2 : 1) * size);
	if (!grown)
		return error_no_memory(err);
	*list = grown;
	return 0;
}

static int pattern_check(const char *pattern, bool on_load, struct error *err)
{
	size_t length = strlen(pattern);
	const char *colon = strchr(pattern, ':');

	if (!length) {
		error_usage(err, "a hook needs a function");
		return error_hint(err, "expected NAME, GLOB, MODULE:NAME or /REGEX/");
	}
	if (pattern[0] == '/') {
		if (on_load) {
			error_usage(err, "'%s' does not name a module to wait for", pattern);
			return error_hint(err, "expected MODULE or MODULE:GLOB");
		}
		if (length < 3 || pattern[length - 1] != '/') {
			error_usage(err, "the regular expression '%s' has no end", pattern);
			return error_hint(err, "expected /REGEX/");
		}
		return 0;
	}
	for (size_t i = 0; i < length; i++) {
		if (isspace((unsigned char)pattern[i]) || pattern[i] == ',') {
			error_usage(err, "'%s' is more than one function", pattern);
			return error_hint(err, "give one NAME, GLOB, MODULE:NAME or /REGEX/ each");
		}
	}
	if (colon && (colon == pattern || !colon[1])) {
		error_usage(err, "'%s' lacks the %s", pattern,
			    colon == pattern ? "module before ':'" : "function after ':'");
		return error_hint(err, "expected %s",
				  on_load ? "MODULE or MODULE:GLOB" : "MODULE:NAME");
	}
	return 0;
}

static struct spec_hook *hook_find(const struct spec *spec, const char *pattern, bool on_load)
{
	for (size_t i = 0; i < spec->n_hooks; i++)
		if (spec->hooks[i].on_load == on_load && !strcmp(spec->hooks[i].pattern, pattern))
			return &spec->hooks[i];
	return NULL;
}

int spec_add_hook(struct spec *spec, const char *pattern, bool returns, bool on_load,
		  struct error *err)
{
	struct spec_hook *hook = hook_find(spec, pattern, on_load);
	void *hooks = spec->hooks;
	char *copy;

	if (hook) {
		hook->returns |= returns;
		return 0;
	}
	if (pattern_check(pattern, on_load, err))
		return -1;
	if (list_grow(&hooks, spec->n_hooks, sizeof(*spec->hooks), err))
		return -1;
	spec->hooks = hooks;
	copy = copy_string(pattern);
	if (!copy)
		return error_no_memory(err);
	spec->hooks[spec->n_hooks++] = (struct spec_hook){copy, returns, on_load};
	return 0;
}

int spec_remove_hook(struct spec *spec, const char *pattern, struct error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < spec->n_hooks; i++) {
		if (strcmp(spec->hooks[i].pattern, pattern))
			spec->hooks[kept++] = spec->hooks[i];
		else
			free(spec->hooks[i].pattern);
	}
	if (kept == spec->n_hooks)
		return error_usage(err, "'%s' is not hooked", pattern);
	spec->n_hooks = kept;
	return 0;
}

int spec_add_pid(struct spec *spec, uint32_t pid, struct error *err)
{
	void *pids = spec->pids;

	for (size_t i = 0; i < spec->n_pids; i++)
		if (spec->pids[i] == pid)
			return 0;
	if (!pid) {
		error_usage(err, "0 is not a process");
		return error_hint(err, "the idle tasks have no process id of their own: use their "
				       "comm, swapper/CPU");
	}
	if (list_grow(&pids, spec->n_pids, sizeof(*spec->pids), err))
		return -1;
	spec->pids = pids;
	spec->pids[spec->n_pids++] = pid;
	return 0;
}

int spec_names_add(struct spec_names *names, const char *name, struct error *err)
{
	void *list = names->names;
	char *copy;

	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->names[i], name))
			return 0;
	if (list_grow(&list, names->count, sizeof(*names->names), err))
		return -1;
	names->names = list;
	copy = copy_string(name);
	if (!copy)
		return error_no_memory(err);
	names->names[names->count++] = copy;
	return 0;
}
