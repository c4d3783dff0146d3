/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to TRACE.SYS: what is not valid to the last byte is refused, what is handed on is valid.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <nt/control.h>

/* What the operations were called with last; they write all that they may write. */
static struct {
	unsigned calls;
	struct trace_hook hook;
	struct trace_start start;
	struct trace_await await;
} seen;

static void op_system(void *context, struct trace_system *system)
{
	seen.calls++;
	memset(system, 1, sizeof(*system));
}

static enum control_result op_start(void *context, const struct trace_start *start)
{
	seen.calls++;
	seen.start = *start;
	return CONTROL_DONE;
}

static enum control_result op_filter(void *context, const struct trace_filter *filter)
{
	seen.calls++;
	assert_int_equal(filter->reserved, 0);
	return CONTROL_DONE;
}

static enum control_result op_hook(void *context, const struct trace_hook *hook,
				   struct trace_hooked *hooked)
{
	seen.calls++;
	seen.hook = *hook;
	memset(hooked, 2, sizeof(*hooked));
	return CONTROL_DONE;
}

static void op_unhook(void *context, struct trace_unhooked *unhooked)
{
	seen.calls++;
	memset(unhooked, 3, sizeof(*unhooked));
}

static enum control_result op_remove(void *context, const struct trace_remove *remove,
				     struct trace_removed *removed)
{
	seen.calls++;
	assert_in_range(remove->hook, 0, TRACE_MAX_HOOKS - 1);
	assert_int_equal(remove->reserved, 0);
	memset(removed, 6, sizeof(*removed));
	return CONTROL_DONE;
}

static enum control_result op_bit(void *context, const struct trace_name *name,
				  struct trace_bit *bit)
{
	seen.calls++;
	assert_in_range(strnlen(name->name, TRACE_NAME), 1, TRACE_NAME - 1);
	memset(bit, 7, sizeof(*bit));
	return CONTROL_DONE;
}

static enum control_result op_await(void *context, const struct trace_await *await,
				    struct trace_hooked *hooked)
{
	seen.calls++;
	seen.await = *await;
	assert_true(await->hook.address && await->hook.address < await->size);
	assert_int_equal(await->hook.role, TRACE_ROLE_NONE);
	assert_in_range(strnlen(await->module, TRACE_NAME), 1, TRACE_NAME - 1);
	memset(hooked, 8, sizeof(*hooked));
	return CONTROL_DONE;
}

#define LIST(name, type)                                                                           \
	static size_t op_##name(void *context, type *list, size_t n)                               \
	{                                                                                          \
		seen.calls++;                                                                      \
		memset(list, 4, n * sizeof(*list));                                                \
		return n;                                                                          \
	}
LIST(modules, struct trace_module)
LIST(awaited, struct trace_awaited)
LIST(ledger, struct trace_row)
LIST(blocks, struct trace_block)
LIST(tags, struct trace_tag)

static size_t op_read(void *context, void *bytes, size_t n)
{
	seen.calls++;
	assert_int_equal(n % 8, 0);
	memset(bytes, 5, n);
	return n;
}

static const struct control_operations operations = {
	.system = op_system,
	.start = op_start,
	.filter = op_filter,
	.hook = op_hook,
	.unhook = op_unhook,
	.remove = op_remove,
	.bit = op_bit,
	.await = op_await,
	.awaited = op_awaited,
	.modules = op_modules,
	.ledger = op_ledger,
	.read = op_read,
	.blocks = op_blocks,
	.tags = op_tags,
};

/* As the kernel does it: a buffer of the larger length, exactly, so that a sanitizer sees more. */
static enum control_result ask(uint32_t code, const void *in, size_t in_length, size_t out_length,
			       size_t *written)
{
	bool direct = (code & 3) == TRACE_OUT_DIRECT;
	size_t length = in_length > out_length && !direct ? in_length
			: direct			  ? in_length
							  : out_length;
	struct control_request request = {
		.code = code,
		.buffer = malloc(length ? length : 1),
		.in_length = in_length,
		.direct = direct && out_length ? malloc(out_length) : NULL,
		.out_length = out_length,
	};
	enum control_result result;

	if (in_length)
		memcpy(request.buffer, in, in_length);
	result = control_handle(&operations, NULL, &request, written);
	free(request.buffer);
	free(request.direct);
	return result;
}

