/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What addresses were called on the machine that recorded, by address: the writer's memory of what
 * it has named, the reader's answer to catalog_frame(); and, if the capture has them, where in the
 * source code they are.
 */
#ifndef CAPTURE_FRAMES_H
#define CAPTURE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/catalog.h"
#include "model/place.h"

struct frame_table;

struct frame_table *frame_table_create(void); /* NULL: out of memory */
void frame_table_destroy(struct frame_table *table);
/*
 * Name the address; its strings are copied and stay until the table is destroyed. An address that
 * has a name already gets the new one: its module went and another came to the same place. Its
 * places are forgotten.
 */
int frame_table_set(struct frame_table *table, uint64_t address, const struct frame *frame,
		    struct error *err);
/* NULL: not there; valid until the next frame_table_set(). */
const struct frame *frame_table_find(const struct frame_table *table, uint64_t address);
/*
 * The places of an address that has a name, copied, at most PLACE_DEPTH; of an address without one
 * they are left out. returned: see struct place_finder.
 */
int frame_table_set_places(struct frame_table *table, uint64_t address, bool returned,
			   const struct place *places, size_t n_places, struct error *err);
/* It is part of the table and tells the places that were set. */
struct place_finder *frame_table_finder(struct frame_table *table);
size_t frame_table_count(const struct frame_table *table);
/* The address that was named as number `index`, below the count. */
uint64_t frame_table_address(const struct frame_table *table, size_t index);

#endif
