/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/column_unpacker.h"

#include <stdlib.h>
#include <string.h>

#include "capture/bytes.h"

struct input {
	const unsigned char *at, *end;
};

struct column_unpacker {
	struct column_tables tables;
	struct input columns[N_COLUMNS];
	bool cut; /* a column had fewer bytes than its records need */

	unsigned char *bytes; /* the records */
	size_t used, size, capacity;
	const struct kmn_header **records;
	size_t n_records, max_records;
	bool frames;
};

struct column_unpacker *column_unpacker_create(void)
{
	return calloc(1, sizeof(struct column_unpacker));
}

void column_unpacker_destroy(struct column_unpacker *unpacker)
{
	if (!unpacker)
		return;
	column_tables_fini(&unpacker->tables);
	free(unpacker->bytes);
	free(unpacker->records);
	free(unpacker);
}

static uint64_t take_long(struct column_unpacker *unpacker, struct input *in, uint64_t value,
			  unsigned shift)
{
	while (in->at < in->end && shift < 64) {
		unsigned char byte = *in->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
		shift += 7;
	}
	unpacker->cut = true;
	return 0;
}

static inline uint64_t take(struct column_unpacker *unpacker, enum column column)
{
	struct input *in = &unpacker->columns[column];
	unsigned char byte;

	if (in->at == in->end) {
		unpacker->cut = true;
		return 0;
	}
	byte = *in->at++;
	return byte < 0x80 ? byte : take_long(unpacker, in, byte & 0x7f, 7);
}

static inline const unsigned char *take_bytes(struct column_unpacker *unpacker, enum column column,
					      size_t n)
{
	struct input *in = &unpacker->columns[column];
	const unsigned char *bytes = in->at;

	if ((size_t)(in->end - in->at) < n) {
		unpacker->cut = true;
		return NULL;
	}
	in->at += n;
	return bytes;
}

static inline uint64_t take_word(struct column_unpacker *unpacker, enum column column,
				 uint64_t *large)
{
	struct input *in = &unpacker->columns[column];
	uint64_t *recent = unpacker->tables.recent;
	unsigned char byte;
	uint64_t word;

	if (in->at == in->end) {
		unpacker->cut = true;
		return 0;
	}
	byte = *in->at++;
	word = byte >> 2 & 0x1f;
	if (byte & 0x80)
		word = take_long(unpacker, in, word, 5);
	switch ((enum word_mode)(byte & 3)) {
	case WORD_PLAIN:
		break;
	case WORD_DELTA:
		word = *large + unzigzag(word);
		break;
	case WORD_RECENT:
		word = recent[word % RECENT_WORDS];
		break;
	case WORD_INVERTED:
		word = ~word;
		break;
	}
	if (word_is_large(word))
		*large = recent[word_slot(word)] = word;
	return word;
}

static int new_shape(struct column_unpacker *unpacker, struct error *err)
{
	const unsigned char *bytes = take_bytes(unpacker, COLUMN_SHAPES, 6);
	struct kmn_header like = {0};

	if (!bytes)
		return -1;
	like.kind = bytes[0];
	like.context = bytes[1];
	like.flags = load_u16(bytes + 2);
	like.n_args = bytes[4];
	like.n_fetches = bytes[5];
	return column_add_shape(&unpacker->tables, &like, err);
}

static int new_cpu(struct column_unpacker *unpacker, struct error *err)
{
	const unsigned char *bytes = take_bytes(unpacker, COLUMN_CPUS, 2);

	return bytes ? column_add_cpu(&unpacker->tables, load_u16(bytes), err) : -1;
}

static int new_task(struct column_unpacker *unpacker, struct error *err)
{
	const unsigned char *bytes = take_bytes(unpacker, COLUMN_TASKS, 8 + KMN_COMM);
	struct column_task task;

	if (!bytes)
		return -1;
	task.pid = load_u32(bytes);
	task.tid = load_u32(bytes + 4);
	memcpy(task.comm, bytes + 8, KMN_COMM);
	return column_add_task(&unpacker->tables, &task, err);
}

static int new_hook(struct column_unpacker *unpacker, struct error *err)
{
	const unsigned char *bytes = take_bytes(unpacker, COLUMN_HOOKS, 4);

	return bytes ? column_add_hook(&unpacker->tables, load_u32(bytes), err) : -1;
}

static int new_stack(struct column_unpacker *unpacker, struct error *err)
{
	const unsigned char *bytes = take_bytes(unpacker, COLUMN_STACKS, 16);
	struct kmn_stack stack;

	if (!bytes)
		return -1;
	stack.hash = load_u64(bytes);
	stack.modules = load_u64(bytes + 8);
	return column_add_stack(&unpacker->tables, &stack, err);
}

