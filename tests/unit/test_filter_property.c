/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random expressions over a made-up recording. What the filter keeps is held against a plain
 * evaluation of the same expression on the calls that the recording was made from; and what the
 * kernel and user space keep together, after the expression was split between them, against the
 * whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filter/calls.h"
#include "filter/push.h"
#include "records.h"

#define CALLS 300
#define ROUNDS 4000
#define MAX_LEAVES 12

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static unsigned below(unsigned n)
{
	return (unsigned)(next_random() >> 11) % n;
}

/* One call as a person would write it down. */
struct plain_call {
	uint32_t hook;
	uint32_t pid;
	const char *comm;
	uint16_t cpu;
	uint8_t context;
	uint64_t time;
	int32_t fd;
	uint64_t count;
	const char *name; /* NULL: not recorded */
	int stack;	  /* index; -1: none */
	bool returned;
	int64_t ret;
	uint64_t duration;
	/* Which of its records the filter gave out. */
	bool got_entry, got_return;
};

enum { READ, WRITE, SYNC, POLL };

static const struct {
	const char *name, *module;
	bool args, returns;
	enum value_kind result;
	uint32_t size;
} functions[] = {
	[READ] = {"vfs_read", NULL, true, true, VALUE_SIGNED, 8},
	[WRITE] = {"vfs_write", NULL, true, true, VALUE_SIGNED, 4},
	[SYNC] = {"ext4_sync", "ext4", true, true, VALUE_POINTER, 8},
	/* Only in the mixed catalog. */
	[POLL] = {"do_poll", NULL, false, false, VALUE_VOID, 0},
};

static const struct {
	uint64_t modules;
	const char *frames[4]; /* symbols, the hooked function first */
} stacks[] = {
	{1, {"f", "ksys_read", "main"}},
	{3, {"f", "ext4_read", "ksys_read", "main"}},
	{5, {"f", "nvme_go", "main"}},
	{7, {"f", "ext4_read", "nvme_go", "main"}},
};

static const char *const symbols[] = {"f", "ksys_read", "main", "ext4_read", "nvme_go"};
static const char *const comms[] = {"bash", "cron", "kworker/0:1"};
static const char *const names[] = {"/etc/passwd", "/tmp/x", "passwd"};

static bool resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	*frame = (struct frame){.symbol = symbols[address & 0xf]};
	if (!strncmp(frame->symbol, "ext4", 4))
		frame->module = "ext4";
	if (!strncmp(frame->symbol, "nvme", 4))
		frame->module = "nvme";
	return true;
}

static void add_param(struct api *api, const char *name, enum value_kind kind, uint32_t size)
{
	struct api_param *param = &api->params[api->n_params];

	*param = (struct api_param){.name = strdup(name), .slots = 1};
	param->slot = (uint8_t)api->n_params++;
	param->type = (struct value_type){.kind = kind, .size = size};
}

static void make_catalog(struct catalog *catalog, bool mixed)
{
	static const char *const modules[] = {"vmlinux", "ext4", "nvme"};
	bool added;

	catalog_init(catalog, NULL);
	catalog->resolve = resolve;
	for (uint8_t i = 0; i < 3; i++) {
		struct module module = {.name = (char *)modules[i], .bit = i};

		module_table_add(&catalog->modules, &module, NULL);
	}
	for (uint32_t i = 0; i <= (mixed ? POLL : SYNC); i++) {
		struct api api = {.id = i, .name = strdup(functions[i].name), .typed = true};

		api.module = functions[i].module ? strdup(functions[i].module) : NULL;
		api.returns_hooked = functions[i].returns;
		api.result.kind = functions[i].result;
		api.result.size = functions[i].size;
		if (functions[i].args) {
			api.params = calloc(3, sizeof(*api.params));
			add_param(&api, "fd", VALUE_SIGNED, 4);
			add_param(&api, "count", VALUE_UNSIGNED, 8);
			add_param(&api, "name", VALUE_STRING, 8);
			api.fetches = calloc(1, sizeof(*api.fetches));
			api.fetches[0].param = 2;
			api.fetches[0].label = strdup("");
			api.n_fetches = 1;
		}
		api_table_add(&catalog->apis, &api, NULL);
	}
	for (uint64_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		uint64_t frames[4];
		struct stack stack = {
			.hash = 100 + i, .modules = stacks[i].modules, .frames = frames};

		for (uint16_t k = 0; k < 4 && stacks[i].frames[k]; k++, stack.n_frames++)
			for (uint64_t s = 0; s < sizeof(symbols) / sizeof(symbols[0]); s++)
				if (!strcmp(symbols[s], stacks[i].frames[k]))
					frames[k] = 0x1000 + s;
		stack_table_add(catalog->stacks, &stack, &added, NULL);
	}
}