static void test_lengths(void **state)
{
	struct trace_start start = {.buffer = TRACE_MIN_BUFFER};
	size_t written;

	assert_int_equal(ask(TRACE_SYSTEM, NULL, 0, sizeof(struct trace_system), &written),
			 CONTROL_DONE);
	assert_int_equal(written, sizeof(struct trace_system));
	assert_int_equal(ask(TRACE_SYSTEM, NULL, 0, sizeof(struct trace_system) - 1, &written),
			 CONTROL_LENGTH);
	assert_int_equal(written, 0);
	assert_int_equal(ask(TRACE_START, &start, sizeof(start), 0, &written), CONTROL_DONE);
	assert_int_equal(ask(TRACE_START, &start, sizeof(start) - 1, 0, &written), CONTROL_LENGTH);
	assert_int_equal(ask(TRACE_START, &start, sizeof(start), 1, &written), CONTROL_LENGTH);
	assert_int_equal(ask(TRACE_READ, NULL, 0, 4096, &written), CONTROL_DONE);
	assert_int_equal(written, 4096);
	assert_int_equal(ask(TRACE_READ, NULL, 0, 4097, &written), CONTROL_LENGTH);
	assert_int_equal(ask(TRACE_READ, NULL, 0, 0, &written), CONTROL_LENGTH);
	assert_int_equal(ask(TRACE_LEDGER, NULL, 0, 3 * sizeof(struct trace_row), &written),
			 CONTROL_DONE);
	assert_int_equal(ask(TRACE_LEDGER, NULL, 0, sizeof(struct trace_row) + 1, &written),
			 CONTROL_LENGTH);
	assert_int_equal(ask(TRACE_CODE(99, TRACE_BUFFERED), NULL, 0, 0, &written),
			 CONTROL_UNKNOWN);
	assert_int_equal(ask(TRACE_SYSTEM | 3, NULL, 0, 0, &written), CONTROL_UNKNOWN);
}

static void test_start_content(void **state)
{
	static const struct {
		struct trace_start start;
		enum control_result result;
	} cases[] = {
		{{.buffer = 8192, .frames = TRACE_MAX_FRAMES}, CONTROL_DONE},
		{{.buffer = TRACE_MAX_BUFFER, .blocks = TRACE_MAX_BLOCKS}, CONTROL_DONE},
		{{.buffer = 0}, CONTROL_CONTENT},
		{{.buffer = TRACE_MIN_BUFFER / 2}, CONTROL_CONTENT},
		{{.buffer = TRACE_MAX_BUFFER * 2u}, CONTROL_CONTENT},
		{{.buffer = 8200}, CONTROL_CONTENT},
		{{.buffer = 8192, .frames = TRACE_MAX_FRAMES + 1}, CONTROL_CONTENT},
		{{.buffer = 8192, .blocks = TRACE_MAX_BLOCKS + 1}, CONTROL_CONTENT},
		{{.buffer = 8192, .reserved = 1}, CONTROL_CONTENT},
	};
	size_t written;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			ask(TRACE_START, &cases[i].start, sizeof(cases[i].start), 0, &written),
			cases[i].result);
}

static enum control_result ask_hook(const struct trace_hook *hook)
{
	size_t written;

	return ask(TRACE_HOOK, hook, sizeof(*hook), sizeof(struct trace_hooked), &written);
}

