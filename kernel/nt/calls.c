/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens when a hooked function is called and when it returns. Any IRQL that it runs at. */
#include <memory_record.h>

#include "model/tag.h"
#include "trace.h"

#define MAX_PARTS                                                                                  \
	(sizeof(struct kmn_header) + sizeof(struct kmn_return) + sizeof(struct kmn_stack) +        \
	 8 * (TRACE_MAX_ARGS + TRACE_MAX_FRAMES))
_Static_assert(MAX_PARTS <= KMN_MAX_RECORD, "every record must fit");

/* A call while it is looked at. */
struct call {
	struct traced *traced;
	uint64_t time;
	uint64_t modules; /* in the stack */
	size_t n_frames;
	bool truncated;
	uint64_t frames[TRACE_MAX_FRAMES + 1];
};

/* A call whose entry is recorded when it returns, if at all. */
struct kept {
	struct call call;
	uint64_t args[TRACE_MAX_ARGS];
};

size_t calls_kept_size(void)
{
	return TRACE_RETURNS * sizeof(struct kept);
}

static struct kept *kept_of(const struct hook_slot *slot)
{
	return &trace.kept[slot - trace.returns.slots];
}

/* What the entry leaves in the slot. */
enum { AT_SEQUENCE, AT_TIME, AT_BYTES, AT_FLAGS };

/* Where allocations are recorded, and not calls, their type of pool. */
#define AT_TYPE AT_SEQUENCE

/* AT_FLAGS: the tag, the processor, and these */
#define AT_RECORDED 1u
#define AT_FREEING 2u
#define AT_FOLLOWED 4u
#define AT_KEPT 8u
#define AT_PROCESSOR 16
#define AT_TAG 32

static void look(struct call *call, struct hook *hook, const struct hook_registers *registers,
		 bool stack)
{
	call->traced = hook->context;
	call->time = system_time();
	call->modules = 0;
	call->n_frames = 0;
	call->truncated = false;
	if (!stack || !trace.frames)
		return;
	call->n_frames = stack_walk(registers, hook->plan.address, call->frames, trace.frames,
				    &call->truncated);
	call->modules = ranges_mask(&trace.ranges, call->frames, call->n_frames);
}

static struct kmn_header header_of(const struct call *call, uint8_t kind, uint32_t length)
{
	struct kmn_header header = {
		.length = (uint16_t)length,
		.kind = kind,
		.context = system_context(),
		.hook = call->traced->number,
		.time = call->time,
		.pid = (uint32_t)system_process(),
		.tid = (uint32_t)system_thread(),
	};

	system_comm(header.comm);
	return header;
}

static uint64_t *put_stack(const struct call *call, struct kmn_header *header, void *at)
{
	struct kmn_stack *stack = at;

	if (!call->n_frames)
		return at;
	stack->hash = stack_hash(call->frames, call->n_frames);
	stack->modules = call->modules;
	header->flags |= KMN_HAS_STACK | KMN_STACK_INLINE;
	if (call->truncated)
		header->flags |= KMN_STACK_TRUNCATED;
	header->n_frames = (uint16_t)call->n_frames;
	return (uint64_t *)(stack + 1);
}

static void count_lost(struct tally *tally, uint64_t time)
{
	counter_add(&tally->lost, 1);
	counter_swap(&tally->first_lost, 0, time);
	tally->last_lost = time;
}

/* Room for one record, which is numbered in any case; NULL: there is none. */
static struct kmn_header *room(struct kmn_header *header)
{
	uint32_t processor = system_processor();
	/* They are replaced by others while calls are recorded. */
	struct ring *rings = __atomic_load_n(&trace.rings, __ATOMIC_ACQUIRE);

	header->cpu = (uint16_t)processor;
	return ring_reserve(&rings[processor], header->length, &header->sequence);
}

/* Reserve, number and tally one record; NULL: it is lost. */
static struct kmn_header *reserve(struct tally *tally, struct kmn_header *header)
{
	struct kmn_header *record = room(header);

	if (!record)
		count_lost(tally, header->time);
	else
		counter_add(&tally->recorded, 1);
	return record;
}

/* A SUSPEND or RESUME record. It belongs to no tally; if it is lost, the sequence shows it. */
static void tell(const struct call *call, uint8_t kind, uint64_t argument)
{
	struct kmn_header header = header_of(call, kind, sizeof(header) + 8);
	struct kmn_header *record = room(&header);

	header.n_args = 1;
	if (!record)
		return;
	*(uint64_t *)(record + 1) = argument;
	ring_commit(record, &header);
}