static void make_calls(struct plain_call *calls, bool mixed)
{
	for (unsigned i = 0; i < CALLS; i++) {
		struct plain_call *call = &calls[i];

		*call = (struct plain_call){
			.hook = below(mixed ? POLL + 1 : SYNC + 1),
			.pid = 1 + below(5),
			.comm = comms[below(3)],
			.cpu = (uint16_t)below(3),
			.context = (uint8_t)below(4),
			.time = 1000 * i,
			.fd = (int32_t)below(6) - 2,
			.count = below(8) * 512,
			.name = below(4) ? names[below(3)] : NULL,
			.stack = (int)below(5) - 1,
			.duration = below(6) * 1000,
		};
		call->returned = functions[call->hook].returns && below(8);
		/* Results of pointers are NULL, errors or addresses. */
		call->ret = (int64_t)below(7) - 4;
		if (functions[call->hook].result == VALUE_POINTER && call->ret > 0)
			call->ret = (int64_t)0xffff888000001000;
	}
}

static void make_entry(const struct plain_call *call, uint64_t number, bool all_stacks,
		       struct record_builder *record)
{
	record_begin(record, KMN_ENTRY, call->hook, call->time, number);
	record->header.pid = record->header.tid = call->pid;
	record->header.cpu = call->cpu;
	record->header.context = call->context;
	memset(record->header.comm, 0, KMN_COMM);
	memcpy(record->header.comm, call->comm, strlen(call->comm));
	if (call->stack >= 0) {
		struct kmn_stack *stack = (struct kmn_stack *)(&record->header + 1);

		record_add_stack(record, 100 + (uint64_t)call->stack);
		stack->modules = stacks[call->stack].modules;
	}
	if (!functions[call->hook].args)
		return;
	/* What stands above an int in its register is anything. */
	record_add_arg(record, (uint32_t)call->fd | 0xabc00000000);
	record_add_arg(record, call->count);
	record_add_arg(record, 0xffff888000002000);
	if (call->name)
		record_add_fetched(record, 0, KMN_FETCHED, call->name, strlen(call->name));
}

static void make_return(const struct plain_call *call, uint64_t number,
			struct record_builder *record)
{
	record_begin(record, KMN_RETURN, call->hook, call->time + call->duration, 1000 + number);
	record->header.pid = record->header.tid = call->pid;
	record->header.cpu = 9;
	record_add_return(record, (uint64_t)call->ret, call->duration, call->cpu, number);
}

enum leaf_kind {
	LEAF_API,
	LEAF_API_GLOB,
	LEAF_MODULE,
	LEAF_PID,
	LEAF_PIDS,
	LEAF_COMM,
	LEAF_CPU,
	LEAF_CONTEXT,
	LEAF_TIME,
	LEAF_FD,
	LEAF_COUNT,
	LEAF_COUNT_BITS,
	LEAF_NAME,
	LEAF_RET,
	LEAF_ERRNO,
	LEAF_DURATION,
	LEAF_STACK,
	LEAF_CALLER,
	N_LEAVES,
};

struct expression {
	enum { LEAF, ALL, ANY, NOT } what;
	enum leaf_kind leaf;
	unsigned op; /* == != < <= > >= */
	int64_t number;
	const char *word;
	struct expression *parts[2];
};

static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">="};

static bool compare(unsigned op, int64_t a, int64_t b)
{
	switch (op) {
	case 0:
		return a == b;
	case 1:
		return a != b;
	case 2:
		return a < b;
	case 3:
		return a <= b;
	case 4:
		return a > b;
	default:
		return a >= b;
	}
}

