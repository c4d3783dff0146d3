/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a call: entry and return, the same for every way of hooking. A call that a program
 * takes ends in exactly one of its counters: recorded, filtered, lost, suspended or deferred.
 */
#ifndef KMN_LINUX_CALLS_H
#define KMN_LINUX_CALLS_H

#include "context.h"
#include "emit.h"
#include "fetch.h"
#include "filter.h"
#include "inflight.h"
#include "unwind.h"

enum via { VIA_FENTRY, VIA_KPROBE, VIA_TRACEPOINT };

/* One run of a program. */
struct call {
	void *ctx;
	bool breakpoint; /* it may be one that brought us here */
	__u64 function;	 /* its address; 0: the kernel tells */
	__u64 pushed;	 /* bytes between the stack pointer and the return address */
	__u32 hook;
	__u32 copy;
	__u32 slot;    /* of its counters */
	__u32 scratch; /* index of its scratch memory */
	__u32 cpu;
	__u64 level;
	__u64 pid_tgid;
	__u64 now;
	struct occupancy *occupancy;
	struct kmn_counters *count;
	void *frame; /* on a tracepoint, in a subprogram: of the program that it is of; else NULL */
};

/* False: there is nothing to do for this program (more). */
static __always_inline bool call_begin(struct call *call)
{
	__u32 slot = call->slot, level;
	__u64 tid = 0; /* 64 bits: a number of 32 costs instructions to widen */
	enum turn turn;

	call->cpu = bpf_get_smp_processor_id();
	level = context_level(call->breakpoint ? call->ctx : 0);
	call->level = level;
	if (fully_preemptible) {
		tid = (__u32)bpf_get_current_pid_tgid();
		call->level = context_name(level);
	}
	call->occupancy = occupancy_get(call->cpu, level, tid);
	if (!call->occupancy)
		return false;
	turn = occupancy_enter(call->occupancy, call->ctx, call->hook, call->copy, tid);
	/* Most copies end here: nothing that only the one that takes the call needs comes before.
	 */
	if (turn == TURN_LATER)
		return false;
	call->count = bpf_map_lookup_elem(&counters, &slot);
	if (!call->count) {
		if (turn == TURN_TAKE)
			occupancy_leave(call->occupancy);
		return false;
	}
	if (turn == TURN_SELF) {
		call->count->self++;
		if (call->copy)
			call->count->rescued++;
		return false;
	}
	if (call->copy)
		call->count->rescued++;
	if (config.stage != KMN_STAGE_RECORD) {
		call->count->outside++;
		occupancy_leave(call->occupancy);
		return false;
	}
	FORGET(call->level, call->occupancy->word);
	call->count->taken++;
	call->pid_tgid = bpf_get_current_pid_tgid();
	call->now = bpf_ktime_get_ns();
	return true;
}

/* Room for the call's record; call->scratch is its number. */
static __always_inline struct scratch *call_scratch(struct call *call)
{
	__u32 number;
	struct scratch *scratch = scratch_get(call->cpu, call->level, &number);

	call->scratch = number;
	return scratch;
}

static __always_inline void call_end(struct call *call)
{
	occupancy_leave(call->occupancy);
}

/* Small records about a hook: SUSPEND and RESUME. */
static __always_inline void emit_note(struct call *call, __u8 kind, __u64 number)
{
	struct {
		struct kmn_header header;
		__u64 number;
	} note;

	header_fill(&note.header, kind, call->hook, call->cpu, call->level, call->pid_tgid,
		    call->now);
	note.header.n_args = 1;
	note.number = number;
	emit(&note.header, sizeof(note), call->cpu);
}

static __always_inline void read_args(void *ctx, enum via via, __u64 pushed, __u32 n,
				      struct scratch *scratch, __u32 at)
{
	if (via == VIA_FENTRY) {
		__u64 *args = (__u64 *)cursor_room(scratch, at & 0x7f8);

		/* Not a loop: the compiler would not unroll it, and the verifier not keep it short.
		 */
#define READ_ARG(i)                                                                                \
	if (n <= i)                                                                                \
		return;                                                                            \
	bpf_get_func_arg(ctx, i, &args[i]);
		READ_ARG(0)
		READ_ARG(1)
		READ_ARG(2)
		READ_ARG(3)
		READ_ARG(4)
		READ_ARG(5)
		READ_ARG(6)
		READ_ARG(7)
		READ_ARG(8)
		READ_ARG(9)
		READ_ARG(10)
		READ_ARG(11)
#undef READ_ARG
		_Static_assert(KMN_MAX_ARGS == 12, "as many as there are lines above");
	} else {
		struct pt_regs *regs = ctx;
		__u64 *args = (__u64 *)cursor_room(scratch, at & 0x7f8);

		/* Six in registers, the others above the return address. */
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->cx;
		args[4] = regs->r8;
		args[5] = regs->r9;
		if (n > 6 && bpf_probe_read_kernel(&args[6], (KMN_MAX_ARGS - 6) * 8,
						   (void *)(regs->sp + pushed + 8)))
			__builtin_memset(&args[6], 0, (KMN_MAX_ARGS - 6) * 8);
	}
}