static bool within_budget(const struct call *call)
{
	struct traced *traced = call->traced;
	uint32_t limit = traced->asked.budget;

	switch (budget_take(&traced->budget, call->time, limit)) {
	case BUDGET_SUSPEND:
		tell(call, KMN_SUSPEND, limit);
		break;
	case BUDGET_NO:
		break;
	case BUDGET_RESUME:
		tell(call, KMN_RESUME, counter_read(&traced->budget.suspended));
		return true;
	case BUDGET_GO:
		return true;
	}
	counter_add(&traced->entry.suspended, 1);
	return false;
}

static bool wanted_modules(const struct call *call)
{
	return !(call->modules & trace.filter.exclude) &&
	       (!trace.filter.require || call->modules & trace.filter.require);
}

/* A free is asked with the tag that its block was allocated with. */
static bool wanted_tag(const struct call *call, uint32_t tag)
{
	char wanted[5], text[5];

	if (call->traced->asked.role == TRACE_ROLE_NONE)
		return true;
	for (int i = 0; i < 4; i++) {
		wanted[i] = trace.filter.tag[i] ? trace.filter.tag[i] : ' ';
		text[i] = (char)(tag >> 8 * i);
	}
	wanted[4] = text[4] = '\0';
	return tag_matches(wanted, text);
}

static bool any_tag(void)
{
	for (int i = 0; i < 4; i++)
		if (trace.filter.tag[i] && trace.filter.tag[i] != ' ')
			return false;
	return true;
}

static void record_entry(const struct call *call, const uint64_t *args, struct kmn_header *header)
{
	uint32_t n_args = call->traced->asked.n_args;
	uint32_t stack = call->n_frames ? sizeof(struct kmn_stack) : 0;
	struct kmn_header *record;
	uint64_t *at;

	*header = header_of(call, KMN_ENTRY,
			    (uint32_t)(sizeof(*header) + stack + 8 * (n_args + call->n_frames)));
	header->n_args = (uint8_t)n_args;
	record = reserve(&call->traced->entry, header);
	if (!record)
		return;
	at = put_stack(call, header, record + 1);
	for (uint32_t i = 0; i < n_args; i++)
		*at++ = args[i];
	for (size_t i = 0; i < call->n_frames; i++)
		*at++ = call->frames[i];
	ring_commit(record, header);
}

static void copy_args(const struct call *call, const struct hook_registers *registers,
		      uint64_t *args)
{
	for (uint32_t i = 0; i < call->traced->asked.n_args; i++)
		args[i] = hook_argument(registers, i);
}

/* Until it is known whether the call fails. */
static void keep(const struct call *call, const struct hook_registers *registers,
		 const struct hook_slot *slot)
{
	struct kept *kept = kept_of(slot);

	kept->call.traced = call->traced;
	kept->call.time = call->time;
	kept->call.modules = call->modules;
	kept->call.n_frames = call->n_frames;
	kept->call.truncated = call->truncated;
	for (size_t i = 0; i < call->n_frames; i++)
		kept->call.frames[i] = call->frames[i];
	copy_args(call, registers, kept->args);
}

/* NT_SUCCESS() is the same the other way round. */
static bool is_failure(uint64_t value)
{
	return (int32_t)value < 0;
}

/* The entry of a call that has failed, which was counted as filtered. */
static bool record_kept(struct hook_slot *slot)
{
	struct kept *kept = kept_of(slot);
	struct tally *tally = &kept->call.traced->entry;
	struct kmn_header header;

	counter_add(&tally->filtered, (uint64_t)-1);
	if (!within_budget(&kept->call))
		return false;
	record_entry(&kept->call, kept->args, &header);
	slot->entry[AT_SEQUENCE] = header.sequence;
	slot->entry[AT_FLAGS] |= (uint64_t)header.cpu << AT_PROCESSOR;
	return true;
}

static bool is_logged(const struct call *call)
{
	return call->traced->asked.flags & TRACE_HOOK_LOG;
}

