/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "targets.h"

size_t hook_targets_size(size_t size)
{
	return (size + 31) / 32 * sizeof(uint32_t);
}

void hook_targets_init(struct hook_targets *targets, uint64_t begin, size_t size, void *memory)
{
	*targets = (struct hook_targets){begin, size, memory};
	for (size_t i = 0; i < (size + 31) / 32; i++)
		targets->bits[i] = 0;
}

void hook_targets_add(struct hook_targets *targets, enum insn_mode mode, uint64_t address,
		      const uint8_t *bytes, size_t size)
{
	struct insn insn;

	for (size_t at = 0; at < size;) {
		uint64_t offset;

		if (!insn_decode(bytes + at, size - at, mode, &insn)) {
			at++;
			continue;
		}
		offset = insn_target(&insn, address + at, mode) - targets->begin;
		if (insn.relative_size && offset < targets->size)
			targets->bits[offset / 32] |= 1u << offset % 32;
		at += insn.length;
	}
}

bool hook_targets_any(const struct hook_targets *targets, uint64_t address, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t offset = address + i - targets->begin;

		if (offset < targets->size && targets->bits[offset / 32] >> offset % 32 & 1)
			return true;
	}
	return false;
}