static struct expression *make_leaf(void)
{
	static const char *const modules[] = {"ext4", "nvme", "vmlinux"};
	static const char *const contexts[] = {"task", "softirq", "hardirq", "nmi"};
	struct expression *e = calloc(1, sizeof(*e));

	e->leaf = (enum leaf_kind)below(N_LEAVES);
	e->op = below(6);
	switch (e->leaf) {
	case LEAF_API:
		e->word = functions[below(4)].name;
		break;
	case LEAF_API_GLOB:
		e->word = below(2) ? "vfs_*" : "*_w?ite";
		break;
	case LEAF_MODULE:
		e->word = modules[below(3)];
		break;
	case LEAF_COMM:
		e->word = comms[below(3)];
		break;
	case LEAF_CONTEXT:
		e->number = below(4);
		e->word = contexts[e->number];
		break;
	case LEAF_NAME:
		e->word = names[below(3)];
		break;
	case LEAF_STACK:
		e->word = below(3) ? modules[below(2)] : symbols[1 + below(4)];
		break;
	case LEAF_CALLER:
		e->word = symbols[1 + below(4)];
		break;
	case LEAF_TIME:
		e->number = below(CALLS) * 1000;
		break;
	case LEAF_COUNT:
	case LEAF_COUNT_BITS:
		e->number = below(8) * 512;
		break;
	case LEAF_DURATION:
		e->number = below(6) * 1000;
		break;
	case LEAF_FD:
	case LEAF_RET:
		e->number = (int64_t)below(7) - 4;
		break;
	case LEAF_ERRNO:
		e->number = below(4);
		break;
	default:
		e->number = 1 + below(5);
		break;
	}
	return e;
}

static struct expression *make_expression(unsigned depth)
{
	struct expression *e;
	unsigned what = below(8);

	if (!depth || what < 3)
		return make_leaf();
	e = calloc(1, sizeof(*e));
	e->what = what < 6 ? ALL : what < 7 ? ANY : NOT;
	e->parts[0] = make_expression(depth - 1);
	if (e->what != NOT)
		e->parts[1] = make_expression(depth - 1);
	return e;
}

static void free_expression(struct expression *e)
{
	if (!e)
		return;
	free_expression(e->parts[0]);
	free_expression(e->parts[1]);
	free(e);
}

static void print_leaf(const struct expression *e, struct text *out)
{
	const char *equality = e->op & 1 ? "!=" : "==";
	long long number = e->number;

	switch (e->leaf) {
	case LEAF_API:
		text_addf(out, "api %s %s", equality, e->word);
		break;
	case LEAF_API_GLOB:
		text_addf(out, "api %s %s", e->op & 1 ? "!~" : "~", e->word);
		break;
	case LEAF_MODULE:
		text_addf(out, "module %s %s", equality, e->word);
		break;
	case LEAF_PID:
		text_addf(out, "pid %s %lld", e->op ? ops[e->op] : "==", number);
		break;
	case LEAF_PIDS:
		text_addf(out, "pid %s (%lld..%lld, 9)", e->op & 1 ? "not in" : "in", number,
			  number + 1);
		break;
	case LEAF_COMM:
		text_addf(out, "comm %s '%s'", equality, e->word);
		break;
	case LEAF_CPU:
		text_addf(out, "cpu %s %lld", ops[e->op], number);
		break;
	case LEAF_CONTEXT:
		text_addf(out, "context %s %s", equality, e->word);
		break;
	case LEAF_TIME:
		text_addf(out, "time %s %lldns", ops[e->op], number);
		break;
	case LEAF_FD:
		text_addf(out, "fd %s %lld", ops[e->op], number);
		break;
	case LEAF_COUNT:
		text_addf(out, "count %s %lld", ops[e->op], number);
		break;
	case LEAF_COUNT_BITS:
		text_addf(out, "count & 0x%llx", number);
		break;
	case LEAF_NAME:
		text_addf(out, "name %s \"%s\"", equality, e->word);
		break;
	case LEAF_RET:
		text_addf(out, "ret %s %lld", ops[e->op], number);
		break;
	case LEAF_ERRNO:
		text_addf(out, "errno %s %lld", ops[e->op], number);
		break;
	case LEAF_DURATION:
		text_addf(out, "duration %s %lldns", ops[e->op], number);
		break;
	case LEAF_STACK:
		text_addf(out, "stack has %s", e->word);
		break;
	case LEAF_CALLER:
		text_addf(out, "caller %s %s", equality, e->word);
		break;
	case N_LEAVES:
		break;
	}
}