/* An allocation or a free: its arguments, see kernel/memory_record.h. */
static void record_memory(const struct call *call, struct tally *tally, uint8_t kind,
			  const uint64_t args[KMN_MEMORY_ARGS])
{
	uint32_t stack = call->n_frames ? sizeof(struct kmn_stack) : 0, fetched;
	struct kmn_fetched name = {.status = KMN_FETCHED};
	char tag[5];
	const char *text = tag;
	struct kmn_header header, *record;
	uint64_t *at;

	if (args[KMN_ARG_TAG] == KMN_TAG_POOL_BEFORE) {
		text = KMN_POOL_BEFORE;
		name.length = sizeof(KMN_POOL_BEFORE) - 1;
	} else {
		name.length = (uint16_t)tag_of_pool((uint32_t)args[KMN_ARG_TAG], tag);
	}
	fetched = (uint32_t)(sizeof(name) + name.length + 7) & ~7u;
	header = header_of(call, kind,
			   (uint32_t)(sizeof(header) + stack + 8 * KMN_MEMORY_ARGS + fetched +
				      8 * call->n_frames));
	header.n_args = KMN_MEMORY_ARGS;
	header.n_fetches = 1;
	record = reserve(tally, &header);
	if (!record)
		return;
	at = put_stack(call, &header, record + 1);
	for (uint32_t i = 0; i < KMN_MEMORY_ARGS; i++)
		*at++ = args[i];
	/* The last words of the name have zeros behind it. */
	for (uint32_t i = 0; i < fetched / 8; i++)
		at[i] = 0;
	*(struct kmn_fetched *)at = name;
	for (uint32_t i = 0; i < name.length; i++)
		((char *)at)[sizeof(name) + i] = text[i];
	at += fetched / 8;
	for (size_t i = 0; i < call->n_frames; i++)
		*at++ = call->frames[i];
	ring_commit(record, &header);
}

/* Who called; 0: there is no stack. */
static uint64_t site_of(const struct call *call)
{
	return call->n_frames > 1 ? call->frames[1] : 0;
}

/* Counted as one that has no record, where it has none. */
static void log_free(const struct call *call, uint64_t address, enum pool_free found, uint32_t tag)
{
	bool known = found == POOL_FREED;
	const uint64_t args[KMN_MEMORY_ARGS] = {
		[KMN_ARG_ADDRESS] = address,
		[KMN_ARG_TAG] = known ? KMN_TAG_POOL | tag : KMN_TAG_POOL_BEFORE,
		[KMN_ARG_SITE] = site_of(call),
		[KMN_ARG_FATE] = known ? KMN_FATE_KNOWN : KMN_FATE_UNKNOWN,
	};

	if (known || (found == POOL_UNKNOWN && address && any_tag()))
		record_memory(call, &call->traced->entry, KMN_FREE, args);
	else
		counter_add(&call->traced->entry.filtered, 1);
}

static void log_alloc(const struct call *call, const struct trace_block *block, uint64_t type,
		      enum pool_alloc became)
{
	const uint64_t args[KMN_MEMORY_ARGS] = {
		[KMN_ARG_ADDRESS] = block->address,
		[KMN_ARG_BYTES] = block->bytes,
		[KMN_ARG_TAG] = KMN_TAG_POOL | block->tag,
		[KMN_ARG_SITE] = site_of(call),
		[KMN_ARG_GFP] = type,
	};

	if (became == POOL_OUTER)
		counter_add(&call->traced->ret.filtered, 1);
	else
		record_memory(call, &call->traced->ret, KMN_ALLOC, args);
}

/* The tag that a pool routine is called with, or of the block that it frees; bytes too. */
static uint32_t pool_entered(const struct call *call, const struct hook_registers *registers,
			     uint64_t *bytes, uint32_t *flags)
{
	/* i386: 64 bits of flags are two words */
	unsigned first = sizeof(void *) == 4 && call->traced->asked.role == TRACE_ROLE_ALLOC_FLAGS;
	uint64_t thread = system_thread();
	enum pool_free found;
	uint32_t tag = 0;
	KIRQL irql;

	switch (call->traced->asked.role) {
	case TRACE_ROLE_ALLOC:
		*bytes = hook_argument(registers, 1);
		return 'enoN'; /* what the kernel itself takes for it: "None" */
	case TRACE_ROLE_ALLOC_TAG:
	case TRACE_ROLE_ALLOC_FLAGS:
		*bytes = hook_argument(registers, first + 1);
		return (uint32_t)hook_argument(registers, first + 2);
	case TRACE_ROLE_FREE:
		if (!trace.pool_on)
			return 0;
		KeAcquireSpinLock(&trace.pool_lock, &irql);
		found = pool_free(&trace.pool, hook_argument(registers, 0), thread, any_tag(),
				  &tag);
		KeReleaseSpinLock(&trace.pool_lock, irql);
		if (found == POOL_FREED) {
			*flags |= AT_FREEING;
			*bytes = hook_argument(registers, 0);
		}
		if (is_logged(call))
			log_free(call, hook_argument(registers, 0), found, tag);
		return tag;
	}
	return 0;
}

