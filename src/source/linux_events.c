/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measured on 6.1 under emulation, 1,000 functions, seconds: perf kprobes one by one 26 to attach
 * and 114 to detach; one event for all of them 13 and 20, which are ftrace's, since it walks all
 * its records for every probe: so the probes stand behind ftrace's nop where that is as good
 * (linux_prologue.h). The removal of a definition waits for a grace period per probe (18 s of the
 * detaching), unless those are expedited (0.05 s).
 */
#include "source/linux_events.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/event_map.h"
#include "source/linux_engine.h"
#include "source/linux_guard.h"
#include "source/linux_tracefs.h"

#include "kapimon.skel.h"

/* trace_parse_run_command() takes 4,095 bytes of a write at a time, and only whole lines. */
#define LINES_AT_ONCE 4000

/* An event of ours with its probes, in the order they were defined in. */
struct probe_event {
	char name[48];
	enum point point;
	int event_fd, link_fd;
	struct program **programs; /* as kprobe_profile lists them */
	size_t n;
};

struct events {
	struct guard *guard;
	int definitions;
	char group[32];
	struct probe_event *list;
	size_t n, capacity;
	size_t counted; /* while reading kprobe_profile: probes seen of the current event */
	size_t current;
};

bool events_possible(void)
{
	return tracefs_root() != NULL;
}

static int events_start(struct engine *engine, struct error *err)
{
	struct events *events;

	if (engine->events)
		return 0;
	events = calloc(1, sizeof(*events));
	if (!events)
		return error_no_memory(err);
	snprintf(events->group, sizeof(events->group), TRACEFS_GROUP "%d", (int)getpid());
	tracefs_remove_stale();
	events->definitions = tracefs_open_definitions(err);
	if (events->definitions < 0) {
		free(events);
		return -1;
	}
	/* A process of this number that was killed together with its guard. */
	tracefs_remove_group(events->group);
	if (guard_start(events->group, &events->guard, err)) {
		close(events->definitions);
		free(events);
		return -1;
	}
	engine->events = events;
	return 0;
}

static struct probe_event *event_add(struct events *events, enum point point, size_t n_probes,
				     struct error *err)
{
	struct probe_event *event;

	if (events->n == events->capacity) {
		size_t capacity = events->capacity ? events->capacity * 2 : 16;
		struct probe_event *list = realloc(events->list, capacity * sizeof(*list));

		if (!list) {
			error_no_memory(err);
			return NULL;
		}
		events->list = list;
		events->capacity = capacity;
	}
	event = &events->list[events->n];
	*event = (struct probe_event){.point = point, .event_fd = -1, .link_fd = -1};
	event->programs = calloc(n_probes, sizeof(*event->programs));
	if (!event->programs) {
		error_no_memory(err);
		return NULL;
	}
	/* kprobe_profile shows no groups: the name must not be anybody else's. */
	snprintf(event->name, sizeof(event->name), "kapimon_%d_%zu", (int)getpid(), events->n);
	events->n++;
	return event;
}

/* Let the program run at the event's probes. The kernel arms the probes here. */
static int event_enable(struct engine *engine, struct probe_event *event, uint64_t cookie,
			struct error *err)
{
	const struct bpf_program *program = event->point == POINT_ENTRY
						    ? engine->object->progs.entry_kprobe
						    : engine->object->progs.return_kprobe;
	long id = tracefs_event_id(engine->events->group, event->name);
	struct perf_event_attr attr = {.size = sizeof(attr), .type = PERF_TYPE_TRACEPOINT};
	LIBBPF_OPTS(bpf_link_create_opts, options, .perf_event.bpf_cookie = cookie);

	if (id < 0)
		return error_set(err, "the kprobe event %s has no number: %s", event->name,
				 strerror((int)-id));
	attr.config = (uint64_t)id;
	event->event_fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (event->event_fd < 0)
		return error_set(err, "can't enable the kprobe event %s: %s", event->name,
				 strerror(errno));
	event->link_fd = bpf_link_create(bpf_program__fd(program), event->event_fd, BPF_PERF_EVENT,
					 &options);
	if (event->link_fd < 0) {
		error_set(err, "no program on the kprobe event %s: %s", event->name,
			  strerror(-event->link_fd));
		close(event->event_fd);
		event->event_fd = -1;
		return -1;
	}
	return 0;
}

static void event_disable(struct probe_event *event)
{
	if (event->link_fd >= 0)
		close(event->link_fd);
	if (event->event_fd >= 0)
		close(event->event_fd);
	event->link_fd = event->event_fd = -1;
}

static const char *refusal(int code)
{
	switch (-code) {
	case EINVAL:
	case EILSEQ:
	case EADDRNOTAVAIL:
		return "the kernel keeps kprobes away from it";
	case ENOENT:
		return "its module is loaded and has no such function (any more)";
	default:
		return strerror(-code);
	}
}

