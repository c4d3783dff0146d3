/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model's tables as entries of a block's payload; docs/kmn.md has their fields. Each function
 * appends one entry, its length first, so that a reader can skip fields that it doesn't know.
 */
#ifndef CAPTURE_ENCODE_H
#define CAPTURE_ENCODE_H

#include "base/text.h"
#include "model/catalog.h"
#include "model/ledger.h"
#include "model/place.h"

void encode_system(struct text *out, const struct catalog *catalog);
void encode_spec(struct text *out, const char *spec);
void encode_module(struct text *out, uint32_t index, const struct module *module);
void encode_enumeration(struct text *out, uint32_t index, const struct enumeration *enumeration);
void encode_api(struct text *out, const struct api *api);
void encode_frame(struct text *out, uint64_t address, const struct frame *frame);
/* flags: enum lines_entry_flag. */
void encode_lines(struct text *out, uint64_t address, uint8_t flags, const struct place *places,
		  size_t n_places);
void encode_stack(struct text *out, const struct stack *stack);
void encode_ledger_state(struct text *out, const struct ledger *ledger);
void encode_ledger_row(struct text *out, const struct ledger_row *row);
void encode_end(struct text *out, uint64_t n_records, uint64_t index);

#endif
