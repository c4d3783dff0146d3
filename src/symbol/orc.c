/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/orc.h"

#include <string.h>

/* In bits; the two offsets come before. */
#define FLAGS_AT 32
#define ENTRY_BYTES 6

static const struct btf_member *find_member(const struct btf *btf, const struct btf_type *type,
					    const char *name, uint32_t *at, uint32_t *bits)
{
	const struct btf_member *members = btf_members(type);

	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		if (strcmp(btf__name_by_offset(btf, members[i].name_off), name) != 0)
			continue;
		*at = btf_member_bit_offset(type, i);
		*bits = btf_member_bitfield_size(type, i);
		return &members[i];
	}
	return NULL;
}

static bool member_is(const struct btf *btf, const struct btf_type *type, const char *name,
		      uint32_t at, uint32_t bits)
{
	uint32_t real_at, real_bits;

	return find_member(btf, type, name, &real_at, &real_bits) && real_at == at &&
	       real_bits == bits;
}

bool orc_layout_find(const struct btf *btf, struct kmn_orc_layout *layout)
{
	int32_t id = btf__find_by_name_kind(btf, "orc_entry", BTF_KIND_STRUCT);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	struct kmn_orc_layout found = {0};
	uint32_t at, bits;

	if (!type || type->size != ENTRY_BYTES || !member_is(btf, type, "sp_offset", 0, 0) ||
	    !member_is(btf, type, "bp_offset", 16, 0) ||
	    !member_is(btf, type, "sp_reg", FLAGS_AT, 4) ||
	    !member_is(btf, type, "bp_reg", FLAGS_AT + 4, 4) ||
	    !find_member(btf, type, "type", &at, &bits) || at < FLAGS_AT + 8 || !bits ||
	    at + bits > FLAGS_AT + 16)
		return false;
	found.type_shift = (uint8_t)(at - FLAGS_AT);
	found.type_mask = (uint8_t)((1u << bits) - 1);
	if (find_member(btf, type, "end", &at, &bits)) {
		/* UNWIND_HINT_TYPE_* until 6.3 */
		if (at < FLAGS_AT + 8 || bits != 1 || at >= FLAGS_AT + 16)
			return false;
		found.end_shift = (uint8_t)(at - FLAGS_AT);
		found.call = 0;
		found.regs = 1;
		found.regs_partial = 2;
	} else {
		/* ORC_TYPE_* since 6.4 (fb799447ae29, "x86,objtool: Split UNWIND_HINT_EMPTY in
		   two"), in three bits */
		if (found.type_mask != 7)
			return false;
		found.end = 1;
		found.call = 2;
		found.regs = 3;
		found.regs_partial = 4;
	}
	*layout = found;
	return true;
}

bool orc_table_find(const struct kallsyms *kallsyms, struct orc_table *table)
{
	uint64_t text_end = kallsyms_address(kallsyms, "_etext");
	uint64_t ips_end = kallsyms_address(kallsyms, "__stop_orc_unwind_ip");
	struct orc_table found = {
		.text = kallsyms_address(kallsyms, "_stext"),
		.ips = kallsyms_address(kallsyms, "__start_orc_unwind_ip"),
		.entries = kallsyms_address(kallsyms, "__start_orc_unwind"),
		.lookup = kallsyms_address(kallsyms, "orc_lookup"),
	};

	if (!found.text || text_end <= found.text || !found.ips || !found.entries ||
	    ips_end <= found.ips)
		return false;
	found.text_size = text_end - found.text;
	found.n = (ips_end - found.ips) / sizeof(int32_t);
	*table = found;
	return true;
}
