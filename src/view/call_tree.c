/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/call_tree.h"

#include <stdlib.h>
#include <string.h>

#include "view/stack.h"

/* How far back the call is looked for that a return belongs to after all. */
#define LOOK_BACK 64

/* Above all thread numbers, which have 32 bits. */
#define IDLE_THREAD ((uint64_t)1 << 32)

void call_trees_init(struct call_trees *trees, const struct catalog *catalog,
		     int (*take)(void *context, const struct call_tree *tree, struct error *err),
		     void *context)
{
	*trees = (struct call_trees){.catalog = catalog, .take = take, .context = context};
}

static void tree_destroy(struct call_trees *trees, struct call_tree *tree)
{
	for (size_t i = 0; i < tree->n_nodes; i++)
		free(tree->nodes[i]);
	trees->n_nodes -= tree->n_nodes;
	free(tree->nodes);
	free(tree->open);
	free(tree);
}

void call_trees_fini(struct call_trees *trees)
{
	for (size_t i = 0; i < CALL_TREES_BUCKETS; i++) {
		while (trees->buckets[i]) {
			struct call_tree *tree = trees->buckets[i];

			trees->buckets[i] = tree->chain;
			tree_destroy(trees, tree);
		}
	}
}

void tree_node_record(const struct tree_node *node, struct record_view *record)
{
	const struct kmn_header *header = (const struct kmn_header *)node->record;

	/* It was whole when it was copied. */
	record_parse(header, header->length, record, NULL);
}

static uint64_t own_time(uint64_t duration, uint64_t inner)
{
	return inner < duration ? duration - inner : 0;
}

bool tree_node_duration(const struct tree_node *node, uint64_t *duration, uint64_t *self)
{
	struct record_view record;

	if (node->state == NODE_RETURNED && !(node->ret_flags & KMN_UNPAIRED)) {
		*duration = node->ret.duration;
		*self = own_time(*duration, node->inner);
		return true;
	}
	if (node->state != NODE_NO_ENTRY)
		return false;
	tree_node_record(node, &record);
	if (record.header->flags & KMN_UNPAIRED)
		return false;
	/* Which calls were made in it can't be told without its entry. */
	*duration = *self = record.ret->duration;
	return true;
}

static uint64_t thread_of(const struct kmn_header *header)
{
	return header->tid ? header->tid : IDLE_THREAD + header->cpu;
}

static struct call_tree **tree_link(struct call_trees *trees, uint64_t thread)
{
	struct call_tree **link = &trees->buckets[thread % CALL_TREES_BUCKETS];

	while (*link && (*link)->thread != thread)
		link = &(*link)->chain;
	return link;
}

static struct tree_node *node_create(const struct kmn_header *header, enum node_state state)
{
	struct tree_node *node = calloc(1, sizeof(*node) + header->length);

	if (!node)
		return NULL;
	memcpy(node->record, header, header->length);
	node->state = state;
	return node;
}

static int add_node(struct call_trees *trees, struct call_tree *tree,
		    const struct kmn_header *header, enum node_state state, struct error *err)
{
	struct tree_node *node;

	if (tree->n_nodes == tree->capacity) {
		size_t capacity = tree->capacity ? tree->capacity * 2 : 16;
		struct tree_node **nodes = realloc(tree->nodes, capacity * sizeof(*nodes));

		if (!nodes)
			return error_no_memory(err);
		tree->nodes = nodes;
		tree->capacity = capacity;
	}
	node = node_create(header, state);
	if (!node)
		return error_no_memory(err);
	node->depth = (unsigned)tree->n_open;
	tree->nodes[tree->n_nodes++] = node;
	trees->n_nodes++;
	return 0;
}

static int open_node(struct call_tree *tree, size_t index, struct error *err)
{
	if (tree->n_open == tree->open_capacity) {
		size_t capacity = tree->open_capacity ? tree->open_capacity * 2 : 16;
		size_t *open = realloc(tree->open, capacity * sizeof(*open));

		if (!open)
			return error_no_memory(err);
		tree->open = open;
		tree->open_capacity = capacity;
	}
	tree->open[tree->n_open++] = index;
	return 0;
}

static struct tree_node *innermost(const struct call_tree *tree)
{
	return tree->nodes[tree->open[tree->n_open - 1]];
}

/* Hand it out whole. */
static int finish(struct call_trees *trees, struct call_tree **link, struct error *err)
{
	struct call_tree *tree = *link;
	int code;

	while (tree->n_open > 0) {
		innermost(tree)->state = NODE_NOT_RETURNED;
		tree->n_open--;
	}
	*link = tree->chain;
	tree->cut = false;
	code = trees->take(trees->context, tree, err);
	tree_destroy(trees, tree);
	return code;
}

