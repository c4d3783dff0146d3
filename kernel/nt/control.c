/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control.h"

static bool ends(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!text[i])
			return true;
	return false;
}

static bool name_valid(const char *name)
{
	return name[0] && ends(name, TRACE_NAME);
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
	       hook->n_args <= TRACE_MAX_ARGS && name_valid(hook->name);
}

/* Which images there will be, nobody can tell. */
static bool await_valid(const struct trace_await *await)
{
	return hook_valid(&await->hook) && await->hook.role == TRACE_ROLE_NONE &&
	       await->hook.address < await->size && name_valid(await->module);
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

/* What comes in is copied first: what goes out has the same buffer. */
#define ANSWER(name, in_type, out_type, valid)                                                     \
	do {                                                                                       \
		in_type asked;                                                                     \
		out_type answer = {0};                                                             \
		enum control_result result;                                                        \
                                                                                                   \
		if (in != sizeof(asked) || out != sizeof(answer))                                  \
			return CONTROL_LENGTH;                                                     \
		asked = *(const in_type *)request->buffer;                                         \
		if (!(valid))                                                                      \
			return CONTROL_CONTENT;                                                    \
		result = operations->name(context, &asked, &answer);                               \
		if (result == CONTROL_DONE) {                                                      \
			*(out_type *)request->buffer = answer;                                     \
			*written = sizeof(answer);                                                 \
		}                                                                                  \
		return result;                                                                     \
	} while (0)

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
	case TRACE_HOOK:
		ANSWER(hook, struct trace_hook, struct trace_hooked, hook_valid(&asked));
	case TRACE_UNHOOK:
		if (in || out != sizeof(struct trace_unhooked))
			return CONTROL_LENGTH;
		operations->unhook(context, request->buffer);
		*written = out;
		return CONTROL_DONE;
	case TRACE_REMOVE:
		ANSWER(remove, struct trace_remove, struct trace_removed, remove_valid(&asked));
	case TRACE_BIT:
		ANSWER(bit, struct trace_name, struct trace_bit, name_valid(asked.name));
	case TRACE_AWAIT:
		ANSWER(await, struct trace_await, struct trace_hooked, await_valid(&asked));
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
	case TRACE_AWAITED:
		DIRECT(awaited, struct trace_awaited);
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