/*
 * Make sure that there is a number `which` of which n are known: the next one is new and described
 * in a column of its own.
 */
static inline int know(struct column_unpacker *unpacker, uint64_t which, uint32_t n,
		       int (*add)(struct column_unpacker *, struct error *), const char *what,
		       struct error *err)
{
	if (which < n)
		return 0;
	if (which > n)
		return error_set(err, "%s number %llu comes before number %u", what,
				 (unsigned long long)which, n);
	return add(unpacker, err);
}

static int unpack_whole(struct column_unpacker *unpacker, struct error *err)
{
	const struct input *in = &unpacker->columns[COLUMN_WHOLE];
	unsigned char *to = unpacker->bytes + unpacker->used;
	size_t room = unpacker->size - unpacker->used;
	size_t left = (size_t)(in->end - in->at);
	struct record_view view;
	uint16_t length;

	if (left < sizeof(struct kmn_header)) {
		unpacker->cut = true;
		return -1;
	}
	length = load_u16(in->at);
	if (length > room || length > left)
		return error_set(err, "a whole record of %u bytes does not fit", length);
	memcpy(to, in->at, length);
	if (record_parse(to, length, &view, err) < 0)
		return -1;
	take_bytes(unpacker, COLUMN_WHOLE, length);
	unpacker->frames |= view.frames != NULL;
	unpacker->tables.time = view.header->time;
	unpacker->used += length;
	return 0;
}

static int unpack_cpu(struct column_unpacker *unpacker, struct kmn_header *header,
		      struct column_cpu **cpu, struct error *err)
{
	struct column_tables *tables = &unpacker->tables;
	uint64_t which = take(unpacker, COLUMN_CPU);

	if (know(unpacker, which, tables->n_cpus, new_cpu, "processor", err))
		return -1;
	*cpu = &tables->cpus[which];
	header->cpu = (*cpu)->cpu;
	header->time = tables->time += take(unpacker, COLUMN_TIME);
	header->sequence = (*cpu)->sequence + unzigzag(take(unpacker, COLUMN_SEQUENCE));
	(*cpu)->sequence = header->sequence + 1;
	return 0;
}

static int unpack_task(struct column_unpacker *unpacker, struct kmn_header *header,
		       struct column_cpu *cpu, struct column_task **task, struct error *err)
{
	struct column_tables *tables = &unpacker->tables;
	uint64_t which = take(unpacker, COLUMN_TASK);

	if (which) {
		if (know(unpacker, which - 1, tables->n_tasks, new_task, "task", err))
			return -1;
		cpu->task = (uint32_t)which - 1;
	} else if (cpu->task == NOTHING) {
		return error_set(err, "the first record of a processor has no task");
	}
	*task = &tables->tasks[cpu->task];
	header->pid = (*task)->pid;
	header->tid = (*task)->tid;
	memcpy(header->comm, (*task)->comm, KMN_COMM);
	return 0;
}

/* The open call that the return belongs to, or NOTHING. */
static int unpack_partner(struct column_unpacker *unpacker, const struct column_task *task,
			  uint32_t *partner, struct error *err)
{
	struct column_tables *tables = &unpacker->tables;
	uint64_t up = take(unpacker, COLUMN_PARTNER);
	uint32_t which;

	*partner = NOTHING;
	if (!up)
		return 0;
	if (up > MAX_PASSED + 1)
		return error_set(err, "a return is %llu calls up", (unsigned long long)up);
	for (which = task->open; which != NOTHING && --up;)
		which = tables->opens[which].below;
	if (which == NOTHING)
		return error_set(err, "a return has an entry that is not there");
	*partner = which;
	return 0;
}

static int unpack_stack(struct column_unpacker *unpacker, enum column column, uint32_t guess,
			struct kmn_stack *stack, uint32_t *which, struct error *err)
{
	struct column_tables *tables = &unpacker->tables;
	uint64_t number = take(unpacker, column);

	if (number) {
		if (know(unpacker, number - 1, tables->n_stacks, new_stack, "stack", err))
			return -1;
		guess = (uint32_t)number - 1;
	} else if (guess == NOTHING) {
		return error_set(err, "a stack is that of a record that has none");
	}
	*stack = tables->stacks[guess];
	*which = guess;
	return 0;
}

static void unpack_return(struct column_unpacker *unpacker, const struct kmn_header *header,
			  struct column_hook *hook, const struct column_open *entry,
			  struct kmn_return *ret)
{
	uint64_t guess;

