/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Section numbers are those of the Intel SDM, volume 2. */
#include "insn.h"
#include "insn_tables.h"

enum {
	MAP_ONE = 0,
	MAP_0F = 1,
	MAP_0F38 = 2,
	MAP_0F3A = 3,
	MAP_VEX = 4, /* + the map that the VEX or EVEX prefix names */
};

struct reader {
	const uint8_t *bytes;
	size_t available;
	size_t at;
	enum insn_mode mode;
	bool operand_size, address_size; /* prefixes 66 and 67 */
	uint8_t repeat;			 /* f2 or f3, whichever came last */
	uint8_t rex;
};

static bool next_byte(struct reader *reader, uint8_t *byte)
{
	if (reader->at >= reader->available)
		return false;
	*byte = reader->bytes[reader->at++];
	return true;
}

static bool peek_byte(const struct reader *reader, uint8_t *byte)
{
	if (reader->at >= reader->available)
		return false;
	*byte = reader->bytes[reader->at];
	return true;
}

static int32_t signed_value(const uint8_t *bytes, size_t size)
{
	uint32_t value = 0;

	if (size == 1)
		return (int8_t)bytes[0];
	for (size_t i = 0; i < size; i++)
		value |= (uint32_t)bytes[i] << 8 * i;
	return size == 2 ? (int16_t)value : (int32_t)value;
}

static bool is_legacy_prefix(uint8_t byte)
{
	return byte == 0xf0 || byte == 0xf2 || byte == 0xf3 || (byte & 0xe7) == 0x26 ||
	       (byte >= 0x64 && byte <= 0x67);
}

/* 2.1.1, 2.2.1: a REX prefix that is not the last of all is ignored. */
static bool read_prefixes(struct reader *reader)
{
	uint8_t byte;

	while (peek_byte(reader, &byte)) {
		if (is_legacy_prefix(byte)) {
			reader->rex = 0;
			reader->operand_size |= byte == 0x66;
			reader->address_size |= byte == 0x67;
			if (byte == 0xf2 || byte == 0xf3)
				reader->repeat = byte;
		} else if (reader->mode == INSN_64 && (byte & 0xf0) == 0x40) {
			reader->rex = byte;
		} else {
			return true;
		}
		reader->at++;
	}
	return false;
}

/* 2.1.5: displacement sizes of ModRM and SIB; register_only for MOV to and from control registers.
 */
static bool read_modrm(struct reader *reader, bool register_only, struct insn *insn)
{
	uint8_t mod, rm, sib = 0;
	bool wide = !(reader->mode == INSN_32 && reader->address_size);
	uint8_t size = 0;

	if (!next_byte(reader, &insn->modrm))
		return false;
	insn->has_modrm = true;
	mod = insn->modrm >> 6;
	rm = insn->modrm & 7;
	if (mod == 3 || register_only)
		return true;
	if (wide && rm == 4 && !next_byte(reader, &sib))
		return false;
	if (mod == 1)
		size = 1;
	else if (mod == 2)
		size = wide ? 4 : 2;
	else if (!wide)
		size = rm == 6 ? 2 : 0;
	else if (rm == 5 || (rm == 4 && (sib & 7) == 5))
		size = 4;
	insn->rip_relative = reader->mode == INSN_64 && mod == 0 && rm == 5;
	/* eip-relative: it wraps at 4 GB, and compilers don't write it. */
	if (insn->rip_relative && reader->address_size)
		return false;
	if (reader->available - reader->at < size)
		return false;
	insn->displacement_at = (uint8_t)reader->at;
	insn->displacement_size = size;
	insn->displacement = signed_value(reader->bytes + reader->at, size);
	reader->at += size;
	return true;
}

static bool skip(struct reader *reader, size_t size)
{
	if (reader->available - reader->at < size)
		return false;
	reader->at += size;
	return true;
}

static bool read_relative(struct reader *reader, size_t size, struct insn *insn)
{
	/* rel16: Intel's processors ignore the prefix in 64-bit mode, AMD's don't. */
	if (size == 4 && reader->operand_size && !(reader->rex & 8))
		return false;
	if (reader->available - reader->at < size)
		return false;
	insn->relative_at = (uint8_t)reader->at;
	insn->relative_size = (uint8_t)size;
	insn->relative = signed_value(reader->bytes + reader->at, size);
	reader->at += size;
	return true;
}