/* The place of the call on the stack, the same at entry and return. */
static __always_inline __u64 call_place(struct call *call, enum via via, bool at_return)
{
	if (via == VIA_KPROBE) {
		struct pt_regs *regs = call->ctx;

		/* A hooked return has just popped its return address. */
		return at_return ? regs->sp - 8 : regs->sp + call->pushed;
	}
	/* call_begin() put the context's address there; the programs of one trampoline share it. */
	return ((volatile struct occupancy *)call->occupancy)->token;
}

/*
 * Where the walker begins. On a tracepoint that is the program's own frame, which lies where r10
 * points (do_jit() in arch/x86/net/bpf_jit_comp.c), but for a subprogram, which is told of it.
 */
static __always_inline void walk_from(struct call *call, enum via via, struct walk *walk,
				      __u64 site)
{
	walk->tracepoint = via == VIA_TRACEPOINT;
	walk->site = site;
	walk->frame = 0;
	walk->bp_at = 0;
	if (via == VIA_TRACEPOINT) {
		void *frame = call->frame;

		if (!frame)
			asm volatile("%0 = r10" : "=r"(frame));
		/* Read back it is a number: see copy_is_first(). */
		*(void *volatile *)&walk->bp_at = frame;
		walk->slot = *(volatile __u64 *)&walk->bp_at + 8;
		walk->function = site;
		return;
	}
	walk->function = call->function ? call->function : bpf_get_func_ip(call->ctx);
	if (via == VIA_KPROBE) {
		struct pt_regs *regs = call->ctx;

		walk->slot = regs->sp + call->pushed;
		walk->bp = regs->bp;
		return;
	}
	walk->frame = ((volatile struct occupancy *)call->occupancy)->token +
		      bpf_get_func_arg_cnt(call->ctx) * 8;
}

/* The address that the function was called at and its return address; 0 when it can't be read. */
static __always_inline void call_origin(struct call *call, enum via via, struct scratch *scratch,
					__u64 *function, __u64 *caller)
{
	walk_from(call, via, &scratch->walk, 0);
	*function = scratch->walk.function;
	*caller = walk_begin(&scratch->walk) ? scratch->walk.caller : 0;
}

enum outcome {
	OUTCOME_RECORDED,
	OUTCOME_FILTERED,
	OUTCOME_LOST,
	OUTCOME_SUSPENDED,
	OUTCOME_DEFERRED
};

static __always_inline void inflight_set(struct call *call, __u64 place, __u32 verdict,
					 __u64 sequence)
{
	struct inflight *entry;

	if (inflight_claim(inflight_key(place, call->hook), &entry) < 0) {
		call->count->unpaired++;
		return;
	}
	entry->time = call->now;
	entry->sequence = sequence;
	entry->cpu = call->cpu;
	entry->verdict = verdict;
}

/* Keep the record for the return program to emit or drop. */
static __always_inline enum outcome defer(struct call *call, struct scratch *scratch, __u64 place,
					  __u32 length)
{
	struct inflight *entry;
	int index = inflight_claim(inflight_key(place, call->hook), &entry);
	__u8 *room;

	if (index < 0)
		return OUTCOME_LOST;
	room = bpf_map_lookup_elem(&deferred, &index);
	if (!room)
		return OUTCOME_LOST;
	scratch->header.length = length;
	BOUND(length, KMN_MAX_RECORD - 1);
	bpf_probe_read_kernel(room, length, scratch->bytes);
	entry->time = call->now;
	entry->sequence = 0;
	entry->cpu = call->cpu;
	entry->verdict = VERDICT_DEFERRED;
	return OUTCOME_DEFERRED;
}

