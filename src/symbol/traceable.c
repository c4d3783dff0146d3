/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/traceable.h"

#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbol/file_read.h"

struct range {
	uint64_t start, end;
};

struct traceable {
	uint64_t *addresses; /* ascending, each once */
	size_t count, capacity;
	struct range *blacklist;
	size_t n_blacklist;
	bool blacklist_known;
};

bool mount_find(const char *type, char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;
	bool found = false;

	if (!mounts)
		return false;
	while (!found && (entry = getmntent(mounts)))
		found = !strcmp(entry->mnt_type, type) && strlen(entry->mnt_dir) < size;
	if (found)
		snprintf(path, size, "%s", entry->mnt_dir);
	endmntent(mounts);
	return found;
}

static int compare_addresses(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int add_address(struct traceable *traceable, uint64_t address, struct error *err)
{
	if (traceable->count == traceable->capacity) {
		size_t capacity = traceable->capacity ? traceable->capacity * 2 : 65536;
		uint64_t *addresses =
			realloc(traceable->addresses, capacity * sizeof(addresses[0]));

		if (!addresses)
			return error_no_memory(err);
		traceable->addresses = addresses;
		traceable->capacity = capacity;
	}
	traceable->addresses[traceable->count++] = address;
	return 0;
}

/*
 * A name without address: the next function of that name and module that no line stands for yet.
 * ftrace lists functions in order of address within the kernel and within each module, and so does
 * kallsyms_find(). taken has a byte for each place in the table by name.
 */
static int add_name(struct traceable *traceable, const struct kallsyms *kallsyms, uint8_t *taken,
		    const char *name, const char *module, struct error *err)
{
	size_t first = 0, n = kallsyms_find(kallsyms, name, &first);

	for (size_t i = 0; i < n; i++) {
		struct symbol symbol = kallsyms_by_name(kallsyms, first + i);

		if (!symbol_is_text(&symbol) || taken[first + i])
			continue;
		if (module ? !symbol.module || strcmp(symbol.module, module) : !!symbol.module)
			continue;
		taken[first + i] = 1;
		return add_address(traceable, symbol.address, err);
	}
	return 0;
}

/*
 * "[ADDRESS ]NAME[ [MODULE]]". "__ftrace_invalid_address___N" stands for a weak function that was
 * overridden (b39181f7c690).
 */
static int parse_functions(struct traceable *traceable, const struct kallsyms *kallsyms,
			   uint8_t *taken, char *text, bool addresses, struct error *err)
{
	char *next;

	for (char *p = text; *p; p = next) {
		char *name = p, *module = NULL, *end;

		next = p + strcspn(p, "\n");
		if (*next)
			*next++ = '\0';
		if (addresses) {
			uint64_t address = strtoull(p, &end, 16);

			if (end == p || *end != ' ' || address == 0 ||
			    !strncmp(end + 1, "__ftrace_invalid_address__", 26))
				continue;
			if (add_address(traceable, address, err))
				return -1;
			continue;
		}
		end = name + strcspn(name, " \t");
		if (*end) {
			*end++ = '\0';
			module = strchr(end, '[');
			if (module)
				module[strcspn(module, "]")] = '\0';
		}
		if (add_name(traceable, kallsyms, taken, name, module ? module + 1 : NULL, err))
			return -1;
	}
	return 0;
}

/*
 * Since 6.5 available_filter_functions_addrs gives addresses too (83f74441bcb1). They are those of
 * the patched instruction: with IBT and call padding it is a few bytes into the function.
 */
static void settle_addresses(struct traceable *traceable, const struct kallsyms *kallsyms)
{
	size_t kept = 0;

	for (size_t i = 0; i < traceable->count; i++) {
		struct frame frame;

		if (kallsyms_resolve(kallsyms, traceable->addresses[i], &frame))
			traceable->addresses[i] -= frame.offset;
	}
	qsort(traceable->addresses, traceable->count, sizeof(traceable->addresses[0]),
	      compare_addresses);
	for (size_t i = 0; i < traceable->count; i++)
		if (!kept || traceable->addresses[kept - 1] != traceable->addresses[i])
			traceable->addresses[kept++] = traceable->addresses[i];
	traceable->count = kept;
}

static int load_functions(struct traceable *traceable, const char *tracefs,
			  const struct kallsyms *kallsyms, struct error *err)
{
	char path[512], *text;
	uint8_t *taken;
	size_t size;
	bool addresses = true;
	int result;

	snprintf(path, sizeof(path), "%s/available_filter_functions_addrs", tracefs);
	if (access(path, F_OK)) {
		addresses = false;
		snprintf(path, sizeof(path), "%s/available_filter_functions", tracefs);
		if (access(path, F_OK)) {
			error_set(err,
				  "this kernel does not list what can be hooked: there is no "
				  "%s",
				  path);
			return error_hint(err, "the kernel needs CONFIG_DYNAMIC_FTRACE; \"kapimon "
					       "lab\" boots one that has it");
		}
	}
	if (file_read(path, &text, &size, err))
		return -1;
	taken = calloc(kallsyms_count(kallsyms), 1);
	if (!taken) {
		free(text);
		return error_no_memory(err);
	}
	result = parse_functions(traceable, kallsyms, taken, text, addresses, err);
	free(taken);
	free(text);
	if (!result)
		settle_addresses(traceable, kallsyms);
	return result;
}

/* "0xSTART-0xEND\tNAME": the end is behind the last byte. */
static int load_blacklist(struct traceable *traceable, const char *debugfs, struct error *err)
{
	char path[512], *text, *next;
	size_t size, capacity = 0;

	snprintf(path, sizeof(path), "%s/kprobes/blacklist", debugfs);
	if (file_read(path, &text, &size, NULL))
		return 0;
	for (char *p = text; *p; p = next) {
		struct range range;
		char *end;

		next = p + strcspn(p, "\n");
		if (*next)
			next++;
		range.start = strtoull(p, &end, 16);
		if (end == p || *end != '-')
			continue;
		range.end = strtoull(end + 1, NULL, 16);
		if (!range.start || range.end <= range.start)
			continue;
		if (traceable->n_blacklist == capacity) {
			struct range *ranges;

			capacity = capacity ? capacity * 2 : 1024;
			ranges = realloc(traceable->blacklist, capacity * sizeof(ranges[0]));
			if (!ranges) {
				free(text);
				return error_no_memory(err);
			}
			traceable->blacklist = ranges;
		}
		traceable->blacklist[traceable->n_blacklist++] = range;
	}
	/* Addresses that are all hidden leave nothing. */
	traceable->blacklist_known = traceable->n_blacklist > 0;
	free(text);
	return 0;
}

int traceable_load(const char *tracefs, const char *debugfs, const struct kallsyms *kallsyms,
		   struct traceable **out, struct error *err)
{
	struct traceable *traceable;
	char found_tracefs[256], found_debugfs[256];

	if (!debugfs && mount_find("debugfs", found_debugfs, sizeof(found_debugfs)))
		debugfs = found_debugfs;
	if (!tracefs && mount_find("tracefs", found_tracefs, sizeof(found_tracefs)))
		tracefs = found_tracefs;
	if (!tracefs) {
		error_set(err, "can't tell what can be hooked: tracefs is not mounted");
		return error_hint(err, "mount -t tracefs tracefs /sys/kernel/tracing");
	}
	traceable = calloc(1, sizeof(*traceable));
	if (!traceable)
		return error_no_memory(err);
	if (load_functions(traceable, tracefs, kallsyms, err) ||
	    (debugfs && load_blacklist(traceable, debugfs, err))) {
		traceable_destroy(traceable);
		return -1;
	}
	*out = traceable;
	return 0;
}

void traceable_destroy(struct traceable *traceable)
{
	if (!traceable)
		return;
	free(traceable->addresses);
	free(traceable->blacklist);
	free(traceable);
}

bool traceable_has(const struct traceable *traceable, uint64_t address)
{
	return traceable->count && bsearch(&address, traceable->addresses, traceable->count,
					   sizeof(traceable->addresses[0]), compare_addresses);
}

bool traceable_blacklisted(const struct traceable *traceable, uint64_t address)
{
	/* A thousand ranges, some inside others, looked at for a few functions. */
	for (size_t i = 0; i < traceable->n_blacklist; i++)
		if (address >= traceable->blacklist[i].start &&
		    address < traceable->blacklist[i].end)
			return true;
	return false;
}

bool traceable_blacklist_known(const struct traceable *traceable)
{
	return traceable->blacklist_known;
}

size_t traceable_count(const struct traceable *traceable)
{
	return traceable->count;
}

const uint64_t *traceable_addresses(const struct traceable *traceable)
{
	return traceable->addresses;
}