/* Hand out what there is and keep only the calls under way. */
static int cut(struct call_trees *trees, struct call_tree *tree, struct error *err)
{
	size_t kept = 0;

	tree->cut = true;
	if (trees->take(trees->context, tree, err))
		return -1;
	for (size_t i = 0; i < tree->n_nodes; i++) {
		if (kept < tree->n_open && tree->open[kept] == i) {
			tree->nodes[i]->shown = true;
			tree->nodes[kept] = tree->nodes[i];
			tree->open[kept] = kept;
			kept++;
		} else {
			free(tree->nodes[i]);
			trees->n_nodes--;
		}
	}
	tree->n_nodes = kept;
	return 0;
}

/*
 * All trees together are too large. If it is the calls under way that fill them, these are calls
 * whose returns don't come.
 */
static int cut_all(struct call_trees *trees, struct error *err)
{
	for (size_t i = 0; i < CALL_TREES_BUCKETS; i++) {
		struct call_tree **link = &trees->buckets[i];

		while (*link) {
			if ((*link)->n_open * 2 > (*link)->n_nodes) {
				if (finish(trees, link, err))
					return -1;
				continue;
			}
			if (cut(trees, *link, err))
				return -1;
			link = &(*link)->chain;
		}
	}
	return 0;
}

static int keep_bounds(struct call_trees *trees, struct call_tree **link, struct error *err)
{
	struct call_tree *tree = *link;

	if (tree->n_open >= CALL_TREE_DEPTH)
		return finish(trees, link, err);
	if (tree->n_nodes >= CALL_TREE_NODES)
		return cut(trees, tree, err);
	return trees->n_nodes >= CALL_TREES_NODES ? cut_all(trees, err) : 0;
}

/* A record that stands in no tree. */
static int alone(struct call_trees *trees, const struct kmn_header *header, enum node_state state,
		 struct error *err)
{
	struct tree_node *node = node_create(header, state);
	struct call_tree tree = {.nodes = &node, .n_nodes = 1};
	int code;

	if (!node)
		return error_no_memory(err);
	code = trees->take(trees->context, &tree, err);
	free(node);
	return code;
}

/*
 * Did the call of `outer` end before the one of `inner` was made, though its return was not seen?
 * A call that is still under way has its frames on the stack. False when the stacks can't tell.
 */
static bool ended_before(const struct call_trees *trees, const struct tree_node *outer,
			 const struct record_view *inner)
{
	struct stack before = {0}, now = {0};
	struct record_view record;
	size_t above;

	tree_node_record(outer, &record);
	if (record.header->context != inner->header->context ||
	    !stack_of_record(trees->catalog, &record, &before) ||
	    !stack_of_record(trees->catalog, inner, &now) || !before.n_frames || !now.n_frames ||
	    (before.flags | now.flags) & KMN_STACK_TRUNCATED)
		return false;
	if (now.n_frames < before.n_frames)
		return true;
	above = before.n_frames - 1u;
	if (memcmp(before.frames + 1, now.frames + now.n_frames - above,
		   above * sizeof(*before.frames)) != 0)
		return true;
	/* As deep as it and from the same place: called again, or jumped to by it as a tail call.
	 */
	return now.n_frames == before.n_frames && before.frames[0] == now.frames[0];
}

static int start_tree(struct call_trees *trees, struct call_tree **link,
		      const struct kmn_header *header, struct error *err)
{
	*link = calloc(1, sizeof(**link));
	if (!*link)
		return error_no_memory(err);
	(*link)->thread = thread_of(header);
	return 0;
}

static int add_entry(struct call_trees *trees, const struct record_view *record, struct error *err)
{
	const struct kmn_header *header = record->header;
	const struct api *api = api_table_find(&trees->catalog->apis, header->hook);
	bool returns = header->kind == KMN_ENTRY && api && api->returns_hooked;
	struct call_tree **link = tree_link(trees, thread_of(header));

	while (*link && (*link)->n_open && ended_before(trees, innermost(*link), record)) {
		innermost(*link)->state = NODE_NOT_RETURNED;
		(*link)->n_open--;
	}
	if (*link && !(*link)->n_open) {
		if (finish(trees, link, err))
			return -1;
		link = tree_link(trees, thread_of(header));
	}
	if (!*link && !returns)
		return alone(trees, header, NODE_ENTRY_ONLY, err);
	if (!*link && start_tree(trees, link, header, err))
		return -1;
	(*link)->cpu = header->cpu;
	if (add_node(trees, *link, header, returns ? NODE_RUNNING : NODE_ENTRY_ONLY, err))
		return -1;
	if (returns && open_node(*link, (*link)->n_nodes - 1, err))
		return -1;
	return keep_bounds(trees, link, err);
}