	ret->value = take_word(unpacker, COLUMN_VALUE, &hook->large[KMN_MAX_ARGS]);
	ret->reserved = 0;
	if (entry) {
		guess = header->time - entry->time;
		ret->entry_sequence = entry->sequence;
		ret->entry_cpu = entry->cpu;
	} else {
		guess = 0;
		ret->entry_cpu = (uint32_t)take(unpacker, COLUMN_ENTRY_CPU);
		ret->entry_sequence = unzigzag(take(unpacker, COLUMN_ENTRY_SEQUENCE));
		if (!(header->flags & KMN_UNPAIRED))
			ret->entry_sequence += header->sequence;
	}
	ret->duration = guess + unzigzag(take(unpacker, COLUMN_DURATION));
}

/* Returns where the fetched data end, or NULL. */
static unsigned char *unpack_fetched(struct column_unpacker *unpacker, struct kmn_header *header,
				     unsigned char *to, struct error *err)
{
	unsigned char *const record = (unsigned char *)header;
	size_t room = unpacker->size - unpacker->used;

	if (room > KMN_MAX_RECORD)
		room = KMN_MAX_RECORD;
	for (uint8_t i = 0; i < header->n_fetches; i++) {
		const unsigned char *what = take_bytes(unpacker, COLUMN_FETCH, 1);
		uint64_t length = take(unpacker, COLUMN_FETCH_LENGTH);
		struct kmn_fetched fetched;
		const unsigned char *data;
		size_t padded;

		if (!what)
			return NULL;
		fetched = (struct kmn_fetched){
			.fetch = *what >> 2, .status = *what & 3, .length = (uint16_t)length};
		if (fetched.fetch >= KMN_MAX_FETCHES || length > KMN_MAX_RECORD ||
		    (fetched.status >= KMN_FETCH_FAULT && length))
			goto bad;
		padded = ((size_t)length + 3) & ~(size_t)3;
		if ((size_t)(to - record) + sizeof(fetched) + padded > room)
			goto bad;
		data = take_bytes(unpacker, COLUMN_FETCH_DATA, (size_t)length);
		if (!data)
			return NULL;
		memcpy(to, &fetched, sizeof(fetched));
		to += sizeof(fetched);
		if (padded)
			memset(to + padded - 4, 0, 4);
		memcpy(to, data, (size_t)length);
		to += padded;
	}
	/* There is room for it: both are multiples of 8. */
	if ((to - record) % 8) {
		memset(to, 0, 4);
		to += 4;
	}
	return to;
bad:
	error_set(err, "fetched data makes no sense or does not fit");
	return NULL;
}

static int unpack_record(struct column_unpacker *unpacker, struct error *err)
{
	struct column_tables *tables = &unpacker->tables;
	unsigned char *at = unpacker->bytes + unpacker->used;
	struct kmn_header *header = (struct kmn_header *)at;
	uint64_t shape = take(unpacker, COLUMN_SHAPE);
	uint32_t partner = NOTHING, stack = NOTHING, hook_number;
	struct column_hook *hook;
	struct column_task *task = NULL;
	struct column_cpu *cpu = NULL;

	if (!shape)
		return unpack_whole(unpacker, err);
	if (know(unpacker, shape - 1, tables->n_shapes, new_shape, "shape", err))
		return -1;
	if (tables->shapes[shape - 1].header.length > unpacker->size - unpacker->used)
		return error_set(err, "the records are longer than the block says");
	*header = tables->shapes[shape - 1].header;
	at += sizeof(*header);
	if (unpack_cpu(unpacker, header, &cpu, err) ||
	    unpack_task(unpacker, header, cpu, &task, err))
		return -1;
	if (header->kind == KMN_RETURN && unpack_partner(unpacker, task, &partner, err))
		return -1;
	if (partner != NOTHING) {
		hook_number = tables->opens[partner].hook;
	} else {
		uint64_t which = take(unpacker, COLUMN_HOOK);

		if (know(unpacker, which, tables->n_hooks, new_hook, "hook", err))
			return -1;
		hook_number = (uint32_t)which;
	}
	hook = &tables->hooks[hook_number];
	header->hook = hook->id;
	if (header->kind == KMN_RETURN) {
		unpack_return(unpacker, header, hook,
			      partner != NOTHING ? &tables->opens[partner] : NULL,
			      (struct kmn_return *)at);
		at += sizeof(struct kmn_return);
	}
	if (header->flags & KMN_HAS_STACK) {
		bool paired = partner != NOTHING;

		if (unpack_stack(unpacker, paired ? COLUMN_PARTNER_STACK : COLUMN_STACK,
				 paired ? tables->opens[partner].stack : hook->stack,
				 (struct kmn_stack *)at, &stack, err))
			return -1;
		hook->stack = stack;
		at += sizeof(struct kmn_stack);
	}
	for (uint8_t i = 0; i < header->n_args; i++, at += sizeof(uint64_t)) {
		*(uint64_t *)at =
			take_word(unpacker, (enum column)(COLUMN_ARGUMENT + i), &hook->large[i]);
	}
	if (header->n_fetches && !(at = unpack_fetched(unpacker, header, at, err)))
		return -1;
	if (unpacker->cut)
		return -1;
	if (header->kind == KMN_ENTRY) {
		const struct column_open open = {.time = header->time,
						 .sequence = header->sequence,
						 .hook = hook_number,
						 .stack = stack,
						 .cpu = header->cpu};

		if (column_open(tables, task, &open, err))
			return -1;
	} else if (partner != NOTHING) {
		column_close(tables, task, partner);
	}
	header->length = (uint16_t)(at - (unsigned char *)header);
	unpacker->used += header->length;
	return 0;
}