static void test_hook_content(void **state)
{
	struct trace_hook good = {.address = 0x1000, .n_args = TRACE_MAX_ARGS, .name = "f"}, hook;

	assert_int_equal(ask_hook(&good), CONTROL_DONE);
	assert_string_equal(seen.hook.name, "f");
	hook = good;
	hook.address = 0;
	assert_int_equal(ask_hook(&hook), CONTROL_CONTENT);
	hook = good;
	hook.flags = TRACE_HOOK_LOG; /* of what does nothing to memory */
	assert_int_equal(ask_hook(&hook), CONTROL_CONTENT);
	hook = good;
	hook.flags = TRACE_HOOK_LOG | TRACE_HOOK_RETURN;
	hook.role = TRACE_ROLE_FREE;
	assert_int_equal(ask_hook(&hook), CONTROL_DONE);
	hook = good;
	hook.flags = TRACE_HOOK_ERRORS; /* without the return nobody knows */
	assert_int_equal(ask_hook(&hook), CONTROL_CONTENT);
	hook.flags = TRACE_HOOK_ERRORS | TRACE_HOOK_RETURN;
	assert_int_equal(ask_hook(&hook), CONTROL_DONE);
	hook.role = TRACE_ROLE_FREE;
	assert_int_equal(ask_hook(&hook), CONTROL_CONTENT);
	hook = good;
	hook.flags = 1u << 31;
	assert_int_equal(ask_hook(&hook), CONTROL_CONTENT);
	hook = good;
	hook.n_args++;
	assert_int_equal(ask_hook(&hook), CONTROL_CONTENT);
	hook = good;
	hook.role = TRACE_N_ROLES;
	hook.flags = TRACE_HOOK_RETURN;
	assert_int_equal(ask_hook(&hook), CONTROL_CONTENT);
	hook = good;
	hook.role = TRACE_ROLE_FREE; /* memory needs the return */
	assert_int_equal(ask_hook(&hook), CONTROL_CONTENT);
	hook = good;
	memset(hook.name, 'f', sizeof(hook.name)); /* no end */
	assert_int_equal(ask_hook(&hook), CONTROL_CONTENT);
	hook = good;
	hook.name[0] = '\0';
	assert_int_equal(ask_hook(&hook), CONTROL_CONTENT);
}

static void test_remove_content(void **state)
{
	struct trace_remove remove = {.hook = TRACE_MAX_HOOKS - 1};
	size_t written;

	assert_int_equal(
		ask(TRACE_REMOVE, &remove, sizeof(remove), sizeof(struct trace_removed), &written),
		CONTROL_DONE);
	assert_int_equal(written, sizeof(struct trace_removed));
	assert_int_equal(ask(TRACE_REMOVE, &remove, sizeof(remove) - 1,
			     sizeof(struct trace_removed), &written),
			 CONTROL_LENGTH);
	assert_int_equal(written, 0);
	assert_int_equal(ask(TRACE_REMOVE, &remove, sizeof(remove),
			     sizeof(struct trace_removed) + 1, &written),
			 CONTROL_LENGTH);
	remove.reserved = 1;
	assert_int_equal(
		ask(TRACE_REMOVE, &remove, sizeof(remove), sizeof(struct trace_removed), &written),
		CONTROL_CONTENT);
	remove = (struct trace_remove){.hook = TRACE_MAX_HOOKS};
	assert_int_equal(
		ask(TRACE_REMOVE, &remove, sizeof(remove), sizeof(struct trace_removed), &written),
		CONTROL_CONTENT);
	assert_int_equal(written, 0);
}

static void test_bit_content(void **state)
{
	struct trace_name name = {.name = "late.sys"};
	size_t written;

	assert_int_equal(ask(TRACE_BIT, &name, sizeof(name), sizeof(struct trace_bit), &written),
			 CONTROL_DONE);
	assert_int_equal(written, sizeof(struct trace_bit));
	assert_int_equal(
		ask(TRACE_BIT, &name, sizeof(name) - 1, sizeof(struct trace_bit), &written),
		CONTROL_LENGTH);
	memset(&name, 'x', sizeof(name)); /* no end */
	assert_int_equal(ask(TRACE_BIT, &name, sizeof(name), sizeof(struct trace_bit), &written),
			 CONTROL_CONTENT);
	name.name[0] = '\0';
	assert_int_equal(ask(TRACE_BIT, &name, sizeof(name), sizeof(struct trace_bit), &written),
			 CONTROL_CONTENT);
	assert_int_equal(written, 0);
}

