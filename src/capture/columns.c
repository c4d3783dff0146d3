/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/columns.h"

#include <stdlib.h>
#include <string.h>

void column_tables_fini(struct column_tables *tables)
{
	free(tables->shapes);
	free(tables->cpus);
	free(tables->tasks);
	free(tables->hooks);
	free(tables->stacks);
	free(tables->opens);
}

void column_tables_reset(struct column_tables *tables, uint64_t first_time)
{
	tables->n_shapes = tables->n_cpus = tables->n_tasks = 0;
	tables->n_hooks = tables->n_stacks = tables->n_opens = 0;
	tables->free_open = NOTHING;
	tables->time = first_time;
	memset(tables->recent, 0, sizeof(tables->recent));
}

/* Room for one more element of `size` bytes. */
static int make_room(void *array, uint32_t n, uint32_t *max, size_t size, struct error *err)
{
	uint32_t grown = *max ? *max * 2 : 64;
	void *old, *new;

	if (n < *max)
		return 0;
	memcpy(&old, array, sizeof(old));
	new = realloc(old, grown * size);
	if (!new)
		return error_no_memory(err);
	memcpy(array, &new, sizeof(new));
	*max = grown;
	return 0;
}

/* A record of the shape passes record_parse() whatever its columns say. */
static int check_shape(const struct kmn_header *header, struct error *err)
{
	uint64_t words[KMN_MAX_RECORD / 8] = {0};
	struct record_view view;
	struct kmn_header *whole = (struct kmn_header *)words;
	size_t fetched = header->n_fetches * sizeof(struct kmn_fetched);

	*whole = *header;
	whole->length = (uint16_t)((header->length + fetched + 7) & ~(size_t)7);
	return record_parse(words, sizeof(words), &view, err) < 0 ? -1 : 0;
}

int column_add_shape(struct column_tables *tables, const struct kmn_header *like, struct error *err)
{
	struct kmn_header header = {
		.kind = like->kind,
		.context = like->context,
		.flags = like->flags,
		.n_args = like->n_args,
		.n_fetches = like->n_fetches,
	};

	/* Also keeps the length within the record that check_shape() makes. */
	if (like->flags & KMN_STACK_INLINE || like->n_args > KMN_MAX_ARGS ||
	    like->n_fetches > KMN_MAX_FETCHES)
		return error_set(err, "a shape has flags 0x%x, %u arguments and %u fetched data",
				 like->flags, like->n_args, like->n_fetches);
	header.length = (uint16_t)(sizeof(header) + like->n_args * sizeof(uint64_t));
	if (like->kind == KMN_RETURN)
		header.length += (uint16_t)sizeof(struct kmn_return);
	if (like->flags & KMN_HAS_STACK)
		header.length += (uint16_t)sizeof(struct kmn_stack);
	if (check_shape(&header, err) ||
	    make_room(&tables->shapes, tables->n_shapes, &tables->max_shapes,
		      sizeof(*tables->shapes), err))
		return -1;
	tables->shapes[tables->n_shapes++].header = header;
	return 0;
}

int column_add_cpu(struct column_tables *tables, uint16_t cpu, struct error *err)
{
	if (make_room(&tables->cpus, tables->n_cpus, &tables->max_cpus, sizeof(*tables->cpus), err))
		return -1;
	tables->cpus[tables->n_cpus++] = (struct column_cpu){.cpu = cpu, .task = NOTHING};
	return 0;
}

int column_add_task(struct column_tables *tables, const struct column_task *task, struct error *err)
{
	if (make_room(&tables->tasks, tables->n_tasks, &tables->max_tasks, sizeof(*tables->tasks),
		      err))
		return -1;
	tables->tasks[tables->n_tasks] = *task;
	tables->tasks[tables->n_tasks++].open = NOTHING;
	return 0;
}

int column_add_hook(struct column_tables *tables, uint32_t id, struct error *err)
{
	if (make_room(&tables->hooks, tables->n_hooks, &tables->max_hooks, sizeof(*tables->hooks),
		      err))
		return -1;
	tables->hooks[tables->n_hooks++] = (struct column_hook){.id = id, .stack = NOTHING};
	return 0;
}

int column_add_stack(struct column_tables *tables, const struct kmn_stack *stack, struct error *err)
{
	if (make_room(&tables->stacks, tables->n_stacks, &tables->max_stacks,
		      sizeof(*tables->stacks), err))
		return -1;
	tables->stacks[tables->n_stacks++] = *stack;
	return 0;
}

int column_open(struct column_tables *tables, struct column_task *task,
		const struct column_open *open, struct error *err)
{
	uint32_t which = tables->free_open;

	if (which != NOTHING) {
		tables->free_open = tables->opens[which].below;
	} else {
		if (make_room(&tables->opens, tables->n_opens, &tables->max_opens,
			      sizeof(*tables->opens), err))
			return -1;
		which = tables->n_opens++;
	}
	tables->opens[which] = *open;
	tables->opens[which].below = task->open;
	task->open = which;
	return 0;
}

void column_close(struct column_tables *tables, struct column_task *task, uint32_t which)
{
	uint32_t below = tables->opens[which].below;

	tables->opens[which].below = tables->free_open;
	tables->free_open = task->open;
	task->open = below;
}
