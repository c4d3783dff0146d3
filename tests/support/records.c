/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include <stdlib.h>
#include <string.h>

static void *record_extend(struct record_builder *record, size_t length)
{
	size_t at = record->header.length;

	record->header.length = (uint16_t)(at + length);
	return (char *)record + at;
}

void record_begin(struct record_builder *record, enum kmn_kind kind, uint32_t hook, uint64_t time,
		  uint64_t sequence)
{
	memset(record, 0, sizeof(*record));
	record->header = (struct kmn_header){
		.length = sizeof(record->header),
		.kind = (uint8_t)kind,
		.hook = hook,
		.time = time,
		.sequence = sequence,
		.pid = 412,
		.tid = 413,
		.cpu = 1,
		.comm = "bash",
	};
}

void record_add_return(struct record_builder *record, uint64_t value, uint64_t duration,
		       uint32_t entry_cpu, uint64_t entry_sequence)
{
	struct kmn_return ret = {
		.value = value,
		.duration = duration,
		.entry_cpu = entry_cpu,
		.entry_sequence = entry_sequence,
	};

	memcpy(record_extend(record, sizeof(ret)), &ret, sizeof(ret));
}

void record_add_stack(struct record_builder *record, uint64_t hash)
{
	struct kmn_stack stack = {.hash = hash, .modules = 1};

	record->header.flags |= KMN_HAS_STACK;
	memcpy(record_extend(record, sizeof(stack)), &stack, sizeof(stack));
}

void record_add_arg(struct record_builder *record, uint64_t word)
{
	record->header.n_args++;
	memcpy(record_extend(record, sizeof(word)), &word, sizeof(word));
}

void record_add_fetched(struct record_builder *record, uint8_t fetch, enum kmn_fetch_status status,
			const void *data, size_t length)
{
	struct kmn_fetched fetched = {fetch, (uint8_t)status, (uint16_t)length};
	const unsigned char *bytes;
	struct record_view view;
	size_t end = record->header.length;

	/* The next datum follows the last one, before the padding to 8. */
	if (record->header.n_fetches) {
		record_parse(record, sizeof(*record), &view, NULL);
		bytes = view.fetched + view.fetched_length;
		end = (size_t)(bytes - (const unsigned char *)record);
	}
	record->header.n_fetches++;
	record->header.length = (uint16_t)end;
	memcpy(record_extend(record, sizeof(fetched)), &fetched, sizeof(fetched));
	if (length)
		memcpy(record_extend(record, length), data, length);
	record->header.length = (uint16_t)((record->header.length + 7) & ~7);
}

void record_add_frames(struct record_builder *record, const uint64_t *frames, uint16_t n)
{
	record->header.flags |= KMN_STACK_INLINE;
	record->header.n_frames = n;
	memcpy(record_extend(record, n * sizeof(*frames)), frames, n * sizeof(*frames));
}

static struct api_param param(const char *name, uint8_t slot, struct value_type type)
{
	return (struct api_param){.name = strdup(name), .slot = slot, .slots = 1, .type = type};
}

static struct value_type type(enum value_kind kind, uint32_t size, const char *name)
{
	return (struct value_type){kind, size, strdup(name), 0};
}

static struct api *api_create(uint32_t id, const char *name, size_t n_params, size_t n_fetches)
{
	static struct api api;

	api = (struct api){
		.id = id,
		.name = strdup(name),
		.typed = true,
		.method = METHOD_FENTRY,
		.params = calloc(n_params + 1, sizeof(*api.params)),
		.n_params = n_params,
		.fetches = calloc(n_fetches + 1, sizeof(*api.fetches)),
		.n_fetches = n_fetches,
	};
	return &api;
}

static struct api_fetch fetch(uint8_t index, const char *label, enum fetch_form form)
{
	return (struct api_fetch){.param = index, .label = strdup(label), .form = form};
}

static void add_apis(struct api_table *apis)
{
	struct api *api = api_create(HOOK_OPEN, "do_open", 2, 1);

	api->module = strdup("ext4");
	api->returns_hooked = true;
	api->result = type(VALUE_SIGNED, 4, "int");
	api->params[0] = param("name", 0, type(VALUE_STRING, 8, "const char *"));
	api->params[1] = param("flags", 1, type(VALUE_SIGNED, 4, "int"));
	api->fetches[0] = fetch(0, "", FETCH_STRING);
	api_table_add(apis, api, NULL);

	api = api_create(HOOK_WAKE, "wake", 2, 2);
	api->result = type(VALUE_VOID, 0, "void");
	api->params[0] = param("task", 0, type(VALUE_OBJECT, 8, "struct task_struct *"));
	api->params[1] = param("mode", 1, type(VALUE_ENUM, 4, "enum mode"));
	api->fetches[0] = fetch(0, "comm", FETCH_STRING);
	api->fetches[1] = fetch(0, "pid", FETCH_SIGNED);
	api_table_add(apis, api, NULL);

	api = api_create(HOOK_ALLOC, "alloc", 2, 0);
	api->returns_hooked = true;
	api->method = METHOD_KPROBE_MULTI;
	api->result = type(VALUE_POINTER, 8, "void *");
	api->params[0] = param("size", 0, type(VALUE_UNSIGNED, 8, "size_t"));
	api->params[1] = param("flags", 1, type(VALUE_UNSIGNED, 4, "gfp_t"));
	api_table_add(apis, api, NULL);

	api = api_create(HOOK_RAW, "raw", 0, 0);
	api->typed = false;
	api->method = METHOD_KPROBE;
	api_table_add(apis, api, NULL);

	api = api_create(HOOK_POLL, "poll", 1, 1);
	api->returns_hooked = true;
	api->result = type(VALUE_VOID, 0, "void");
	api->params[0] = param("file", 0, type(VALUE_OBJECT, 8, "struct file *"));
	api->fetches[0] = fetch(0, "", FETCH_PATH);
	api_table_add(apis, api, NULL);
}

static bool resolve(const struct catalog *catalog, uint64_t address, struct frame *frame)
{
	if (address < 0x1000 || address > 0x2fff)
		return false;
	frame->symbol = address < 0x2000 ? "alpha" : "beta";
	frame->module = address < 0x2000 ? NULL : "ext4";
	frame->offset = address & 0xfff;
	return true;
}

void test_catalog_init(struct catalog *catalog)
{
	struct enumeration mode = {.name = strdup("mode"), .n_members = 2};
	uint32_t index;

	catalog_init(catalog, NULL);
	catalog->clock_offset = 1767323045000000000;
	catalog->start = 1000000000;
	catalog->resolve = resolve;
	mode.members = calloc(2, sizeof(*mode.members));
	mode.members[0] = (struct enumerator){0, strdup("MODE_SLOW")};
	mode.members[1] = (struct enumerator){-1, strdup("MODE_NONE")};
	api_table_add_enumeration(&catalog->apis, &mode, &index, NULL);
	add_apis(&catalog->apis);
}

static size_t find_places(struct place_finder *finder, const struct catalog *catalog,
			  uint64_t address, bool returned, const struct place **places)
{
	static const struct place entry = {NULL, "alpha.c", 10}, back = {NULL, "alpha.c", 20},
				  inlined = {"odd\nname", "beta.c", 3};

	if (address >= 0x1000 && address < 0x2000)
		*places = returned ? &back : &entry;
	else if (address >= 0x2000 && address < 0x3000)
		*places = &inlined;
	else
		return 0;
	return 1;
}

struct place_finder *test_places(void)
{
	static struct place_finder finder = {find_places};

	return &finder;
}
