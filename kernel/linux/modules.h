/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Modules that come and go while recording: told to the reader, and their text ranges put where the
 * module filter finds them before their init function runs.
 */
#ifndef KMN_LINUX_MODULES_H
#define KMN_LINUX_MODULES_H

#include "emit.h"
#include "context.h"
#include "regions.h"

/* The text of the init function: base and size are 0 when it is over. */
static __always_inline void module_init_text(struct module *module, __u64 *base, __u64 *size)
{
	struct module___layout *old = (void *)module;

	if (bpf_core_field_exists(module->mem)) {
		*base = (__u64)BPF_CORE_READ(module, mem[4].base);
		*size = BPF_CORE_READ(module, mem[4].size);
	} else {
		*base = (__u64)BPF_CORE_READ(old, init_layout.base);
		*size = BPF_CORE_READ(old, init_layout.text_size);
	}
}

static __always_inline __u64 named_bit(const __u64 *words)
{
	for (int i = 0; i < KMN_MAX_NAMED; i++) {
		const __u64 *want = (const __u64 *)named_modules[i].name;
		bool same = true;

		if (!named_modules[i].bit)
			break;
		for (int j = 0; j < 7; j++) {
			if (words[j] != want[j])
				same = false;
		}
		if (same)
			return named_modules[i].bit;
	}
	return 0;
}

#define MODULE_SHARED 63 /* MODULE_SHARED_BIT of model/module.h */

/* For the module filter: the number of the module's bit, or KMN_NO_MODULE. */
static __always_inline void mark_pages(__u64 base, __u64 size, __u8 number)
{
	pages_mark(base, size, (struct pages_change){.value = number});
}

struct module_record {
	struct kmn_header header;
	__u64 base, size, bit, init, init_size;
	struct kmn_fetched fetched;
	char name[56 + 4];
};

static __always_inline void module_event(struct module *module, __u8 kind)
{
	struct module_record record = {};
	__u64 number;
	__u64 name[7]; /* aligned, unlike the record's */
	__u32 cpu = bpf_get_smp_processor_id();

	header_fill(&record.header, kind, KMN_NO_HOOK, cpu, context_level(0),
		    bpf_get_current_pid_tgid(), bpf_ktime_get_ns());
	record.header.n_args = KMN_MODULE_ARGUMENTS;
	record.header.n_fetches = 1;
	module_text(module, &record.base, &record.size);
	bpf_core_read(name, sizeof(name), &module->name);
	__builtin_memcpy(record.name, name, sizeof(name));
	record.bit = named_bit(name);
	record.fetched.length = 56;
	number = record.bit ? record.bit - 1 : MODULE_SHARED;
	if (kind == KMN_MODULE_UNLOAD)
		number = KMN_NO_MODULE;
	mark_pages(record.base, record.size, number);
	module_init_text(module, &record.init, &record.init_size);
	if (record.init) {
		mark_pages(record.init, record.init_size, number);
		/* A BPF program may have been there. */
		text_mark(record.init, record.init_size, 0);
	}
	if (kind == KMN_MODULE_UNLOAD)
		region_remove(record.base);
	else
		region_add(module, record.base, record.size);
	emit_at_once(&record.header, sizeof(record), cpu);
}

SEC("tp_btf/module_load")
int module_loaded(__u64 *ctx)
{
	module_event((struct module *)ctx[0], KMN_MODULE_LOAD);
	return 0;
}

SEC("tp_btf/module_free")
int module_freed(__u64 *ctx)
{
	module_event((struct module *)ctx[0], KMN_MODULE_UNLOAD);
	return 0;
}

#endif