/* What follows the opcode, but for ModRM. */
static bool read_immediate(struct reader *reader, uint8_t form, const struct insn *insn)
{
	size_t z = reader->operand_size && !(reader->rex & 8) ? 2 : 4;
	size_t size = 0;

	if ((form & FORM_RARE) == FORM_TEST && (insn->modrm >> 3 & 7) > 1)
		return true;
	if (form & FORM_IMM8)
		size += 1;
	if (form & FORM_IMM16)
		size += 2;
	if (form & FORM_IMMZ)
		size += z;
	if ((form & FORM_RARE) == FORM_IMMV)
		size += reader->rex & 8 ? 8 : z;
	if ((form & FORM_RARE) == FORM_OFFSET)
		size += (reader->mode == INSN_64 ? 8 : 4) >> reader->address_size;
	return skip(reader, size);
}

/* 2.3, 2.7: C4, C5 and 62 were LES, LDS and BOUND, which have no register forms in 32-bit mode. */
static bool is_vex(const struct reader *reader, uint8_t opcode)
{
	uint8_t next;

	if (opcode != 0xc4 && opcode != 0xc5 && opcode != 0x62)
		return false;
	return reader->mode == INSN_64 || (peek_byte(reader, &next) && next >= 0xc0);
}

/* Only a few instructions of map 1 have an immediate; map 3's all have. */
static uint8_t vex_form(uint8_t map, uint8_t opcode)
{
	if (map == 3)
		return FORM_MODRM | FORM_IMM8;
	if (map == 1 && ((opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 ||
			 (opcode >= 0xc4 && opcode <= 0xc6)))
		return FORM_MODRM | FORM_IMM8;
	return FORM_MODRM;
}

static bool read_vex(struct reader *reader, uint8_t prefix, struct insn *insn)
{
	uint8_t first, second = 0, third, map = 1, pp;

	/* 2.3.2: no 66, f2, f3, f0 or REX before it. Segments and 67 are allowed. */
	if (reader->operand_size || reader->repeat || reader->rex)
		return false;
	if (!next_byte(reader, &first))
		return false;
	if (prefix != 0xc5) {
		map = first & (prefix == 0x62 ? 7 : 31);
		if (!next_byte(reader, &second))
			return false;
	}
	/* EVEX: bit 3 of the first and bit 2 of the second byte are fixed; maps 5 and 6 are FP16's.
	 */
	if (prefix == 0x62 && ((first & 8) || !(second & 4) || !next_byte(reader, &third)))
		return false;
	if (!(map >= 1 && map <= 3) && !(prefix == 0x62 && (map == 5 || map == 6)))
		return false;
	insn->opcode_at = (uint8_t)reader->at;
	if (!next_byte(reader, &insn->opcode))
		return false;
	insn->map = MAP_VEX + map;
	if (prefix != 0x62 && map == 1 && insn->opcode == 0x77) /* vzeroupper, vzeroall */
		return true;
	/* Branches on a mask register, on Knights Corner alone: VPCMPEQB and VPCMPEQW without 66.
	 */
	pp = prefix == 0xc5 ? first & 3 : second & 3;
	if (map == 1 &&
	    ((insn->opcode & 0xf0) == 0x80 || ((insn->opcode & 0xfe) == 0x74 && pp != 1)))
		return false;
	if (!read_modrm(reader, false, insn))
		return false;
	return !(vex_form(map, insn->opcode) & FORM_IMM8) || skip(reader, 1);
}

/* The opcode and its map; 2.1.2. */
static bool read_opcode(struct reader *reader, struct insn *insn)
{
	uint8_t byte;

	if (!next_byte(reader, &byte))
		return false;
	if (byte == 0x0f) {
		insn->map = MAP_0F;
		if (!next_byte(reader, &byte))
			return false;
		if (byte == 0x38 || byte == 0x3a) {
			insn->map = byte == 0x38 ? MAP_0F38 : MAP_0F3A;
			if (!next_byte(reader, &byte))
				return false;
		}
	}
	insn->opcode = byte;
	insn->opcode_at = (uint8_t)(reader->at - 1);
	return true;
}

static uint8_t opcode_form(const struct insn *insn)
{
	uint32_t word = insn->opcode / 32, bit = 1u << insn->opcode % 32;

	switch (insn->map) {
	case MAP_ONE:
		return map_one[insn->opcode];
	case MAP_0F:
		return map_0f[insn->opcode];
	case MAP_0F38:
		return map_0f38[word] & bit ? FORM_MODRM : FORM_UNKNOWN;
	default:
		return map_0f3a[word] & bit ? FORM_MODRM | FORM_IMM8 : FORM_UNKNOWN;
	}
}

/* Members of groups that don't exist, and opcodes that are others' with a prefix. */
static bool is_undefined(const struct reader *reader, const struct insn *insn)
{
	uint8_t reg = insn->modrm >> 3 & 7;

	if (insn->map == MAP_ONE) {
		switch (insn->opcode) {
		case 0x8f: /* POP; the others are XOP */
			return reg != 0;
		case 0xc6:
		case 0xc7: /* MOV; XABORT and XBEGIN */
			return reg != 0 && insn->modrm != 0xf8;
		case 0xfe:
			return reg > 1;
		case 0xff:
			return reg == 7 || ((reg == 3 || reg == 5) && insn->modrm >= 0xc0);
		case 0x8d:
			return insn->modrm >= 0xc0;
		}
	} else if (insn->map == MAP_0F) {
		switch (insn->opcode) {
		case 0x78: /* VMREAD; with a prefix EXTRQ, INSERTQ, which have immediates */
			return reader->operand_size || reader->repeat;
		case 0xb8: /* POPCNT; alone it is Itanium's JMPE */
			return reader->repeat != 0xf3;
		case 0xba:
			return reg < 4;
		}
	}
	return false;
}

static enum insn_kind one_byte_kind(const struct insn *insn)
{
	uint8_t reg = insn->modrm >> 3 & 7;

	if (insn->opcode >= 0x70 && insn->opcode <= 0x7f)
		return INSN_JCC;
	switch (insn->opcode) {
	case 0xe0:
	case 0xe1:
	case 0xe2:
	case 0xe3:
		return INSN_LOOP;
	case 0xe8:
		return INSN_CALL;
	case 0xe9:
	case 0xeb:
		return INSN_JMP;
	case 0xea:
		return INSN_JMP_INDIRECT;
	case 0x9a:
		return INSN_CALL_INDIRECT;
	case 0xff:
		return reg == 2 || reg == 3   ? INSN_CALL_INDIRECT
		       : reg == 4 || reg == 5 ? INSN_JMP_INDIRECT
					      : INSN_PLAIN;
	case 0xc7:
		return insn->modrm == 0xf8 ? INSN_XBEGIN : INSN_PLAIN;
	case 0xc2:
	case 0xc3:
	case 0xca:
	case 0xcb:
	case 0xcf:
		return INSN_RETURN;
	case 0xcc:
	case 0xcd:
	case 0xce:
	case 0xf1:
		return INSN_TRAP;
	default:
		return INSN_PLAIN;
	}
}

static enum insn_kind kind_of(const struct insn *insn)
{
	if (insn->map == MAP_ONE)
		return one_byte_kind(insn);
	if (insn->map != MAP_0F)
		return INSN_PLAIN;
	if (insn->opcode >= 0x80 && insn->opcode <= 0x8f)
		return INSN_JCC;
	switch (insn->opcode) {
	case 0x05: /* syscall */
	case 0x34: /* sysenter */
		return INSN_SYSCALL;
	case 0x07: /* sysret */
	case 0x35: /* sysexit */
		return INSN_RETURN;
	case 0x0b:
	case 0xb9:
	case 0xff:
		return INSN_STOP;
	default:
		return INSN_PLAIN;
	}
}

static bool read_operands(struct reader *reader, struct insn *insn)
{
	uint8_t form = opcode_form(insn);
	uint8_t rare = form & FORM_RARE;

	if (rare == FORM_UNKNOWN || (form & FORM_NOT64 && reader->mode == INSN_64))
		return false;
	if (form & FORM_MODRM && !read_modrm(reader, rare == FORM_MOVCR, insn))
		return false;
	if (is_undefined(reader, insn))
		return false;
	if (rare == FORM_REL8)
		return read_relative(reader, 1, insn);
	if (rare == FORM_RELZ || kind_of(insn) == INSN_XBEGIN)
		return read_relative(reader, 4, insn);
	return read_immediate(reader, form, insn);
}

bool insn_decode(const uint8_t *bytes, size_t available, enum insn_mode mode, struct insn *insn)
{
	struct reader reader = {
		.bytes = bytes,
		.available = available < INSN_MAX ? available : INSN_MAX,
		.mode = mode,
	};
	struct insn read = {0};
	bool fine;

	if (!read_prefixes(&reader) || !read_opcode(&reader, &read))
		return false;
	if (read.map == MAP_ONE && is_vex(&reader, read.opcode))
		fine = read_vex(&reader, read.opcode, &read);
	else
		fine = read_operands(&reader, &read);
	if (!fine)
		return false;
	read.rex = reader.rex;
	read.length = (uint8_t)reader.at;
	read.kind = (uint8_t)kind_of(&read);
	*insn = read;
	return true;
}
