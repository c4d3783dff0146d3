/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls nested as they were. Each thread has a tree of the calls under way and of those that were
 * made in them; it is handed out when its outermost call has ended. A call from an interrupt is
 * made in what the interrupt came upon, so it stands in that thread's tree, marked by its context;
 * the idle threads, which all have the number 0, are told apart by their processor.
 *
 * Memory is bounded: a tree that grows too large is handed out in pieces, of which all but the last
 * are `cut`.
 */
#ifndef VIEW_CALL_TREE_H
#define VIEW_CALL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/catalog.h"
#include "model/record.h"

/* Nodes of one tree, and of all of them together, that are kept at a time. */
#define CALL_TREE_NODES 10000
#define CALL_TREES_NODES 200000
/* No kernel stack has room for more calls than this: their returns don't come. */
#define CALL_TREE_DEPTH 512

enum node_state {
	NODE_RUNNING,
	NODE_RETURNED,
	NODE_ENTRY_ONLY,   /* its return is not hooked: when it ended is not known */
	NODE_NOT_RETURNED, /* it has ended, or the recording has, but its return was not seen */
	NODE_NO_ENTRY,	   /* only its return was seen */
	NODE_NOTE,	   /* no call: records lost there */
};

struct tree_node {
	enum node_state state;
	unsigned depth;	       /* calls that it was made in */
	bool shown;	       /* in an earlier piece of the tree already */
	uint64_t inner;	       /* ns that the calls in it took, as far as it is known */
	struct kmn_return ret; /* RETURNED only */
	uint16_t ret_flags;    /* the return's enum kmn_flag */
	uint64_t record[];     /* the entry; with NO_ENTRY and NOTE what there is instead */
};

struct call_tree {
	struct tree_node **nodes; /* each before those in it */
	size_t n_nodes, capacity;
	bool cut; /* there is more to come */
	/* Those under way, outermost first, by their place among the nodes. */
	size_t *open;
	size_t n_open, open_capacity;
	uint64_t thread;
	uint16_t cpu; /* where its last record was written */
	struct call_tree *chain;
};

#define CALL_TREES_BUCKETS 1024

struct call_trees {
	const struct catalog *catalog;
	struct call_tree *buckets[CALL_TREES_BUCKETS];
	size_t n_nodes; /* of all trees */
	int (*take)(void *context, const struct call_tree *tree, struct error *err);
	void *context;
};

void call_trees_init(struct call_trees *trees, const struct catalog *catalog,
		     int (*take)(void *context, const struct call_tree *tree, struct error *err),
		     void *context);
void call_trees_fini(struct call_trees *trees);
/* Entries, returns, allocations and frees. */
int call_trees_add(struct call_trees *trees, const struct record_view *record, struct error *err);
/*
 * A loss stands in the tree of every thread that was last seen on its processor, or by itself if
 * there is none.
 */
int call_trees_add_loss(struct call_trees *trees, const struct record_view *record,
			struct error *err);
/* Hand out what is there; calls under way get no return any more. */
int call_trees_end(struct call_trees *trees, struct error *err);

/* The record that a node was made of. */
void tree_node_record(const struct tree_node *node, struct record_view *record);
/* Duration, ns, and what of it was not spent in hooked calls below; false if not known. */
bool tree_node_duration(const struct tree_node *node, uint64_t *duration, uint64_t *self);

#endif