static bool is_entry_of(const struct tree_node *node, const struct kmn_return *ret)
{
	const struct kmn_header *entry = (const struct kmn_header *)node->record;

	return entry->cpu == ret->entry_cpu && entry->sequence == ret->entry_sequence &&
	       (node->state == NODE_RUNNING || node->state == NODE_NOT_RETURNED);
}

static void set_returned(struct tree_node *node, const struct record_view *ret)
{
	node->state = NODE_RETURNED;
	node->ret = *ret->ret;
	node->ret_flags = ret->header->flags;
}

/* A return whose entry is not under way in this tree. */
static int add_stray_return(struct call_trees *trees, struct call_tree **link,
			    const struct record_view *ret, struct error *err)
{
	struct call_tree *tree = *link;

	if (!tree)
		return alone(trees, ret->header, NODE_NO_ENTRY, err);
	/* The stacks were taken to say that it had ended; they were wrong. */
	for (size_t i = tree->n_nodes; i-- > 0 && tree->n_nodes - i <= LOOK_BACK;) {
		if (!(ret->header->flags & KMN_UNPAIRED) && is_entry_of(tree->nodes[i], ret->ret)) {
			set_returned(tree->nodes[i], ret);
			return 0;
		}
	}
	if (add_node(trees, tree, ret->header, NODE_NO_ENTRY, err))
		return -1;
	return keep_bounds(trees, link, err);
}

static int add_return(struct call_trees *trees, const struct record_view *ret, struct error *err)
{
	struct call_tree **link = tree_link(trees, thread_of(ret->header));
	struct call_tree *tree = *link;
	size_t at = tree ? tree->n_open : 0;

	if (tree)
		tree->cpu = ret->header->cpu;
	while (at > 0 && (ret->header->flags & KMN_UNPAIRED ||
			  !is_entry_of(tree->nodes[tree->open[at - 1]], ret->ret)))
		at--;
	if (!at)
		return add_stray_return(trees, link, ret, err);
	/* What is still open in it has ended too. */
	for (; tree->n_open > at; tree->n_open--)
		innermost(tree)->state = NODE_NOT_RETURNED;
	set_returned(innermost(tree), ret);
	tree->n_open--;
	if (!tree->n_open)
		return finish(trees, link, err);
	innermost(tree)->inner += ret->ret->duration;
	return 0;
}

int call_trees_add(struct call_trees *trees, const struct record_view *record, struct error *err)
{
	if (record->header->kind == KMN_RETURN)
		return add_return(trees, record, err);
	return add_entry(trees, record, err);
}

int call_trees_add_loss(struct call_trees *trees, const struct record_view *record,
			struct error *err)
{
	bool placed = false;

	for (size_t i = 0; i < CALL_TREES_BUCKETS; i++) {
		for (struct call_tree *tree = trees->buckets[i]; tree; tree = tree->chain) {
			if (tree->cpu != record->header->cpu)
				continue;
			if (add_node(trees, tree, record->header, NODE_NOTE, err))
				return -1;
			placed = true;
		}
	}
	if (!placed)
		return alone(trees, record->header, NODE_NOTE, err);
	return trees->n_nodes >= CALL_TREES_NODES ? cut_all(trees, err) : 0;
}

static int by_start(const void *left, const void *right)
{
	const struct call_tree *a = *(const struct call_tree *const *)left;
	const struct call_tree *b = *(const struct call_tree *const *)right;
	uint64_t first = ((const struct kmn_header *)a->nodes[0]->record)->time;
	uint64_t second = ((const struct kmn_header *)b->nodes[0]->record)->time;

	return first < second ? -1 : first > second;
}

int call_trees_end(struct call_trees *trees, struct error *err)
{
	struct call_tree **all;
	size_t n = 0;
	int code = 0;

	for (size_t i = 0; i < CALL_TREES_BUCKETS; i++)
		for (struct call_tree *tree = trees->buckets[i]; tree; tree = tree->chain)
			n++;
	all = calloc(n + 1, sizeof(*all));
	if (!all)
		return error_no_memory(err);
	n = 0;
	for (size_t i = 0; i < CALL_TREES_BUCKETS; i++)
		for (struct call_tree *tree = trees->buckets[i]; tree; tree = tree->chain)
			all[n++] = tree;
	qsort(all, n, sizeof(struct call_tree *), by_start);
	for (size_t i = 0; i < n && !code; i++)
		code = finish(trees, tree_link(trees, all[i]->thread), err);
	free(all);
	return code;
}