static void print(const struct expression *e, struct text *out)
{
	if (e->what == LEAF) {
		print_leaf(e, out);
		return;
	}
	text_add(out, e->what == NOT ? "not (" : "(");
	print(e->parts[0], out);
	if (e->what != NOT) {
		text_add(out, e->what == ALL ? " and " : " or ");
		print(e->parts[1], out);
	}
	text_add_char(out, ')');
}

static bool same(unsigned op, const char *a, const char *b)
{
	return (op & 1) == (strcmp(a, b) != 0);
}

/* In the type of the result: a pointer has no sign. */
static bool ret_holds(const struct expression *e, const struct plain_call *call)
{
	uint64_t value = (uint64_t)call->ret, with = (uint64_t)e->number;

	if (!call->returned)
		return false;
	if (functions[call->hook].result == VALUE_SIGNED)
		return compare(e->op,
			       functions[call->hook].size == 4 ? (int32_t)call->ret : call->ret,
			       e->number);
	/* Equal in all bits; below a negative number there is no address. */
	if (e->op < 2)
		return (value == with) == !e->op;
	if (e->number < 0)
		return e->op >= 4;
	return e->op == 2   ? value < with
	       : e->op == 3 ? value <= with
	       : e->op == 4 ? value > with
			    : value >= with;
}

static bool stack_has(const struct plain_call *call, const char *name)
{
	static const char *const modules[] = {"vmlinux", "ext4", "nvme"};

	if (call->stack < 0)
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (!strcmp(modules[i], name))
			return stacks[call->stack].modules >> i & 1;
	for (unsigned i = 0; i < 4 && stacks[call->stack].frames[i]; i++)
		if (!strcmp(stacks[call->stack].frames[i], name))
			return true;
	return false;
}

static bool leaf_holds(const struct expression *e, const struct plain_call *call)
{
	const char *api = functions[call->hook].name, *module = functions[call->hook].module;
	bool args = functions[call->hook].args;

	switch (e->leaf) {
	case LEAF_API:
		return same(e->op, api, e->word);
	case LEAF_API_GLOB:
		return (e->word[0] == 'v' ? !strncmp(api, "vfs_", 4) : !strcmp(api, "vfs_write")) ==
		       !(e->op & 1);
	case LEAF_MODULE:
		return same(e->op, module ? module : "vmlinux", e->word);
	case LEAF_PID:
		return compare(e->op, call->pid, e->number);
	case LEAF_PIDS:
		return (call->pid == e->number || call->pid == e->number + 1) == !(e->op & 1);
	case LEAF_COMM:
		return same(e->op, call->comm, e->word);
	case LEAF_CPU:
		return compare(e->op, call->cpu, e->number);
	case LEAF_CONTEXT:
		return (call->context == e->number) == !(e->op & 1);
	case LEAF_TIME:
		return compare(e->op, (int64_t)call->time, e->number);
	case LEAF_FD:
		return args && compare(e->op, call->fd, e->number);
	case LEAF_COUNT:
		return args && compare(e->op, (int64_t)call->count, e->number);
	case LEAF_COUNT_BITS:
		return args && call->count & (uint64_t)e->number;
	case LEAF_NAME:
		return args && call->name && same(e->op, call->name, e->word);
	case LEAF_RET:
		return functions[call->hook].result != VALUE_VOID && ret_holds(e, call);
	case LEAF_ERRNO:
		return call->returned &&
		       compare(e->op, call->ret < 0 && call->ret >= -4095 ? -call->ret : 0,
			       e->number);
	case LEAF_DURATION:
		return call->returned && compare(e->op, (int64_t)call->duration, e->number);
	case LEAF_STACK:
		return stack_has(call, e->word);
	case LEAF_CALLER:
		return call->stack >= 0 && same(e->op, stacks[call->stack].frames[1], e->word);
	case N_LEAVES:
		break;
	}
	return false;
}