static int make_room(struct column_unpacker *unpacker, size_t n, size_t bytes, struct error *err)
{
	if (bytes > unpacker->capacity) {
		/* What was in it is not needed any more. */
		unsigned char *grown = malloc(bytes);

		if (!grown)
			return error_no_memory(err);
		free(unpacker->bytes);
		unpacker->bytes = grown;
		unpacker->capacity = bytes;
	}
	if (n > unpacker->max_records) {
		const struct kmn_header **grown =
			realloc(unpacker->records, n * sizeof(*unpacker->records));

		if (!grown)
			return error_no_memory(err);
		unpacker->records = grown;
		unpacker->max_records = n;
	}
	unpacker->size = bytes;
	return 0;
}

/* Behind the header: how many columns there are, how long each is, and the columns. */
static int find_columns(struct column_unpacker *unpacker, const unsigned char *payload,
			size_t length, struct error *err)
{
	struct input in = {payload + COLUMNS_HEADER_BYTES, payload + length};
	uint64_t n, lengths[N_COLUMNS] = {0};

	if (in.at == in.end)
		return error_set(err, "it has no columns");
	n = *in.at++;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t bytes = take_long(unpacker, &in, 0, 0);

		if (i < N_COLUMNS)
			lengths[i] = bytes;
	}
	for (size_t i = 0; i < N_COLUMNS && !unpacker->cut; i++) {
		if (lengths[i] > (uint64_t)(in.end - in.at))
			return error_set(err, "column %zu leaves the block", i);
		unpacker->columns[i] = (struct input){in.at, in.at + lengths[i]};
		in.at += lengths[i];
	}
	return unpacker->cut ? error_set(err, "the lengths of its columns are cut short") : 0;
}

int column_unpack(struct column_unpacker *unpacker, const void *payload, size_t length,
		  struct column_block *block, struct error *err)
{
	const unsigned char *header = payload;
	const struct input *shapes;
	uint32_t n, bytes;
	int code = 0;

	*block = (struct column_block){0};
	if (length < COLUMNS_HEADER_BYTES)
		return error_set(err, "it has only %zu bytes", length);
	n = load_u32(header + 24);
	bytes = load_u32(header + 28);
	if (bytes > COLUMNS_MAX_RECORDS_BYTES || bytes % 8 || n > bytes / sizeof(struct kmn_header))
		return error_set(err, "it says that it has %u records of %u bytes", n, bytes);
	unpacker->cut = unpacker->frames = false;
	unpacker->used = unpacker->n_records = 0;
	if (find_columns(unpacker, payload, length, err))
		return -1;
	/* Every record takes a byte of its shape: few bytes can't ask for much memory. */
	shapes = &unpacker->columns[COLUMN_SHAPE];
	if (n > (size_t)(shapes->end - shapes->at) || bytes > (uint64_t)n * KMN_MAX_RECORD)
		return error_set(err, "it says that it has %u records of %u bytes in %zu", n, bytes,
				 length);
	if (make_room(unpacker, n, bytes, err))
		return -1;
	column_tables_reset(&unpacker->tables, load_u64(header + 8));
	while (unpacker->n_records < n) {
		const unsigned char *record = unpacker->bytes + unpacker->used;

		code = unpack_record(unpacker, err);
		if (code)
			break;
		unpacker->records[unpacker->n_records++] = (const struct kmn_header *)record;
	}
	if (code && unpacker->cut)
		error_set(err, "a column is cut short");
	else if (!code && unpacker->used != bytes)
		code = error_set(err, "its records have %zu bytes instead of %u", unpacker->used,
				 bytes);
	*block = (struct column_block){unpacker->records, unpacker->n_records, unpacker->frames};
	return code;
}
