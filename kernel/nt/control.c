/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control.h"

static bool ends(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!text[i])
			return true;
	return false;
}

static bool start_valid(const struct trace_start *start)
{
	return start->buffer >= TRACE_MIN_BUFFER && start->buffer <= TRACE_MAX_BUFFER &&
	       !(start->buffer & (start->buffer - 1)) && start->frames <= TRACE_MAX_FRAMES &&
	       start->blocks <= TRACE_MAX_BLOCKS && !start->reserved;
}

static bool flags_valid(const struct trace_hook *hook)
{
	const uint32_t known =
		TRACE_HOOK_RETURN | TRACE_HOOK_QUIET | TRACE_HOOK_LOG | TRACE_HOOK_ERRORS;

	if (hook->flags & ~known || (hook->flags & TRACE_HOOK_LOG && !hook->role))
		return false;
	return !(hook->flags & TRACE_HOOK_ERRORS) ||
	       (hook->flags == (TRACE_HOOK_ERRORS | TRACE_HOOK_RETURN) && !hook->role);
}

/* Whether there is code at the address, only the driver can tell. */
static bool hook_valid(const struct trace_hook *hook)
{
	return hook->address && hook->address <= UINTPTR_MAX && flags_valid(hook) &&
	       hook->role < TRACE_N_ROLES &&
	       (hook->role == TRACE_ROLE_NONE || hook->flags & TRACE_HOOK_RETURN) &&
	       hook->n_args <= TRACE_MAX_ARGS && hook->name[0] && ends(hook->name, TRACE_NAME);
}

static bool filter_valid(const struct trace_filter *filter)
{
	return !filter->reserved;
}

/* Whether it is in, only the driver can tell. */
static bool remove_valid(const struct trace_remove *remove)
{
	return remove->hook < TRACE_MAX_HOOKS && !remove->reserved;
}

static enum control_result buffered(const struct control_operations *operations, void *context,
				    const struct control_request *request, size_t *written)
{
	size_t in = request->in_length, out = request->out_length;

	switch (request->code) {
	case TRACE_SYSTEM:
		if (in || out != sizeof(struct trace_system))
			return CONTROL_LENGTH;
		operations->system(context, request->buffer);
		*written = out;
		return CONTROL_DONE;
	case TRACE_START:
		if (in != sizeof(struct trace_start) || out)
			return CONTROL_LENGTH;
		return start_valid(request->buffer) ? operations->start(context, request->buffer)
						    : CONTROL_CONTENT;
	case TRACE_FILTER:
		if (in != sizeof(struct trace_filter) || out)
			return CONTROL_LENGTH;
		return filter_valid(request->buffer) ? operations->filter(context, request->buffer)
						     : CONTROL_CONTENT;
	case TRACE_HOOK: {
		struct trace_hook hook;
		struct trace_hooked hooked = {0};
		enum control_result result;

		if (in != sizeof(hook) || out != sizeof(hooked))
			return CONTROL_LENGTH;
		hook = *(const struct trace_hook *)request->buffer;
		if (!hook_valid(&hook))
			return CONTROL_CONTENT;
		result = operations->hook(context, &hook, &hooked);
		if (result == CONTROL_DONE) {
			*(struct trace_hooked *)request->buffer = hooked;
			*written = sizeof(hooked);
		}
		return result;
	}
	case TRACE_UNHOOK:
		if (in || out != sizeof(struct trace_unhooked))
			return CONTROL_LENGTH;
		operations->unhook(context, request->buffer);
		*written = out;
		return CONTROL_DONE;
	case TRACE_REMOVE: {
		struct trace_remove remove;
		struct trace_removed removed = {0};
		enum control_result result;

		if (in != sizeof(remove) || out != sizeof(removed))
			return CONTROL_LENGTH;
		remove = *(const struct trace_remove *)request->buffer;
		if (!remove_valid(&remove))
			return CONTROL_CONTENT;
		result = operations->remove(context, &remove, &removed);
		if (result == CONTROL_DONE) {
			*(struct trace_removed *)request->buffer = removed;
			*written = sizeof(removed);
		}
		return result;
	}
	}
	return CONTROL_UNKNOWN;
}

/* A whole number of elements, at least one. */
#define DIRECT(name, type)                                                                         \
	do {                                                                                       \
		size_t n = request->out_length / sizeof(type);                                     \
                                                                                                   \
		if (!n || request->out_length % sizeof(type))                                      \
			return CONTROL_LENGTH;                                                     \
		*written = operations->name(context, request->direct, n) * sizeof(type);           \
		return CONTROL_DONE;                                                               \
	} while (0)

static enum control_result direct(const struct control_operations *operations, void *context,
				  const struct control_request *request, size_t *written)
{
	if (request->in_length)
		return CONTROL_LENGTH;
	if (request->out_length && !request->direct)
		return CONTROL_NO_MEMORY;
	switch (request->code) {
	case TRACE_MODULES:
		DIRECT(modules, struct trace_module);
	case TRACE_LEDGER:
		DIRECT(ledger, struct trace_row);
	case TRACE_BLOCKS:
		DIRECT(blocks, struct trace_block);
	case TRACE_TAGS:
		DIRECT(tags, struct trace_tag);
	case TRACE_READ:
		if (!request->out_length || request->out_length % 8)
			return CONTROL_LENGTH;
		*written = operations->read(context, request->direct, request->out_length);
		return CONTROL_DONE;
	}
	return CONTROL_UNKNOWN;
}

enum control_result control_handle(const struct control_operations *operations, void *context,
				   const struct control_request *request, size_t *written)
{
	*written = 0;
	switch (request->code & 3) {
	case TRACE_BUFFERED:
		return buffered(operations, context, request, written);
	case TRACE_OUT_DIRECT:
		return direct(operations, context, request, written);
	}
	return CONTROL_UNKNOWN;
}

uint32_t control_status(enum control_result result)
{
	static const uint32_t statuses[] = {
#define CONTROL_STATUS(name, status) [CONTROL_##name] = status,
		CONTROL_RESULTS(CONTROL_STATUS)
#undef CONTROL_STATUS
	};

	return statuses[result];
}
