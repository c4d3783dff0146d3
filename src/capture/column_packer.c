/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/column_packer.h"

#include <stdlib.h>
#include <string.h>

#include "capture/bytes.h"
#include "capture/lookup.h"

/* A varint is at most so long. */
#define VARINT_BYTES 10

struct output {
	unsigned char *bytes;
	size_t used, capacity;
};

struct column_packer {
	struct column_tables tables;
	struct output columns[N_COLUMNS];
	/* Where in the tables something is. */
	struct lookup shapes, cpus, tasks, hooks, stacks;
	uint64_t first, last;
	size_t n_records, n_bytes;
	bool frames; /* a record has brought its own */
	bool failed; /* out of memory */
};

struct column_packer *column_packer_create(void)
{
	struct column_packer *packer = calloc(1, sizeof(*packer));

	if (packer)
		column_tables_reset(&packer->tables, 0);
	return packer;
}

void column_packer_destroy(struct column_packer *packer)
{
	if (!packer)
		return;
	column_tables_fini(&packer->tables);
	for (size_t i = 0; i < N_COLUMNS; i++)
		free(packer->columns[i].bytes);
	lookup_fini(&packer->shapes);
	lookup_fini(&packer->cpus);
	lookup_fini(&packer->tasks);
	lookup_fini(&packer->hooks);
	lookup_fini(&packer->stacks);
	free(packer);
}

static unsigned char *make_room(struct column_packer *packer, struct output *out, size_t n)
{
	size_t capacity = out->capacity ? out->capacity * 2 : 4096;
	unsigned char *bytes;

	if (out->capacity - out->used >= n)
		return out->bytes + out->used;
	while (capacity - out->used < n)
		capacity *= 2;
	bytes = realloc(out->bytes, capacity);
	if (!bytes) {
		packer->failed = true;
		return NULL;
	}
	out->bytes = bytes;
	out->capacity = capacity;
	return bytes + out->used;
}

static size_t varint_store(unsigned char *to, uint64_t value)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		to[n++] = (unsigned char)(value | 0x80);
	to[n++] = (unsigned char)value;
	return n;
}

static void put(struct column_packer *packer, enum column column, uint64_t value)
{
	struct output *out = &packer->columns[column];
	unsigned char *to = make_room(packer, out, VARINT_BYTES);

	if (to)
		out->used += varint_store(to, value);
}

/* Room for n bytes that the caller fills, or NULL. */
static unsigned char *put_room(struct column_packer *packer, enum column column, size_t n)
{
	struct output *out = &packer->columns[column];
	unsigned char *to = make_room(packer, out, n);

	if (to)
		out->used += n;
	return to;
}

static void put_raw(struct column_packer *packer, enum column column, const void *bytes, size_t n)
{
	unsigned char *to = n ? put_room(packer, column, n) : NULL;

	if (to)
		memcpy(to, bytes, n);
}

/* The shortest way to say it; of those of one length the first. */
static void put_word(struct column_packer *packer, enum column column, uint64_t *large,
		     uint64_t word)
{
	struct output *out = &packer->columns[column];
	unsigned char *to = make_room(packer, out, VARINT_BYTES);
	enum word_mode mode = WORD_PLAIN;
	uint64_t least = word;

	if (!to)
		return;
	if (~word < least) {
		least = ~word;
		mode = WORD_INVERTED;
	}
	if (word_is_large(word)) {
		size_t slot = word_slot(word);
		uint64_t delta = zigzag(word - *large);

		if (packer->tables.recent[slot] == word && slot < least) {
			least = slot;
			mode = WORD_RECENT;
		}
		if (delta < least) {
			least = delta;
			mode = WORD_DELTA;
		}
		*large = packer->tables.recent[slot] = word;
	}
	to[0] = (unsigned char)(mode | (least & 0x1f) << 2 | (least > 0x1f ? 0x80 : 0));
	out->used++;
	if (least > 0x1f)
		out->used += varint_store(to + 1, least >> 5);
}

/* What of a record has no column: frames, and bytes that mean nothing but are not 0. */
static bool has_columns(const struct record_view *view)
{
	const unsigned char *at = view->fetched;
	const unsigned char *end = (const unsigned char *)view->header + view->header->length;

	if (view->header->flags & KMN_STACK_INLINE || (view->ret && view->ret->reserved))
		return false;
	for (uint8_t i = 0; i < view->header->n_fetches; i++) {
		const struct kmn_fetched *fetched = (const struct kmn_fetched *)at;
		size_t length = fetched->length;

		at += sizeof(*fetched);
		for (; length % 4; length++) {
			if (at[length])
				return false;
		}
		at += length;
	}
	for (; at < end; at++) {
		if (*at)
			return false;
	}
	return true;
}