static bool holds(const struct expression *e, const struct plain_call *call)
{
	switch (e->what) {
	case LEAF:
		return leaf_holds(e, call);
	case ALL:
		return holds(e->parts[0], call) && holds(e->parts[1], call);
	case ANY:
		return holds(e->parts[0], call) || holds(e->parts[1], call);
	case NOT:
		return !holds(e->parts[0], call);
	}
	return false;
}

/* Mark which records of the calls come out of the filter. */
static void take_out(struct plain_call *calls, const struct kmn_header *const *records, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (records[i]->kind == KMN_ENTRY)
			calls[records[i]->sequence].got_entry = true;
		else
			calls[records[i]->sequence - 1000].got_return = true;
	}
}

/* The recording goes through the filter; up to eight calls are under way at a time. */
static void run(struct plain_call *calls, struct filter *filter)
{
	struct filter_calls *stream = filter_calls_create(filter);
	const struct kmn_header *const *kept;
	struct record_builder record;
	const struct kmn_header *one = &record.header;
	struct error err = {0};
	size_t n;

	for (unsigned i = 0; i < CALLS + 8; i++) {
		if (i < CALLS) {
			make_entry(&calls[i], i, true, &record);
			calls[i].got_entry = calls[i].got_return = false;
			assert_int_equal(filter_calls_push(stream, &one, 1, &kept, &n, &err), 0);
			take_out(calls, kept, n);
		}
		/* They return in another order than they were made. */
		for (unsigned k = 0; k < 2 && i >= 9 && i % 2; k++) {
			unsigned ended = i - 9 + k;

			if (ended >= CALLS || !calls[ended].returned)
				continue;
			make_return(&calls[ended], ended, &record);
			assert_int_equal(filter_calls_push(stream, &one, 1, &kept, &n, &err), 0);
			take_out(calls, kept, n);
		}
	}
	assert_int_equal(filter_calls_end(stream, &kept, &n, &err), 0);
	take_out(calls, kept, n);
	filter_calls_destroy(stream);
}

static struct filter *make_filter(const char *text)
{
	struct filter *filter = filter_create();
	struct error err = {0};

	if (filter_add(filter, text, &err))
		fail_msg("%s: %s", text, err.message);
	return filter;
}

static void bind(struct filter *filter, const struct catalog *catalog, const char *text)
{
	struct error err = {0};

	if (filter_bind(filter, catalog, false, &err))
		fail_msg("%s: %s", text, err.message);
}

static void a_filter_keeps_the_calls_that_its_expression_describes(void **state)
{
	static struct plain_call calls[CALLS];
	unsigned kept = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct expression *e = make_expression(4);
		struct text text = TEXT_INIT;
		struct catalog catalog;
		struct filter *filter;

		make_catalog(&catalog, round & 1);
		make_calls(calls, round & 1);
		print(e, &text);
		filter = make_filter(text_string(&text));
		bind(filter, &catalog, text_string(&text));
		run(calls, filter);
		for (unsigned i = 0; i < CALLS; i++) {
			bool wanted = holds(e, &calls[i]);

			if (calls[i].got_entry != wanted ||
			    calls[i].got_return != (wanted && calls[i].returned))
				fail_msg("call %u of round %u: %s", i, round, text_string(&text));
			kept += wanted;
		}
		filter_destroy(filter);
		catalog_fini(&catalog);
		text_fini(&text);
		free_expression(e);
	}
	/* Neither none nor all, or little was tested. */
	assert_true(kept > ROUNDS * CALLS / 20 && kept < ROUNDS * CALLS / 20 * 19);
}

static bool in_names(const struct spec_names *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->names[i], name))
			return true;
	return false;
}

static uint64_t mask_of(const struct spec_names *modules)
{
	return (in_names(modules, "vmlinux") ? 1u : 0u) | (in_names(modules, "ext4") ? 2u : 0u) |
	       (in_names(modules, "nvme") ? 4u : 0u);
}