static uint64_t probe_address(const struct hook *hook, enum point point)
{
	return hook->function.address + (point == POINT_ENTRY ? hook->place.offset : 0);
}

/*
 * The argument is never read: the program sees to it that the kernel writes no record. It makes
 * the probes different, since of those defined by address alone the kernel takes the second for a
 * copy of the first (trace_kprobe_has_same_kprobe()).
 */
static int probe_line(const struct events *events, const struct probe_event *event,
		      const struct hook *hook, size_t number, char *line, size_t size)
{
	return snprintf(line, size, "%c:%s/%s 0x%" PRIx64 " n=\\%zu\n",
			event->point == POINT_ENTRY ? 'p' : 'r', events->group, event->name,
			probe_address(hook, event->point), number);
}

/* The probes from `from` on that fit into one write. Returns the first that did not. */
static size_t define_some(struct events *events, struct probe_event *event, struct hook **hooks,
			  size_t from, size_t n, int *codes)
{
	char lines[LINES_AT_ONCE] = "", line[160];
	size_t length = 0, to = from;

	for (; to < n; to++) {
		int each = probe_line(events, event, hooks[to], to, line, sizeof(line));

		if (length + (size_t)each > sizeof(lines))
			break;
		memcpy(lines + length, line, (size_t)each);
		length += (size_t)each;
		codes[to] = 0;
	}
	if (!tracefs_define(events->definitions, lines, length))
		return to;
	/* One of them was refused: those before it are there already. */
	for (size_t i = from; i < to; i++) {
		int each = probe_line(events, event, hooks[i], i, line, sizeof(line));

		codes[i] = tracefs_define(events->definitions, line, (size_t)each);
		if (codes[i] == -EEXIST)
			codes[i] = 0;
		if (codes[i] && event->point == POINT_ENTRY && hooks[i]->place.offset) {
			hooks[i]->place = (struct probe_place){0};
			each = probe_line(events, event, hooks[i], i, line, sizeof(line));
			codes[i] = tracefs_define(events->definitions, line, (size_t)each);
		}
	}
	return to;
}

static void hook_refuse(struct hook *hook, const char *why)
{
	if (!hook->refused[0])
		snprintf(hook->refused, sizeof(hook->refused), "%s", why);
	hook->api->method = METHOD_NONE;
}

/* Define a probe for each hook whose method is still METHOD_KPROBE_EVENT. */
static struct probe_event *define_many(struct engine *engine, struct hook **hooks, size_t n,
				       enum point point, struct error *err)
{
	struct events *events = engine->events;
	struct probe_event *event = event_add(events, point, n, err);
	struct hook **todo = calloc(n, sizeof(*todo));
	int *codes = calloc(n, sizeof(*codes));
	size_t n_todo = 0;

	if (event && (!todo || !codes)) {
		error_no_memory(err);
		event = NULL;
	}
	if (!event) {
		free(todo);
		free(codes);
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		if (hooks[i]->api->method == METHOD_KPROBE_EVENT &&
		    (point == POINT_ENTRY || hooks[i]->returns))
			todo[n_todo++] = hooks[i];
	}
	for (size_t next = 0; next < n_todo;)
		next = define_some(events, event, todo, next, n_todo, codes);
	for (size_t i = 0; i < n_todo; i++) {
		if (codes[i])
			hook_refuse(todo[i], refusal(codes[i]));
		else
			event->programs[event->n++] = &todo[i]->programs[point][0];
	}
	free(todo);
	free(codes);
	return event;
}

static uint64_t hook_cookie(const struct hook *hook, enum point point)
{
	return hook->api->id | (uint64_t)hook->programs[point][0].slot << 32;
}

/* Tell the programs which hook the probe belongs to. */
static int probe_publish(struct engine *engine, const struct hook *hook, struct error *err)
{
	uint64_t address = probe_address(hook, POINT_ENTRY);
	struct kmn_probe probe = {.entry_cookie = hook_cookie(hook, POINT_ENTRY),
				  .return_cookie = hook->returns ? hook_cookie(hook, POINT_RETURN)
								 : KMN_NO_COOKIE,
				  .function = hook->function.address,
				  .pushed = hook->place.pushed};

	if (bpf_map_update_elem(bpf_map__fd(engine->object->maps.probes), &address, &probe,
				BPF_ANY))
		return error_set(err, "can't tell the programs where %s is: %s", hook->name,
				 strerror(errno));
	return 0;
}

