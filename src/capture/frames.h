/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What addresses were called on the machine that recorded, by address: the writer's memory of what
 * it has named, the reader's answer to catalog_frame().
 */
#ifndef CAPTURE_FRAMES_H
#define CAPTURE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/catalog.h"

struct frame_table;

struct frame_table *frame_table_create(void); /* NULL: out of memory */
void frame_table_destroy(struct frame_table *table);
/*
 * Name the address; its strings are copied and stay until the table is destroyed. An address that
 * has a name already gets the new one: its module went and another came to the same place.
 */
int frame_table_set(struct frame_table *table, uint64_t address, const struct frame *frame,
		    struct error *err);
/* NULL: not there; valid until the next frame_table_set(). */
const struct frame *frame_table_find(const struct frame_table *table, uint64_t address);
size_t frame_table_count(const struct frame_table *table);
/* The address that was named as number `index`, below the count. */
uint64_t frame_table_address(const struct frame_table *table, size_t index);

#endif