/* "fd >= -1", compared as kernel/linux/filter.h does it. */
static bool where_holds(const char *where, const struct plain_call *call)
{
	struct expression e = {.leaf = LEAF_RET};
	char name[16], op[4], number[32];
	bool bits;

	assert_int_equal(sscanf(where, "%15s %3s %31s", name, op, number), 3);
	bits = !strcmp(op, "&");
	e.number =
		number[0] == '-' ? strtoll(number, NULL, 10) : (int64_t)strtoull(number, NULL, 10);
	for (e.op = 0; !bits && strcmp(ops[e.op], op); e.op++)
		assert_true(e.op < 5);
	if (!functions[call->hook].args)
		fail_msg("%s is compared in a function without arguments", where);
	if (!strcmp(name, "fd"))
		return bits ? call->fd & (int32_t)e.number : compare(e.op, call->fd, e.number);
	if (!strcmp(name, "count"))
		return bits ? call->count & (uint64_t)e.number
			    : compare(e.op, (int64_t)call->count, e.number);
	return call->returned && (bits ? call->ret & e.number : ret_holds(&e, call));
}

/* What the programs let through with this spec. */
static bool kernel_keeps(const struct spec *spec, const struct plain_call *call)
{
	uint64_t modules = call->stack < 0 ? 0 : stacks[call->stack].modules;
	bool is_pid = !spec->n_pids;
	bool is_error = call->ret < 0 || (functions[call->hook].result == VALUE_POINTER &&
					  (!call->ret || call->ret >= -4095) && call->ret <= 0);

	for (size_t i = 0; i < spec->n_pids; i++)
		is_pid |= spec->pids[i] == call->pid;
	if (!is_pid || (spec->comms.count && !in_names(&spec->comms, call->comm)))
		return false;
	if (functions[call->hook].result == VALUE_POINTER && call->ret < -4095)
		is_error = false;
	if (spec->errors && !(call->returned && is_error))
		return false;
	if (spec->longer_than && !(call->returned && call->duration >= spec->longer_than))
		return false;
	if (modules & mask_of(&spec->exclude_modules))
		return false;
	if (spec->only_modules.count && !(modules & mask_of(&spec->only_modules)))
		return false;
	for (size_t i = 0; i < spec->where.count; i++)
		if (!where_holds(spec->where.names[i], call))
			return false;
	return true;
}

static void kernel_and_user_space_keep_together_what_the_whole_keeps(void **state)
{
	static struct plain_call calls[CALLS];
	unsigned settled = 0, narrowed = 0, left_out = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct expression *e = make_expression(4);
		bool mixed = round & 1, added;
		struct text text = TEXT_INIT;
		struct error err = {0};
		struct catalog catalog;
		struct filter *filter;
		struct spec spec;

		make_catalog(&catalog, mixed);
		make_calls(calls, mixed);
		print(e, &text);
		filter = make_filter(text_string(&text));
		spec_init(&spec);
		spec_add_hook(&spec, "vfs_*", true, false, &err);
		/* One without its return: what is told at returns can't be left to the kernel. */
		spec_add_hook(&spec, "do_poll", !mixed, false, &err);
		assert_int_equal(filter_push(filter, &spec, NULL, &err), 0);
		settled += filter_is_empty(filter);
		bind(filter, &catalog, text_string(&text));
		assert_int_equal(filter_narrow(filter, &spec, &added, &err), 0);
		narrowed += added;
		run(calls, filter);
		for (unsigned i = 0; i < CALLS; i++) {
			bool kernel = kernel_keeps(&spec, &calls[i]);
			bool wanted = holds(e, &calls[i]);

			if ((kernel && calls[i].got_entry) != wanted)
				fail_msg("call %u of round %u: %s", i, round, text_string(&text));
			left_out += !kernel;
		}
		spec_fini(&spec);
		filter_destroy(filter);
		catalog_fini(&catalog);
		text_fini(&text);
		free_expression(e);
	}
	assert_true(settled > ROUNDS / 50 && narrowed > ROUNDS / 20);
	assert_true(left_out > ROUNDS * CALLS / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_keeps_the_calls_that_its_expression_describes),
		cmocka_unit_test(kernel_and_user_space_keep_together_what_the_whole_keeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
