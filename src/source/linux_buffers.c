/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The per-CPU kernel buffers: made, replaced by others of another size, read. */
#include "source/linux_engine.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "kapimon.skel.h"
#include "model/record.h"
#include "source/merge.h"

/* How late a record may come: its time is taken first, its way into the buffer can be interrupted.
 */
#define WINDOW_NS 20000000

/* How long the frames of a stack are waited for, and of how many stacks. */
#define NAMELESS_NS 1000000000
#define NAMELESS_AT_MOST 256

/* A stack that records name and whose frames have not come yet. */
struct nameless {
	uint64_t hash;
	uint64_t time; /* of the first of these records */
	uint64_t until;
};

struct buffers {
	struct engine *engine;
	struct merge *merge;
	uint64_t bytes;
	uint64_t taken;		    /* bytes of records */
	int *map_fds;		    /* one per processor */
	struct ring_buffer **rings; /* the same, being read */
	int epoll_fd;
	uint64_t polled; /* ns: what is older was read, but for what the window is for */
	struct nameless nameless[NAMELESS_AT_MOST];
	unsigned n_nameless;
	struct error *err; /* of the poll that is going on */
};

static void wait_for_stack(struct buffers *buffers, uint64_t hash, uint64_t time)
{
	unsigned i = 0;

	while (i < buffers->n_nameless && buffers->nameless[i].hash != hash)
		i++;
	if (i == NAMELESS_AT_MOST)
		return;
	if (i == buffers->n_nameless) {
		buffers->nameless[i] = (struct nameless){
			.hash = hash, .time = time, .until = monotonic_ns() + NAMELESS_NS};
		buffers->n_nameless++;
	} else if (time < buffers->nameless[i].time) {
		buffers->nameless[i].time = time;
	}
}

/*
 * A record's time is taken long before it is in the buffer. So of two with the same new stack, the
 * one that comes later and only names it may be the older one: stacks are learned as they come, not
 * in the order of time, and a record whose stack is not known yet waits for it.
 */
static int take_stack(struct buffers *buffers, const struct record_view *view)
{
	struct stack_table *stacks = buffers->engine->catalog.stacks;
	struct stack stack = {.hash = view->stack->hash,
			      .modules = view->stack->modules,
			      .flags = view->header->flags &
				       (KMN_STACK_TRUNCATED | KMN_STACK_CALLER_SP),
			      .n_frames = view->header->n_frames,
			      .frames = view->frames};
	bool added;

	if (view->frames)
		return stack_table_add(stacks, &stack, &added, buffers->err);
	if (!stack_table_find(stacks, stack.hash))
		wait_for_stack(buffers, stack.hash, view->header->time);
	return 0;
}

static int take_record(void *context, void *data, size_t size)
{
	struct buffers *buffers = context;
	struct record_view view;

	if (record_parse(data, size, &view, buffers->err) < 0)
		return -EPROTO;
	buffers->taken += size;
	if (view.stack && take_stack(buffers, &view))
		return -ENOMEM;
	if (merge_add(buffers->merge, view.header, buffers->err))
		return -ENOMEM;
	return 0;
}

/* The kernel wants a power of two that is a multiple of the page size. */
static uint32_t round_size(uint64_t bytes)
{
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE);

	while (size < bytes && size < 1u << 30)
		size *= 2;
	return (uint32_t)size;
}

static int ring_open(struct buffers *buffers, uint32_t size, int *map_fd, struct ring_buffer **ring,
		     struct error *err)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "kmn_buffer", 0, 0, size, NULL);

	if (fd < 0) {
		error_set(err, "the kernel has no %u bytes for the buffer of a processor: %s", size,
			  strerror(-fd));
		return error_hint(err, "ask for less with --buffer");
	}
	*ring = ring_buffer__new(fd, take_record, buffers, NULL);
	if (!*ring) {
		close(fd);
		return error_set(err, "can't map the buffer of a processor: %s", strerror(errno));
	}
	*map_fd = fd;
	return 0;
}

static int watch(struct buffers *buffers, struct ring_buffer *ring, struct error *err)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (epoll_ctl(buffers->epoll_fd, EPOLL_CTL_ADD, ring_buffer__epoll_fd(ring), &event))
		return error_set(err, "can't wait for the buffer of a processor: %s",
				 strerror(errno));
	return 0;
}

struct buffers *buffers_create(struct engine *engine, struct error *err)
{
	struct buffers *buffers = calloc(1, sizeof(*buffers));