/* Take the stack of the call, from `site` on if that is not 0, and name it: scratch->stack. */
static __always_inline void stack_take(struct call *call, enum via via, struct scratch *scratch,
				       __u64 site)
{
	__u64 walked;
	long size;

	walk_from(call, via, &scratch->walk, site);
	walked = stack_walk(scratch, call->scratch);
	if (walked == WALK_NAMED)
		return;
	/* A trampoline's program and its trampoline come first. */
	size = bpf_get_stack(call->ctx, &scratch->frames[2], KERNEL_FRAMES * 8,
			     via == VIA_FENTRY ? 2 : 0);
	stack_complete(call->scratch, size > 0 ? size : 0, walked);
}

/* Put the stack that was taken in the record: its name, and its frames (at `end`) if new. */
static __always_inline __u32 put_stack(struct scratch *scratch, __u32 end)
{
	struct kmn_stack *name = (struct kmn_stack *)&scratch->bytes[sizeof(struct kmn_header)];
	struct stack *stack = &scratch->stack;
	__u32 bytes;

	name->hash = stack->hash;
	name->modules = stack->modules;
	scratch->header.flags |= stack->flags;
	if (stack->sent)
		return end;
	scratch->header.flags |= KMN_STACK_INLINE;
	scratch->header.n_frames = stack->n;
	bytes = stack->n * 8;
	BOUND(bytes, 2 * KMN_MAX_FRAMES * 8 - 1);
	bpf_probe_read_kernel(cursor_room(scratch, end), bytes, frame_at(scratch, stack->first));
	return end + bytes;
}

/* Registers that hold arguments. */
#define QUICK_ARGS 6

/*
 * A record of an entry with n arguments and, if it isn't NULL, the name of a stack, put together in
 * the buffer itself.
 */
static __always_inline bool emit_quick(struct call *call, enum via via, struct outlet *outlet,
				       __u32 n, const struct stack *stack)
{
	__u32 length = sizeof(struct kmn_header) + (stack ? sizeof(struct kmn_stack) : 0) + n * 8;
	struct kmn_header *header = bpf_ringbuf_reserve(outlet->buffer, length, 0);
	__u64 *args = (__u64 *)(header + 1);

	if (!header)
		return false;
	header_fill(header, KMN_ENTRY, call->hook, call->cpu, call->level, call->pid_tgid,
		    call->now);
	header->length = length;
	header->sequence = outlet->sequence;
	header->n_args = n;
	if (stack) {
		struct kmn_stack *name = (struct kmn_stack *)args;

		header->flags = stack->flags;
		name->hash = stack->hash;
		name->modules = stack->modules;
		args = (__u64 *)(name + 1);
	}
	if (via == VIA_FENTRY) {
#pragma unroll
		for (__u32 i = 0; i < QUICK_ARGS; i++) {
			__u64 value = 0;

			if (i >= n)
				break;
			bpf_get_func_arg(call->ctx, i, &value);
			args[i] = value;
		}
	} else {
		struct pt_regs *regs = call->ctx;
		/* In the order of the calling convention. */
		__u64 registers[] = {regs->di, regs->si, regs->dx, regs->cx, regs->r8, regs->r9};

#pragma unroll
		for (__u32 i = 0; i < QUICK_ARGS; i++) {
			if (i >= n)
				break;
			args[i] = registers[i];
		}
	}
	bpf_ringbuf_submit(header, outlet->flags);
	return true;
}

/* What neither filters nor anything behind a pointer need be looked at for. */
static __always_inline bool is_quick(const struct kmn_hook *hook)
{
	return !(config.flags & ~(KMN_FOLLOW_CHILDREN | KMN_LOG_MEMORY | KMN_WITH_STACKS)) &&
	       !hook->n_fetches && !hook->n_wheres && !(hook->flags & KMN_HOOK_DEFERRED) &&
	       hook->n_slots <= QUICK_ARGS;
}

static __always_inline enum outcome record_quick(struct call *call, enum via via,
						 const struct kmn_hook *hook,
						 const struct stack *stack, __u64 *sequence)
{
	struct outlet outlet;
	bool fits = false;

	if (!outlet_open(call->cpu, &outlet))
		return OUTCOME_LOST;
	*sequence = outlet.sequence;
	switch (hook->n_slots) {
#define QUICK_CASE(n)                                                                              \
	case n:                                                                                    \
		fits = emit_quick(call, via, &outlet, n, stack);                                   \
		break;
		QUICK_CASE(0)
		QUICK_CASE(1)
		QUICK_CASE(2)
		QUICK_CASE(3)
		QUICK_CASE(4)
		QUICK_CASE(5)
		QUICK_CASE(6)
#undef QUICK_CASE
	}
	return fits ? OUTCOME_RECORDED : OUTCOME_LOST;
}

