/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/lines.h"

#include <stdlib.h>
#include <string.h>

#include "symbol/dwarf_file.h"

#define FIRST_SLOTS 256

struct known {
	struct build *build; /* NULL: an empty slot */
	uint64_t address;    /* in its file */
	size_t n_places;
	struct place *places;
};

struct lines {
	struct place_finder finder;
	struct builds *builds;
	struct known *slots; /* a power of two, at most half full */
	size_t n_slots, n_known;
	struct place scratch[PLACE_DEPTH];
};

static size_t find_places(struct place_finder *finder, const struct catalog *catalog,
			  uint64_t address, bool returned, const struct place **places);

struct lines *lines_create(struct builds *builds, struct error *err)
{
	struct lines *lines = calloc(1, sizeof(*lines));

	if (lines)
		lines->slots = calloc(FIRST_SLOTS, sizeof(lines->slots[0]));
	if (!lines || !lines->slots) {
		free(lines);
		error_no_memory(err);
		return NULL;
	}
	lines->finder.find = find_places;
	lines->builds = builds;
	lines->n_slots = FIRST_SLOTS;
	return lines;
}

void lines_destroy(struct lines *lines)
{
	if (!lines)
		return;
	for (size_t i = 0; i < lines->n_slots; i++)
		free(lines->slots[i].places);
	free(lines->slots);
	free(lines);
}

struct place_finder *lines_finder(struct lines *lines)
{
	return &lines->finder;
}

static struct known *slot_of(const struct lines *lines, const struct build *build, uint64_t address)
{
	uint64_t hash = (address ^ (uint64_t)(uintptr_t)build << 7) * 0x9e3779b97f4a7c15ull;
	size_t at = (size_t)(hash >> 32) & (lines->n_slots - 1);

	while (lines->slots[at].build &&
	       (lines->slots[at].build != build || lines->slots[at].address != address))
		at = (at + 1) & (lines->n_slots - 1);
	return &lines->slots[at];
}

static bool grow(struct lines *lines)
{
	struct known *old = lines->slots;
	size_t n_old = lines->n_slots;
	struct known *slots = calloc(n_old * 2, sizeof(slots[0]));

	if (!slots)
		return false;
	lines->slots = slots;
	lines->n_slots = n_old * 2;
	for (size_t i = 0; i < n_old; i++)
		if (old[i].build)
			*slot_of(lines, old[i].build, old[i].address) = old[i];
	free(old);
	return true;
}

/* Reading debug information is dear, and the same frames come again and again. */
static size_t remember(struct lines *lines, struct build *build, uint64_t address,
		       const struct place **places)
{
	struct known *known = slot_of(lines, build, address);

	if (!known->build) {
		size_t n = dwarf_file_places(build->lines, address, lines->scratch);
		struct place *copy = calloc(n ? n : 1, sizeof(copy[0]));

		if (!copy || (lines->n_known >= lines->n_slots / 2 && !grow(lines))) {
			free(copy);
			builds_missing(lines->builds)->memory = true;
			return 0;
		}
		memcpy(copy, lines->scratch, n * sizeof(copy[0]));
		known = slot_of(lines, build, address);
		*known = (struct known){build, address, n, copy};
		lines->n_known++;
	}
	*places = known->places;
	return known->n_places;
}

/* *missing is what is to be counted up when the places are not to be had elsewhere either. */
static size_t find_in_files(struct lines *lines, const struct catalog *catalog, uint64_t address,
			    bool returned, const struct place **places, size_t **missing)
{
	const struct module *module;
	struct frame frame = {0};
	struct build *build;
	uint64_t there;

	catalog_frame(catalog, address, &frame);
	module = catalog_frame_module(catalog, &frame, address);
	if (!module)
		return 0;
	if (!builds_wants(lines->builds, module == catalog->modules.modules)) {
		*missing = &builds_missing(lines->builds)->lines;
		return 0;
	}
	build = builds_find(lines->builds, catalog, module);
	if (!build) {
		builds_missing(lines->builds)->memory = true;
		return 0;
	}
	if (!builds_lines(lines->builds, build)) {
		*missing = &build->n_lineless;
		return 0;
	}
	if (!dwarf_file_address(build->lines, frame.symbol, frame.offset, address - module->base,
				&there)) {
		*missing = &build->n_unplaced;
		return 0;
	}
	/* Behind a call that does not return there may be another function already. */
	if (returned && (!frame.symbol || frame.offset))
		there--;
	return remember(lines, build, there, places);
}

static size_t find_in_capture(const struct catalog *catalog, uint64_t address, bool returned,
			      const struct place **places)
{
	struct place_finder *finder = catalog->places;

	return finder ? finder->find(finder, catalog, address, returned, places) : 0;
}

static size_t find_places(struct place_finder *finder, const struct catalog *catalog,
			  uint64_t address, bool returned, const struct place **places)
{
	struct lines *lines = (struct lines *)finder;
	bool files_first = builds_get_options(lines->builds)->path;
	size_t *missing = NULL;
	size_t n = 0;

	if (!files_first)
		n = find_in_capture(catalog, address, returned, places);
	if (!n)
		n = find_in_files(lines, catalog, address, returned, places, &missing);
	if (!n && files_first)
		n = find_in_capture(catalog, address, returned, places);
	if (!n && missing)
		++*missing;
	return n;
}