	if (!buffers)
		goto no_memory;
	buffers->engine = engine;
	buffers->epoll_fd = -1;
	buffers->merge = merge_create(engine->n_cpus, WINDOW_NS);
	buffers->map_fds = malloc(engine->n_cpus * sizeof(int));
	buffers->rings = calloc(engine->n_cpus, sizeof(*buffers->rings));
	if (!buffers->merge || !buffers->map_fds || !buffers->rings)
		goto no_memory;
	for (unsigned cpu = 0; cpu < engine->n_cpus; cpu++)
		buffers->map_fds[cpu] = -1;
	buffers->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (buffers->epoll_fd < 0) {
		error_set(err, "can't wait for records: %s", strerror(errno));
		goto fail;
	}
	if (buffers_resize(buffers, engine->spec.buffer, err))
		goto fail;
	return buffers;
no_memory:
	error_no_memory(err);
fail:
	buffers_destroy(buffers);
	return NULL;
}

void buffers_destroy(struct buffers *buffers)
{
	if (!buffers)
		return;
	for (unsigned cpu = 0; buffers->rings && cpu < buffers->engine->n_cpus; cpu++) {
		if (buffers->rings[cpu])
			ring_buffer__free(buffers->rings[cpu]);
		if (buffers->map_fds[cpu] >= 0)
			close(buffers->map_fds[cpu]);
	}
	if (buffers->epoll_fd >= 0)
		close(buffers->epoll_fd);
	merge_destroy(buffers->merge);
	free(buffers->map_fds);
	free(buffers->rings);
	free(buffers);
}

/*
 * When the update returns, no program writes to the old buffer any more: the kernel waits for those
 * that run (map_update_elem on a map of maps, maybe_wait_bpf_programs()).
 */
static int replace(struct buffers *buffers, uint32_t cpu, uint32_t size, struct error *err)
{
	int outer = bpf_map__fd(buffers->engine->object->maps.buffers), fd, code;
	struct ring_buffer *ring;

	if (ring_open(buffers, size, &fd, &ring, err))
		return -1;
	code = bpf_map_update_elem(outer, &cpu, &fd, BPF_ANY);
	if (code || watch(buffers, ring, err)) {
		if (code)
			error_set(err, "can't put in the buffer of processor %u: %s", cpu,
				  strerror(-code));
		ring_buffer__free(ring);
		close(fd);
		return -1;
	}
	if (buffers->rings[cpu]) {
		buffers->err = err;
		if (ring_buffer__consume(buffers->rings[cpu]) < 0)
			return -1;
		ring_buffer__free(buffers->rings[cpu]);
		close(buffers->map_fds[cpu]);
	}
	buffers->rings[cpu] = ring;
	buffers->map_fds[cpu] = fd;
	return 0;
}

int buffers_resize(struct buffers *buffers, uint64_t bytes, struct error *err)
{
	uint32_t size = round_size(bytes);

	if (bytes > 1u << 30)
		return error_usage(err,
				   "a buffer of %llu bytes per processor is too large: the "
				   "kernel takes up to 1 GiB",
				   (unsigned long long)bytes);
	if (size == buffers->bytes)
		return 0;
	for (unsigned cpu = 0; cpu < buffers->engine->n_cpus; cpu++) {
		if (replace(buffers, cpu, size, err))
			return -1;
	}
	buffers->bytes = size;
	buffers->engine->object->data_config->config.wakeup = size / 4;
	return 0;
}

uint64_t buffers_size(const struct buffers *buffers)
{
	return buffers->bytes;
}

int buffers_poll(struct buffers *buffers, int timeout_ms, struct error *err)
{
	struct epoll_event events[16];

	/* Its errors are EINTR only: the records are looked at either way. */
	epoll_wait(buffers->epoll_fd, events, 16, timeout_ms);
	/* Reading one buffer to its end may take long, while another fills. */
	buffers->polled = monotonic_ns();
	buffers->err = err;
	for (unsigned cpu = 0; cpu < buffers->engine->n_cpus; cpu++) {
		if (ring_buffer__consume(buffers->rings[cpu]) < 0)
			return -1;
	}
	return 0;
}

/* The time up to which every record's stack is known, or has been waited for. */
static uint64_t named_until(struct buffers *buffers, uint64_t now)
{
	uint64_t until = UINT64_MAX;
	unsigned left = 0;

	for (unsigned i = 0; i < buffers->n_nameless; i++) {
		const struct nameless *stack = &buffers->nameless[i];

		if (stack->until < now ||
		    stack_table_find(buffers->engine->catalog.stacks, stack->hash))
			continue;
		if (stack->time < until)
			until = stack->time;
		buffers->nameless[left++] = *stack;
	}
	buffers->n_nameless = left;
	return until;
}

int buffers_release(struct buffers *buffers, bool all, const struct kmn_header *const **records,
		    size_t *n, struct error *err)
{
	uint64_t until = buffers->polled, named = named_until(buffers, monotonic_ns());

	if (until - WINDOW_NS > named)
		until = named + WINDOW_NS;
	return merge_release(buffers->merge, until, all, records, n, err);
}

uint64_t buffers_taken(const struct buffers *buffers)
{
	return buffers->taken;
}