bool call_entered(struct hook *hook, struct hook_registers *registers, struct hook_slot *slot)
{
	struct traced *traced = hook->context;
	struct kmn_header header = {0};
	uint32_t flags = 0, tag = 0;
	uint64_t bytes = 0;
	struct call call;
	bool wanted;

	counter_add(&traced->entry.hits, 1);
	look(&call, hook, registers, true);
	if (traced->asked.role != TRACE_ROLE_NONE && slot)
		tag = pool_entered(&call, registers, &bytes, &flags);
	wanted = wanted_modules(&call) && wanted_tag(&call, tag);
	if (wanted && traced->asked.role != TRACE_ROLE_NONE &&
	    traced->asked.role != TRACE_ROLE_FREE && tag != TRACE_POOL_TAG)
		flags |= AT_FOLLOWED;
	if (is_logged(&call)) {
		/* A free that no slot was left for is not followed either. */
		if (traced->asked.role != TRACE_ROLE_FREE || !slot || !trace.pool_on)
			counter_add(&traced->entry.filtered, 1);
	} else if (!wanted || traced->asked.flags & (TRACE_HOOK_QUIET | TRACE_HOOK_ERRORS)) {
		counter_add(&traced->entry.filtered, 1);
		if (wanted && slot && traced->asked.flags & TRACE_HOOK_ERRORS) {
			keep(&call, registers, slot);
			flags |= AT_KEPT;
		}
	} else if (within_budget(&call)) {
		uint64_t args[TRACE_MAX_ARGS];

		copy_args(&call, registers, args);
		record_entry(&call, args, &header);
		flags |= AT_RECORDED;
	}
	if (!slot)
		return false;
	if (is_logged(&call))
		slot->entry[AT_TYPE] = hook_argument(registers, 0);
	else
		slot->entry[AT_SEQUENCE] = header.sequence;
	slot->entry[AT_TIME] = call.time;
	slot->entry[AT_BYTES] = bytes;
	slot->entry[AT_FLAGS] =
		flags | (uint64_t)header.cpu << AT_PROCESSOR | (uint64_t)tag << AT_TAG;
	return flags != 0;
}

static void record_return(const struct call *call, const struct hook_slot *slot, uint64_t value)
{
	struct kmn_header header =
		header_of(call, KMN_RETURN, sizeof(header) + sizeof(struct kmn_return));
	struct kmn_header *record = reserve(&call->traced->ret, &header);

	if (!record)
		return;
	*(struct kmn_return *)(record + 1) = (struct kmn_return){
		.value = value,
		.duration = call->time - slot->entry[AT_TIME],
		.entry_sequence = slot->entry[AT_SEQUENCE],
		.entry_cpu = (uint16_t)(slot->entry[AT_FLAGS] >> AT_PROCESSOR),
	};
	ring_commit(record, &header);
}

/* True: it has been recorded, or counted as one that is not. */
static bool pool_returned(const struct call *call, const struct hook_slot *slot, uint64_t value)
{
	enum pool_alloc became = POOL_OUTER;
	uint64_t thread = system_thread();
	struct trace_block block = {
		.address = (uintptr_t)value,
		.bytes = slot->entry[AT_BYTES],
		.time = call->time,
		.modules = call->modules,
		.tag = (uint32_t)(slot->entry[AT_FLAGS] >> AT_TAG),
		.pid = (uint32_t)system_process(),
		.hook = call->traced->number,
		.cpu = (uint16_t)system_processor(),
		.context = system_context(),
	};
	KIRQL irql;

	system_comm(block.comm);
	for (; block.n_frames < call->n_frames && block.n_frames < TRACE_BLOCK_FRAMES;
	     block.n_frames++)
		block.frame[block.n_frames] = call->frames[block.n_frames];
	KeAcquireSpinLock(&trace.pool_lock, &irql);
	if (slot->entry[AT_FLAGS] & AT_FREEING)
		pool_freed(&trace.pool, slot->entry[AT_BYTES], thread);
	else
		became = pool_alloc(&trace.pool, &block, thread, slot->entry[AT_TIME]);
	KeReleaseSpinLock(&trace.pool_lock, irql);
	if (!is_logged(call) || slot->entry[AT_FLAGS] & AT_FREEING)
		return false;
	log_alloc(call, &block, slot->entry[AT_TYPE], became);
	return true;
}

void call_returned(struct hook *hook, struct hook_registers *registers, struct hook_slot *slot)
{
	uint64_t flags = slot->entry[AT_FLAGS];
	/* i386: EDX is a part of it for 64-bit types alone, which nobody knows here. */
	uint64_t value = (uintptr_t)hook_return_value(registers);
	struct traced *traced = hook->context;
	struct call call;

	counter_add(&traced->ret.hits, 1);
	look(&call, hook, registers, flags & AT_FOLLOWED);
	if (trace.pool_on && flags & (AT_FREEING | AT_FOLLOWED) &&
	    pool_returned(&call, slot, value))
		return;
	if (flags & AT_KEPT && is_failure(value) && record_kept(slot))
		flags |= AT_RECORDED;
	if (flags & AT_RECORDED)
		record_return(&call, slot, value);
	else
		counter_add(&traced->ret.filtered, 1);
}
