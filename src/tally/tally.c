/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally/tally.h"

#include <stdlib.h>
#include <string.h>

static size_t key_size(const struct tally *tally)
{
	return tally->keys.spec.n_parts * sizeof(uint32_t);
}

static int add_row(struct tally *tally, const uint32_t *names, struct error *err)
{
	if (tally->n_rows == tally->capacity) {
		size_t capacity = tally->capacity ? tally->capacity * 2 : 64;
		struct tally_row *rows = realloc(tally->rows, capacity * sizeof(*rows));

		if (!rows)
			return error_no_memory(err);
		tally->rows = rows;
		tally->capacity = capacity;
	}
	tally->rows[tally->n_rows] = (struct tally_row){.min = UINT64_MAX};
	memcpy(tally->rows[tally->n_rows++].names, names, key_size(tally));
	return 0;
}

static int count_call(void *context, const struct call *call, struct error *err)
{
	uint32_t names[N_KEY_PARTS], number;
	struct tally *tally = context;
	struct tally_row *row;
	uint64_t duration;
	bool added;

	if (key_make(&tally->keys, call_record(call), call->ret, names, err) ||
	    intern_add(&tally->row_keys, names, key_size(tally), &number, &added, err) ||
	    (added && add_row(tally, names, err)))
		return -1;
	row = &tally->rows[number];
	row->calls++;
	tally->calls++;
	if (!call->ret)
		return 0;
	row->ended++;
	if (key_error(tally->keys.catalog, call->ret)) {
		row->errors++;
		tally->errors++;
	}
	if (!call_duration(call, &duration))
		return 0;
	row->sum += duration;
	tally->sum += duration;
	if (duration < row->min)
		row->min = duration;
	if (duration > row->max)
		row->max = duration;
	return histogram_add(&row->durations, duration, err);
}

void tally_init(struct tally *tally, const struct key_spec *spec, const struct catalog *catalog)
{
	*tally = (struct tally){0};
	key_maker_init(&tally->keys, spec, catalog);
	intern_init(&tally->row_keys);
	calls_init(&tally->joining, catalog, count_call, tally);
}

void tally_fini(struct tally *tally)
{
	for (size_t i = 0; i < tally->n_rows; i++)
		histogram_fini(&tally->rows[i].durations);
	free(tally->rows);
	calls_fini(&tally->joining);
	intern_fini(&tally->row_keys);
	key_maker_fini(&tally->keys);
}

int tally_add(struct tally *tally, const struct kmn_header *header, struct error *err)
{
	struct record_view record;

	if (record_parse(header, header->length, &record, err) < 0)
		return -1;
	if (!tally->first)
		tally->first = header->time;
	tally->last = header->time;
	switch (header->kind) {
	case KMN_ENTRY:
	case KMN_RETURN:
	case KMN_ALLOC:
	case KMN_FREE:
		return calls_add(&tally->joining, &record, err);
	case KMN_MODULE_LOAD:
	case KMN_MODULE_UNLOAD:
		key_maker_forget(&tally->keys);
		break;
	case KMN_LOSS:
		tally->lost += record.args[0];
		break;
	case KMN_RESUME:
		tally->suspended += record.args[0];
		break;
	}
	return 0;
}

int tally_end(struct tally *tally, struct error *err)
{
	return calls_end(&tally->joining, err);
}

uint64_t tally_open(const struct tally *tally)
{
	return tally->joining.counts[CALL_NOT_RETURNED];
}

uint64_t tally_no_entry(const struct tally *tally)
{
	return tally->joining.counts[CALL_NO_ENTRY];
}

const struct tally_row *tally_find(const struct tally *tally, const char *const *names)
{
	uint32_t numbers[N_KEY_PARTS], row;

	for (unsigned i = 0; i < tally->keys.spec.n_parts; i++)
		if (!intern_find(&tally->keys.names, names[i], strlen(names[i]), &numbers[i]))
			return NULL;
	if (!intern_find(&tally->row_keys, numbers, key_size(tally), &row))
		return NULL;
	return &tally->rows[row];
}