static void put_whole(struct column_packer *packer, const struct kmn_header *header)
{
	put(packer, COLUMN_SHAPE, 0);
	put_raw(packer, COLUMN_WHOLE, header, header->length);
	packer->frames |= header->n_frames != 0;
	packer->tables.time = header->time;
}

static bool remember(struct column_packer *packer, struct lookup *lookup, uint64_t key,
		     uint32_t number)
{
	if (lookup_add(lookup, key, number))
		return true;
	packer->failed = true;
	return false;
}

static int put_shape(struct column_packer *packer, const struct kmn_header *header,
		     struct error *err)
{
	struct column_tables *tables = &packer->tables;
	uint64_t key = (uint64_t)header->kind | (uint64_t)header->context << 8 |
		       (uint64_t)header->flags << 16 | (uint64_t)header->n_args << 32 |
		       (uint64_t)header->n_fetches << 40;
	unsigned char *to;
	uint32_t which;

	if (!lookup_find(&packer->shapes, key, &which)) {
		which = tables->n_shapes;
		to = put_room(packer, COLUMN_SHAPES, 6);
		if (!to || column_add_shape(tables, header, err) ||
		    !remember(packer, &packer->shapes, key, which))
			return -1;
		for (int i = 0; i < 6; i++)
			to[i] = (unsigned char)(key >> 8 * i);
	}
	put(packer, COLUMN_SHAPE, which + 1);
	return 0;
}

static struct column_cpu *put_cpu(struct column_packer *packer, const struct kmn_header *header,
				  struct error *err)
{
	struct column_tables *tables = &packer->tables;
	struct column_cpu *cpu;
	uint32_t which;

	if (!lookup_find(&packer->cpus, header->cpu, &which)) {
		unsigned char *to = put_room(packer, COLUMN_CPUS, 2);

		which = tables->n_cpus;
		if (!to || column_add_cpu(tables, header->cpu, err) ||
		    !remember(packer, &packer->cpus, header->cpu, which))
			return NULL;
		store_u16(to, header->cpu);
	}
	put(packer, COLUMN_CPU, which);
	put(packer, COLUMN_TIME, header->time - tables->time);
	tables->time = header->time;
	cpu = &tables->cpus[which];
	put(packer, COLUMN_SEQUENCE, zigzag(header->sequence - cpu->sequence));
	cpu->sequence = header->sequence + 1;
	return cpu;
}

static bool same_task(const struct column_task *task, const struct kmn_header *header)
{
	return task->tid == header->tid && task->pid == header->pid &&
	       !memcmp(task->comm, header->comm, KMN_COMM);
}

static int find_task(struct column_packer *packer, const struct kmn_header *header, uint32_t *found,
		     struct error *err)
{
	struct column_tables *tables = &packer->tables;
	struct column_task task = {.pid = header->pid, .tid = header->tid};
	uint64_t words[KMN_COMM / 8];
	unsigned char *to;
	uint64_t key;

	memcpy(task.comm, header->comm, KMN_COMM);
	memcpy(words, header->comm, sizeof(words));
	key = ((uint64_t)header->pid << 32 | header->tid) ^ words[0] * 0x9e3779b97f4a7c15ull ^
	      words[1] * 0xc2b2ae3d27d4eb4full;
	/* Of two tasks with one key the later hides the earlier: that costs bytes, nothing else. */
	if (lookup_find(&packer->tasks, key, found) && same_task(&tables->tasks[*found], header))
		return 0;
	*found = tables->n_tasks;
	to = put_room(packer, COLUMN_TASKS, 8 + KMN_COMM);
	if (!to || column_add_task(tables, &task, err) ||
	    !remember(packer, &packer->tasks, key, *found))
		return -1;
	store_u32(to, header->pid);
	store_u32(to + 4, header->tid);
	memcpy(to + 8, header->comm, KMN_COMM);
	return 0;
}

static struct column_task *put_task(struct column_packer *packer, const struct kmn_header *header,
				    struct column_cpu *cpu, struct error *err)
{
	struct column_tables *tables = &packer->tables;
	uint32_t which;