static __always_inline enum outcome record_entry(struct call *call, enum via via,
						 struct kmn_hook *hook, struct scratch *scratch,
						 __u64 place, bool taken)
{
	__u32 flags = config.flags, args, end;
	__u64 suspended = 0;

	header_fill(&scratch->header, KMN_ENTRY, call->hook, call->cpu, call->level, call->pid_tgid,
		    call->now);
	args = sizeof(struct kmn_header) + (flags & KMN_WITH_STACKS ? sizeof(struct kmn_stack) : 0);
	FORGET(args, scratch->word);
	read_args(call->ctx, via, call->pushed, hook->n_slots, scratch, args);
	if (flags & KMN_BY_PROCESS && !filter_process(&scratch->header, flags))
		return OUTCOME_FILTERED;
	if (hook->n_wheres && !filter_args(scratch, hook, args))
		return OUTCOME_FILTERED;
	if (flags & KMN_LIMIT_RATE) {
		enum rate_state state = rate_check(call->hook, call->now, &suspended);

		if (state == RATE_FREE_AGAIN)
			emit_note(call, KMN_RESUME, suspended);
		if (state == RATE_OVER_FIRST)
			emit_note(call, KMN_SUSPEND, config.rate);
		if (state == RATE_OVER || state == RATE_OVER_FIRST)
			return OUTCOME_SUSPENDED;
	}
	scratch->header.n_args = hook->n_slots;
	end = args + hook->n_slots * 8;
	if (hook->n_fetches)
		end = fetch_all(call->scratch, call->hook, args, end);
	FORGET(end, scratch->word);
	if (flags & KMN_WITH_STACKS) {
		if (!taken)
			stack_take(call, via, scratch, 0);
		end = put_stack(scratch, end);
		if (flags & KMN_BY_MODULE && !filter_modules(scratch->stack.modules))
			return OUTCOME_FILTERED;
	}
	if (hook->flags & KMN_HOOK_DEFERRED)
		return defer(call, scratch, place, end);
	if (flags & KMN_LIMIT_COUNT && __sync_fetch_and_add(&calls_left, -1) <= 0)
		return OUTCOME_FILTERED;
	return emit_often(&scratch->header, end, call->cpu) ? OUTCOME_RECORDED : OUTCOME_LOST;
}

/* In scratch memory, whatever there is to a record. */
static __always_inline enum outcome
record_whole(struct call *call, enum via via, struct kmn_hook *hook, __u64 place, __u64 *sequence)
{
	bool quick = is_quick(hook);
	enum outcome outcome;
	struct scratch *scratch = call_scratch(call);

	if (!scratch)
		return OUTCOME_LOST;
	scratch->stack.interned = NOT_INTERNED;
	if (quick)
		stack_take(call, via, scratch, 0);
	if (quick && scratch->stack.sent) {
		outcome = record_quick(call, via, hook, &scratch->stack, sequence);
		scratch_put(scratch);
		return outcome;
	}
	outcome = record_entry(call, via, hook, scratch, place, quick);
	*sequence = scratch->header.sequence;
	/* Not before: a record that names a stack must find it at the reader. */
	if (outcome == OUTCOME_RECORDED)
		stack_sent(&scratch->stack);
	scratch_put(scratch);
	return outcome;
}

static __always_inline void call_entry(struct call *call, enum via via)
{
	__u32 number = call->hook;
	struct kmn_hook *hook = bpf_map_lookup_elem(&hooks, &number);
	enum outcome outcome;
	__u64 place = 0, sequence = 0;

	if (!hook || !(hook->flags & KMN_HOOK_ON)) {
		call->count->taken--;
		call->count->outside++;
		return;
	}
	if (hook->flags & KMN_HOOK_RETURNS)
		place = call_place(call, via, false);
	outcome = is_quick(hook) && !(config.flags & KMN_WITH_STACKS)
			  ? record_quick(call, via, hook, NULL, &sequence)
			  : record_whole(call, via, hook, place, &sequence);
	switch (outcome) {
	case OUTCOME_RECORDED:
		call->count->recorded++;
		break;
	case OUTCOME_LOST:
		call->count->lost++;
		count_lost(call->count, call->now);
		break;
	case OUTCOME_SUSPENDED:
		call->count->suspended++;
		break;
	case OUTCOME_DEFERRED:
		call->count->deferred++;
		return;
	case OUTCOME_FILTERED:
		call->count->filtered++;
		break;
	}
	if (hook->flags & KMN_HOOK_RETURNS)
		inflight_set(call, place,
			     outcome == OUTCOME_FILTERED    ? VERDICT_FILTERED
			     : outcome == OUTCOME_SUSPENDED ? VERDICT_SUSPENDED
							    : VERDICT_RECORD,
			     sequence);
}