static enum control_result ask_await(const struct trace_await *await)
{
	size_t written;

	return ask(TRACE_AWAIT, await, sizeof(*await), sizeof(struct trace_hooked), &written);
}

static void test_await_content(void **state)
{
	const struct trace_await good = {
		.hook = {.address = 0xfff, .n_args = TRACE_MAX_ARGS, .name = "f"},
		.stamp = 1,
		.size = 0x1000,
		.module = "late.sys",
	};
	struct trace_await await = good;
	size_t written;

	assert_int_equal(ask_await(&await), CONTROL_DONE);
	assert_string_equal(seen.await.module, "late.sys");
	await.hook.flags = TRACE_HOOK_RETURN | TRACE_HOOK_ERRORS;
	assert_int_equal(ask_await(&await), CONTROL_DONE);
	await.hook.address = 0x1000; /* behind the image */
	assert_int_equal(ask_await(&await), CONTROL_CONTENT);
	await.hook.address = 0x100000fffull;
	assert_int_equal(ask_await(&await), CONTROL_CONTENT);
	await = good;
	await.hook.address = 0;
	assert_int_equal(ask_await(&await), CONTROL_CONTENT);
	await = good;
	await.hook.role = TRACE_ROLE_FREE;
	await.hook.flags = TRACE_HOOK_RETURN;
	assert_int_equal(ask_await(&await), CONTROL_CONTENT);
	await = good;
	await.hook.name[0] = '\0';
	assert_int_equal(ask_await(&await), CONTROL_CONTENT);
	await = good;
	await.module[0] = '\0';
	assert_int_equal(ask_await(&await), CONTROL_CONTENT);
	await = good;
	memset(await.module, 'm', sizeof(await.module)); /* no end */
	assert_int_equal(ask_await(&await), CONTROL_CONTENT);
	assert_int_equal(
		ask(TRACE_AWAIT, &good, sizeof(good) - 8, sizeof(struct trace_hooked), &written),
		CONTROL_LENGTH);
	assert_int_equal(ask(TRACE_AWAITED, NULL, 0, 2 * sizeof(struct trace_awaited), &written),
			 CONTROL_DONE);
	assert_int_equal(ask(TRACE_AWAITED, NULL, 0, sizeof(struct trace_awaited) + 8, &written),
			 CONTROL_LENGTH);
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

/* A million requests, many nearly right; the buffers are no longer than what was said. */
static void test_hostile(void **state)
{
	static const size_t lengths[] = {0, 8, 16, 24, 48, 64, 72, 88, 136, 160, 360};
	static unsigned char in[512];
	unsigned done = 0;

	seen.calls = 0;
	for (unsigned i = 0; i < 1000000; i++) {
		uint32_t code = random_below(16) ? TRACE_CODE(random_below(16), random_below(4))
						 : random_below(UINT32_MAX);
		size_t in_length =
			lengths[random_below(11)] + (random_below(4) ? 0 : random_below(8));
		size_t out_length =
			lengths[random_below(11)] + (random_below(4) ? 0 : random_below(8));
		size_t written;

		if (random_below(2))
			memset(in, 0, sizeof(in));
		((uint32_t *)in)[random_below(48)] =
			random_below(2) ? 1u << random_below(32) : random_below(UINT32_MAX);
		done += ask(code, in, in_length, out_length, &written) == CONTROL_DONE;
		assert_true(written <= out_length);
	}
	/* What was done was done by an operation, and much was refused. */
	assert_int_equal(done, seen.calls);
	assert_in_range(done, 1000, 900000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),	     cmocka_unit_test(test_start_content),
		cmocka_unit_test(test_hook_content), cmocka_unit_test(test_remove_content),
		cmocka_unit_test(test_bit_content),  cmocka_unit_test(test_await_content),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