	if (cpu->task != NOTHING && same_task(&tables->tasks[cpu->task], header)) {
		put(packer, COLUMN_TASK, 0);
		return &tables->tasks[cpu->task];
	}
	if (find_task(packer, header, &which, err))
		return NULL;
	put(packer, COLUMN_TASK, (uint64_t)which + 1);
	cpu->task = which;
	return &tables->tasks[which];
}

/* The open call that the return says it belongs to, or NOTHING. */
static uint32_t put_partner(struct column_packer *packer, const struct column_task *task,
			    const struct record_view *view)
{
	const struct column_tables *tables = &packer->tables;
	uint32_t which = task->open;

	for (uint32_t passed = 0; which != NOTHING && passed <= MAX_PASSED; passed++) {
		const struct column_open *open = &tables->opens[which];

		if (open->sequence == view->ret->entry_sequence &&
		    open->cpu == view->ret->entry_cpu &&
		    tables->hooks[open->hook].id == view->header->hook) {
			put(packer, COLUMN_PARTNER, passed + 1);
			return which;
		}
		which = open->below;
	}
	put(packer, COLUMN_PARTNER, 0);
	return NOTHING;
}

static int put_hook(struct column_packer *packer, uint32_t id, uint32_t *found, struct error *err)
{
	struct column_tables *tables = &packer->tables;

	if (!lookup_find(&packer->hooks, id, found)) {
		unsigned char *to = put_room(packer, COLUMN_HOOKS, 4);

		*found = tables->n_hooks;
		if (!to || column_add_hook(tables, id, err) ||
		    !remember(packer, &packer->hooks, id, *found))
			return -1;
		store_u32(to, id);
	}
	put(packer, COLUMN_HOOK, *found);
	return 0;
}

static bool same_stack(const struct kmn_stack *one, const struct kmn_stack *other)
{
	return one->hash == other->hash && one->modules == other->modules;
}

static int put_stack(struct column_packer *packer, enum column column, uint32_t guess,
		     const struct kmn_stack *stack, uint32_t *found, struct error *err)
{
	struct column_tables *tables = &packer->tables;

	if (guess != NOTHING && same_stack(&tables->stacks[guess], stack)) {
		put(packer, column, 0);
		*found = guess;
		return 0;
	}
	if (!lookup_find(&packer->stacks, stack->hash, found) ||
	    !same_stack(&tables->stacks[*found], stack)) {
		unsigned char *to = put_room(packer, COLUMN_STACKS, 16);

		*found = tables->n_stacks;
		if (!to || column_add_stack(tables, stack, err) ||
		    !remember(packer, &packer->stacks, stack->hash, *found))
			return -1;
		store_u64(to, stack->hash);
		store_u64(to + 8, stack->modules);
	}
	put(packer, column, (uint64_t)*found + 1);
	return 0;
}

static void put_return(struct column_packer *packer, const struct record_view *view,
		       struct column_hook *hook, const struct column_open *entry)
{
	const struct kmn_return *ret = view->ret;
	uint64_t guess = 0, sequence = 0;

	put_word(packer, COLUMN_VALUE, &hook->large[KMN_MAX_ARGS], ret->value);
	if (entry) {
		guess = view->header->time - entry->time;
	} else {
		if (!(view->header->flags & KMN_UNPAIRED))
			sequence = view->header->sequence;
		put(packer, COLUMN_ENTRY_CPU, ret->entry_cpu);
		put(packer, COLUMN_ENTRY_SEQUENCE, zigzag(ret->entry_sequence - sequence));
	}
	put(packer, COLUMN_DURATION, zigzag(ret->duration - guess));
}

static void put_fetched(struct column_packer *packer, const struct record_view *view)
{
	const unsigned char *at = view->fetched;

	for (uint8_t i = 0; i < view->header->n_fetches; i++) {
		const struct kmn_fetched *fetched = (const struct kmn_fetched *)at;
		const unsigned char what = (unsigned char)(fetched->fetch << 2 | fetched->status);

		at += sizeof(*fetched);
		put_raw(packer, COLUMN_FETCH, &what, 1);
		put(packer, COLUMN_FETCH_LENGTH, fetched->length);
		put_raw(packer, COLUMN_FETCH_DATA, at, fetched->length);
		at += ((size_t)fetched->length + 3) & ~(size_t)3;
	}
}