int events_attach_many(struct engine *engine, struct hook **hooks, size_t n, struct error *err)
{
	struct probe_event *entries, *returns = NULL;
	size_t first, n_attached = 0, n_returning = 0;
	int code = 0;

	if (events_start(engine, err))
		return -1;
	first = engine->events->n;
	for (size_t i = 0; i < n; i++) {
		hooks[i]->api->method = METHOD_KPROBE_EVENT;
		n_returning += hooks[i]->returns;
	}
	places_find(engine, hooks, n);
	guard_hurry(engine->events->guard, true);
	entries = define_many(engine, hooks, n, POINT_ENTRY, err);
	if (entries && n_returning)
		returns = define_many(engine, hooks, n, POINT_RETURN, err);
	if (!entries || (n_returning && !returns))
		code = -1;
	for (size_t i = 0; !code && i < n; i++) {
		if (hooks[i]->api->method != METHOD_KPROBE_EVENT)
			continue;
		code = probe_publish(engine, hooks[i], err);
		n_attached++;
	}
	if (!code && !n_attached) {
		code = -1;
		error_set(err, "no kprobe on %s: %s", hooks[0]->name, hooks[0]->refused);
		error_hint(err, "\"kapimon list --why %s\" tells more", hooks[0]->name);
	}
	/*
	 * Returns first: an entry must not be there before somebody waits for its return. Adding
	 * the second event may have moved the first.
	 */
	for (size_t i = engine->events->n; !code && i-- > first;) {
		struct probe_event *event = &engine->events->list[i];

		if (event->n)
			code = event_enable(engine, event, KMN_COOKIE_BY_ADDRESS, err);
	}
	guard_hurry(engine->events->guard, false);
	for (size_t i = 0; code && i < n; i++)
		hooks[i]->api->method = METHOD_NONE;
	return code;
}

static int attach_named_point(struct engine *engine, struct hook *hook, enum point point,
			      struct error *err)
{
	struct events *events = engine->events;
	struct probe_event *event = event_add(events, point, 1, err);
	char line[256];
	int length, code;

	if (!event)
		return -1;
	length = snprintf(line, sizeof(line), "%c:%s/%s %s:%s\n", point == POINT_ENTRY ? 'p' : 'r',
			  events->group, event->name, hook->module, hook->name);
	if ((size_t)length >= sizeof(line))
		return error_set(err, "the name of %s is too long for a kprobe event", hook->name);
	code = tracefs_define(events->definitions, line, (size_t)length);
	if (code)
		return error_set(err, "no kprobe on %s:%s: %s", hook->module, hook->name,
				 refusal(code));
	event->programs[event->n++] = &hook->programs[point][0];
	return event_enable(engine, event, hook_cookie(hook, point), err);
}

/* A return without its entry is of no use. */
static void named_undo(struct engine *engine, const struct hook *hook)
{
	for (size_t i = 0; i < engine->events->n; i++) {
		struct probe_event *event = &engine->events->list[i];

		if (event->n == 1 && event->programs[0] == &hook->programs[POINT_RETURN][0])
			event_disable(event);
	}
}

int events_attach_named(struct engine *engine, struct hook *hook, struct error *err)
{
	int code;

	if (events_start(engine, err))
		return -1;
	guard_hurry(engine->events->guard, true);
	code = hook->returns ? attach_named_point(engine, hook, POINT_RETURN, err) : 0;
	if (!code && attach_named_point(engine, hook, POINT_ENTRY, err)) {
		code = -1;
		named_undo(engine, hook);
	}
	guard_hurry(engine->events->guard, false);
	if (!code)
		hook->api->method = METHOD_KPROBE_EVENT;
	return code;
}

/* Lines come in the order of definition, as the events do; other people's are between them. */
static void count_line(void *context, const char *name, uint64_t hits, uint64_t misses)
{
	struct events *events = context;

	for (size_t i = events->current; i < events->n; i++) {
		struct probe_event *event = &events->list[i];

		if (strcmp(event->name, name) != 0)
			continue;
		if (i != events->current) {
			events->current = i;
			events->counted = 0;
		}
		if (events->counted < event->n)
			event->programs[events->counted++]->fired = hits + misses;
		return;
	}
}

void events_count(struct engine *engine)
{
	if (!engine->events)
		return;
	engine->events->current = engine->events->counted = 0;
	tracefs_profile(count_line, engine->events, NULL);
}

void events_detach(struct engine *engine)
{
	struct events *events = engine->events;

	if (!events)
		return;
	guard_hurry(events->guard, true);
	for (size_t i = 0; i < events->n; i++) {
		event_disable(&events->list[i]);
		free(events->list[i].programs);
	}
	tracefs_remove_group(events->group);
	close(events->definitions);
	/* What is left, if anything, is the guard's. */
	guard_stop(events->guard);
	free(events->list);
	free(events);
	engine->events = NULL;
}
