/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Modules that come and go while recording: told to the reader, and their text ranges put where the
 * module filter finds them before their init function runs.
 */
#ifndef KMN_LINUX_MODULES_H
#define KMN_LINUX_MODULES_H

#include "emit.h"
#include "context.h"

static __always_inline void module_text(struct module *module, __u64 *base, __u64 *size)
{
	struct module___layout *old = (void *)module;

	if (bpf_core_field_exists(module->mem)) {
		*base = (__u64)BPF_CORE_READ(module, mem[0].base);
		*size = BPF_CORE_READ(module, mem[0].size);
	} else {
		*base = (__u64)BPF_CORE_READ(old, core_layout.base);
		*size = BPF_CORE_READ(old, core_layout.text_size);
	}
}

static __always_inline __u64 named_bit(const char *name)
{
	const __u64 *words = (const __u64 *)name;

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

struct module_record {
	struct kmn_header header;
	__u64 base, size, bit;
	struct kmn_fetched fetched;
	char name[56 + 4];
};

static __always_inline void module_event(struct module *module, __u8 kind)
{
	struct module_record record = {};
	__u32 cpu = bpf_get_smp_processor_id();

	if (config.stage != KMN_STAGE_RECORD)
		return;
	header_fill(&record.header, kind, KMN_NO_HOOK, cpu, context_level(),
		    bpf_get_current_pid_tgid(), bpf_ktime_get_ns());
	record.header.n_args = 3;
	record.header.n_fetches = 1;
	module_text(module, &record.base, &record.size);
	bpf_core_read(record.name, 56, module->name);
	record.bit = named_bit(record.name);
	record.fetched.length = 56;
	if (kind == KMN_MODULE_LOAD && record.base) {
		__u32 slot = __sync_fetch_and_add(&config.n_late, 1) & (KMN_MAX_LATE - 1);

		late_ranges[slot].bit = record.bit ? record.bit : 1ull << 63;
		late_ranges[slot].start = record.base;
		late_ranges[slot].size = record.size;
	}
	emit(&record.header, sizeof(record), cpu);
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