static int put_record(struct column_packer *packer, const struct record_view *view,
		      struct error *err)
{
	struct column_tables *tables = &packer->tables;
	const struct kmn_header *header = view->header;
	uint32_t partner = NOTHING, stack = NOTHING, hook_number;
	struct column_hook *hook;
	struct column_task *task;
	struct column_cpu *cpu;
	bool paired;

	if (!has_columns(view)) {
		put_whole(packer, header);
		return 0;
	}
	if (put_shape(packer, header, err) || !(cpu = put_cpu(packer, header, err)) ||
	    !(task = put_task(packer, header, cpu, err)))
		return -1;
	if (view->ret)
		partner = put_partner(packer, task, view);
	paired = partner != NOTHING;
	if (paired)
		hook_number = tables->opens[partner].hook;
	else if (put_hook(packer, header->hook, &hook_number, err))
		return -1;
	hook = &tables->hooks[hook_number];
	if (view->ret)
		put_return(packer, view, hook, paired ? &tables->opens[partner] : NULL);
	if (view->stack) {
		if (put_stack(packer, paired ? COLUMN_PARTNER_STACK : COLUMN_STACK,
			      paired ? tables->opens[partner].stack : hook->stack, view->stack,
			      &stack, err))
			return -1;
		hook->stack = stack;
	}
	for (uint8_t i = 0; i < header->n_args; i++)
		put_word(packer, (enum column)(COLUMN_ARGUMENT + i), &hook->large[i],
			 view->args[i]);
	put_fetched(packer, view);
	if (header->kind == KMN_ENTRY) {
		const struct column_open open = {.time = header->time,
						 .sequence = header->sequence,
						 .hook = hook_number,
						 .stack = stack,
						 .cpu = header->cpu};

		return column_open(tables, task, &open, err);
	}
	if (paired)
		column_close(tables, task, partner);
	return 0;
}

int column_packer_add(struct column_packer *packer, const struct record_view *view,
		      struct error *err)
{
	if (!packer->n_records) {
		packer->first = view->header->time;
		column_tables_reset(&packer->tables, packer->first);
	}
	if (put_record(packer, view, err) || packer->failed)
		return packer->failed ? error_no_memory(err) : -1;
	/* An entry that a filter held back stands behind records that are later than it. */
	if (!packer->n_records || view->header->time > packer->last)
		packer->last = view->header->time;
	packer->n_records++;
	packer->n_bytes += view->header->length;
	return 0;
}

void column_packer_describe(const struct column_packer *packer, struct index_entry *about)
{
	about->n_records = (uint32_t)packer->n_records;
	about->flags = packer->frames ? INDEX_FRAMES : 0;
	about->first = packer->first;
	about->last = packer->last;
}

size_t column_packer_count(const struct column_packer *packer)
{
	return packer->n_records;
}

size_t column_packer_bytes(const struct column_packer *packer)
{
	return packer->n_bytes;
}

static void begin_block(struct column_packer *packer)
{
	for (size_t i = 0; i < N_COLUMNS; i++)
		packer->columns[i].used = 0;
	lookup_clear(&packer->shapes);
	lookup_clear(&packer->cpus);
	lookup_clear(&packer->tasks);
	lookup_clear(&packer->hooks);
	lookup_clear(&packer->stacks);
	packer->n_records = packer->n_bytes = 0;
	packer->frames = false;
}

int column_packer_finish(struct column_packer *packer, uint64_t n_before, struct text *out,
			 struct error *err)
{
	unsigned char lengths[1 + N_COLUMNS * VARINT_BYTES];
	size_t n = 0;

	put_u64(out, n_before);
	put_u64(out, packer->first);
	put_u64(out, packer->last);
	put_u32(out, (uint32_t)packer->n_records);
	put_u32(out, (uint32_t)packer->n_bytes);
	lengths[n++] = N_COLUMNS;
	for (size_t i = 0; i < N_COLUMNS; i++)
		n += varint_store(lengths + n, packer->columns[i].used);
	text_add_bytes(out, lengths, n);
	for (size_t i = 0; i < N_COLUMNS; i++) {
		if (packer->columns[i].used)
			text_add_bytes(out, packer->columns[i].bytes, packer->columns[i].used);
	}
	begin_block(packer);
	return text_failed(out) ? error_no_memory(err) : 0;
}