/* Emit the entry that waited; its sequence number is given now. */
static __always_inline bool emit_deferred(struct call *call, __u32 index, __u64 *sequence)
{
	struct kmn_header *header = bpf_map_lookup_elem(&deferred, &index);
	__u32 length;

	if (!header)
		return false;
	length = header->length;
	if (!emit(header, length, call->cpu)) {
		call->count->entry_lost++;
		count_lost(call->count, call->now);
		return false;
	}
	*sequence = header->sequence;
	call->count->entry_recorded++;
	return true;
}

static __always_inline enum outcome record_return(struct call *call, struct kmn_hook *hook,
						  __u64 value, __u64 place)
{
	struct return_record {
		struct kmn_header header;
		struct kmn_return ret;
	} * record;
	struct outlet outlet;
	struct inflight *entry = 0;
	__u64 duration = 0, sequence = 0;
	__u32 cpu = 0, flags = config.flags;
	int index = inflight_find(inflight_key(place, call->hook), &entry);

	if (index >= 0 && entry) {
		__u32 verdict = entry->verdict;

		duration = call->now - entry->time;
		sequence = entry->sequence;
		cpu = entry->cpu;
		if (verdict == VERDICT_DEFERRED) {
			bool keep = filter_return(hook, flags, value, duration);

			if (keep && flags & KMN_LIMIT_COUNT)
				keep = __sync_fetch_and_add(&calls_left, -1) > 0;
			if (!keep) {
				call->count->entry_filtered++;
				verdict = VERDICT_FILTERED;
			} else {
				/* Both halves stand together in this processor's buffer. */
				emit_deferred(call, index, &sequence);
				cpu = call->cpu;
			}
		}
		__sync_lock_test_and_set(&entry->key, 0);
		if (verdict == VERDICT_FILTERED)
			return OUTCOME_FILTERED;
		if (verdict == VERDICT_SUSPENDED)
			return OUTCOME_SUSPENDED;
	} else if (flags & ~(KMN_WITH_STACKS | KMN_FOLLOW_CHILDREN) || hook->n_wheres) {
		/* Entered before the recording began: what it would be filtered by is not known. */
		return OUTCOME_FILTERED;
	}
	if (!entry)
		call->count->unpaired++;
	if (!outlet_open(call->cpu, &outlet))
		return OUTCOME_LOST;
	record = bpf_ringbuf_reserve(outlet.buffer, sizeof(*record), 0);
	if (!record)
		return OUTCOME_LOST;
	header_fill(&record->header, KMN_RETURN, call->hook, call->cpu, call->level, call->pid_tgid,
		    call->now);
	record->header.length = sizeof(*record);
	record->header.sequence = outlet.sequence;
	record->header.flags = entry ? 0 : KMN_UNPAIRED;
	record->ret.value = value;
	record->ret.duration = duration;
	record->ret.entry_sequence = sequence;
	record->ret.entry_cpu = cpu;
	record->ret.reserved = 0;
	bpf_ringbuf_submit(record, outlet.flags);
	return OUTCOME_RECORDED;
}

static __always_inline void call_return(struct call *call, enum via via, __u64 value)
{
	__u32 number = call->hook;
	struct kmn_hook *hook = bpf_map_lookup_elem(&hooks, &number);

	if (!hook || !(hook->flags & KMN_HOOK_ON)) {
		call->count->taken--;
		call->count->outside++;
		return;
	}
	switch (record_return(call, hook, value, call_place(call, via, true))) {
	case OUTCOME_RECORDED:
		call->count->recorded++;
		break;
	case OUTCOME_FILTERED:
		call->count->filtered++;
		break;
	case OUTCOME_SUSPENDED:
		call->count->suspended++;
		break;
	default:
		call->count->lost++;
		count_lost(call->count, call->now);
		break;
	}
}

#endif
