/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbol/objects.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "symbol/prototype.h"

#define PATH_BYTES 256
#define NAME_BYTES 64
#define MAX_DEPTH 8

/* One thing worth seeing of an object: members are separated by '.', also behind a pointer. */
struct object_field {
	const char *object; /* name of the struct */
	const char *label;
	const char *member; /* "": the object itself */
	enum fetch_form form;
	uint16_t size; /* bytes at most; 0: as many as the member has */
};

static const struct object_field fields[] = {
	{"file", "", "f_path", FETCH_PATH, PATH_BYTES},
	{"path", "", "", FETCH_PATH, PATH_BYTES},
	{"dentry", "", "d_name.name", FETCH_STRING, NAME_BYTES},
	{"qstr", "", "name", FETCH_STRING, NAME_BYTES},
	{"filename", "", "name", FETCH_STRING, PATH_BYTES},
	{"inode", "ino", "i_ino", FETCH_UNSIGNED, 0},
	{"inode", "dev", "i_sb.s_id", FETCH_STRING, 0},
	{"super_block", "", "s_id", FETCH_STRING, 0},
	{"vfsmount", "", "mnt_sb.s_id", FETCH_STRING, 0},
	{"file_system_type", "", "name", FETCH_STRING, NAME_BYTES},
	{"kiocb", "", "ki_filp.f_path", FETCH_PATH, PATH_BYTES},
	{"linux_binprm", "", "filename", FETCH_STRING, PATH_BYTES},
	{"vm_area_struct", "start", "vm_start", FETCH_UNSIGNED, 0},
	{"vm_area_struct", "end", "vm_end", FETCH_UNSIGNED, 0},
	{"task_struct", "", "comm", FETCH_STRING, 0},
	{"task_struct", "pid", "pid", FETCH_SIGNED, 0},
	{"module", "", "name", FETCH_STRING, 0},
	{"kmem_cache", "", "name", FETCH_STRING, NAME_BYTES},
	{"kobject", "", "name", FETCH_STRING, NAME_BYTES},
	{"kernfs_node", "", "name", FETCH_STRING, NAME_BYTES},
	{"ctl_table", "", "procname", FETCH_STRING, NAME_BYTES},
	{"device", "", "kobj.name", FETCH_STRING, NAME_BYTES},
	{"device_driver", "", "name", FETCH_STRING, NAME_BYTES},
	{"bus_type", "", "name", FETCH_STRING, NAME_BYTES},
	{"pci_dev", "", "dev.kobj.name", FETCH_STRING, NAME_BYTES},
	{"usb_device", "", "dev.kobj.name", FETCH_STRING, NAME_BYTES},
	{"platform_device", "", "dev.kobj.name", FETCH_STRING, NAME_BYTES},
	{"tty_struct", "", "name", FETCH_STRING, 0},
	{"gendisk", "", "disk_name", FETCH_STRING, 0},
	{"block_device", "", "bd_disk.disk_name", FETCH_STRING, 0},
	{"block_device", "part", "bd_partno", FETCH_UNSIGNED, 0},
	{"request", "", "q.disk.disk_name", FETCH_STRING, 0},
	{"request", "sector", "__sector", FETCH_UNSIGNED, 0},
	{"request", "len", "__data_len", FETCH_UNSIGNED, 0},
	{"bio", "", "bi_bdev.bd_disk.disk_name", FETCH_STRING, 0},
	{"bio", "sector", "bi_iter.bi_sector", FETCH_UNSIGNED, 0},
	{"bio", "len", "bi_iter.bi_size", FETCH_UNSIGNED, 0},
	{"net_device", "", "name", FETCH_STRING, 0},
	{"sk_buff", "len", "len", FETCH_UNSIGNED, 0},
	{"sk_buff", "dev", "dev.name", FETCH_STRING, 0},
	{"sock", "", "__sk_common.skc_family", FETCH_FAMILY, 0},
	{"sock", "port", "__sk_common.skc_num", FETCH_UNSIGNED, 0},
	{"sock", "to", "__sk_common.skc_dport", FETCH_BE16, 0},
	{"socket", "", "sk.__sk_common.skc_family", FETCH_FAMILY, 0},
	{"socket", "port", "sk.__sk_common.skc_num", FETCH_UNSIGNED, 0},
	{"socket", "to", "sk.__sk_common.skc_dport", FETCH_BE16, 0},
	{"sockaddr", "", "sa_family", FETCH_FAMILY, 0},
};

/*
 * Functions whose pointers come straight from a system call's caller. Kernels built with gcc have
 * no type tags that would tell.
 */
static const char *const user_functions[] = {
	"__x64_sys_",	    "__ia32_sys_",  "__arm64_sys_", "__do_sys_", "__se_sys_",
	"__do_compat_sys_", "do_sys_",	    "ksys_",	    "getname",	 "strndup_",
	"strncpy_from",	    "strnlen_user", "user_path",    "do_execve",
};

static bool from_user(const char *function)
{
	for (size_t i = 0; i < sizeof(user_functions) / sizeof(user_functions[0]); i++)
		if (!strncmp(function, user_functions[i], strlen(user_functions[i])))
			return true;
	return false;
}

struct member {
	uint32_t type;
	uint32_t offset; /* bytes */
};

/* Look in a struct and in its anonymous members; a bit field is as good as missing. */
static bool find_member(const struct btf *btf, const struct btf_type *composite, const char *name,
			size_t length, int depth, struct member *out)
{
	if (depth > MAX_DEPTH)
		return false;
	for (unsigned i = 0; i < btf_vlen(composite); i++) {
		const struct btf_member *member = &btf_members(composite)[i];
		const char *member_name = btf__name_by_offset(btf, member->name_off);
		uint32_t bits = btf_member_bit_offset(composite, i);

		if (!*member_name) {
			const struct btf_type *inner =
				prototype_skip(btf, member->type, NULL, NULL);
			struct member found;

			if (!inner || !btf_is_composite(inner) ||
			    !find_member(btf, inner, name, length, depth + 1, &found))
				continue;
			found.offset += bits / 8;
			*out = found;
			return true;
		}
		if (strncmp(member_name, name, length) || member_name[length])
			continue;
		if (bits % 8 || btf_member_bitfield_size(composite, i))
			return false;
		out->type = member->type;
		out->offset = bits / 8;
		return true;
	}
	return false;
}

/* The last step of a fetch, whose offset is added to what was loaded. */
static int32_t *last_step(struct api_fetch *fetch)
{
	return &fetch->step[fetch->n_steps - 1];
}

/* From here on, offsets count from what the pointer that was reached points to. */
static bool load_pointer(struct api_fetch *fetch)
{
	if (fetch->n_steps == FETCH_MAX_STEPS)
		return false;
	fetch->step[fetch->n_steps++] = 0;
	return true;
}

static bool is_char(const struct btf_type *type)
{
	return type && btf_is_int(type) && type->size == 1 &&
	       !(btf_int_encoding(type) & BTF_INT_BOOL);
}

/* Does the type that was reached fit the form? Loads a pointer to a string. */
static bool settle_form(const struct btf *btf, uint32_t type_id, struct api_fetch *fetch)
{
	const struct btf_type *type = prototype_skip(btf, type_id, NULL, NULL);

	if (!type)
		return false;
	switch (fetch->form) {
	case FETCH_PATH:
		return btf_is_struct(type) &&
		       !strcmp(btf__name_by_offset(btf, type->name_off), "path");
	case FETCH_STRING:
		if (btf_is_ptr(type))
			return is_char(prototype_skip(btf, type->type, NULL, NULL)) &&
			       load_pointer(fetch);
		if (!btf_is_array(type) ||
		    !is_char(prototype_skip(btf, btf_array(type)->type, NULL, NULL)))
			return false;
		if (!fetch->size || fetch->size > btf_array(type)->nelems)
			fetch->size = (uint16_t)btf_array(type)->nelems;
		return fetch->size > 0;
	case FETCH_UNSIGNED:
	case FETCH_SIGNED:
	case FETCH_BE16:
	case FETCH_FAMILY:
		if (!(btf_is_int(type) || btf_is_any_enum(type)) || type->size > 8)
			return false;
		fetch->size = (uint16_t)type->size;
		return fetch->form != FETCH_BE16 || fetch->size == 2;
	}
	return false;
}

/* Follow field->member from the struct type_id; false when this kernel has no such thing. */
static bool resolve_field(const struct btf *btf, uint32_t type_id, const struct object_field *field,
			  struct api_fetch *fetch)
{
	const char *member = field->member;

	fetch->form = field->form;
	fetch->size = field->size;
	fetch->n_steps = 1;
	fetch->step[0] = 0;
	while (*member) {
		const struct btf_type *type = prototype_skip(btf, type_id, NULL, NULL);
		size_t length = strcspn(member, ".");
		struct member found;

		if (type && btf_is_ptr(type)) {
			if (!load_pointer(fetch))
				return false;
			type = prototype_skip(btf, type->type, NULL, NULL);
		}
		if (!type || !btf_is_composite(type) ||
		    !find_member(btf, type, member, length, 0, &found))
			return false;
		*last_step(fetch) += (int32_t)found.offset;
		type_id = found.type;
		member += length;
		if (*member == '.')
			member++;
	}
	return settle_form(btf, type_id, fetch);
}

static int add_fetch(struct api *api, const struct api_fetch *fetch, const char *label,
		     struct error *err)
{
	struct api_fetch *fetches =
		realloc(api->fetches, (api->n_fetches + 1) * sizeof(fetches[0]));

	if (!fetches)
		return error_no_memory(err);
	api->fetches = fetches;
	fetches[api->n_fetches] = *fetch;
	fetches[api->n_fetches].label = strdup(label);
	if (!fetches[api->n_fetches].label)
		return error_no_memory(err);
	api->n_fetches++;
	return 0;
}

static int add_object(const struct btf *btf, uint32_t type_id, const char *name, uint8_t param,
		      struct api *api, struct error *err)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct api_fetch fetch = {.param = param};

		if (strcmp(fields[i].object, name) || api->n_fetches == KMN_MAX_FETCHES)
			continue;
		if (!resolve_field(btf, type_id, &fields[i], &fetch))
			continue;
		if (add_fetch(api, &fetch, fields[i].label, err))
			return -1;
		api->params[param].type.kind = VALUE_OBJECT;
	}
	return 0;
}

static bool ends_in(const char *string, const char *end)
{
	size_t length = strlen(string), n = strlen(end);

	return length >= n && !strcmp(string + length - n, end);
}

/*
 * A string that is there at entry: const char *, unless its name says that it is mere data, and
 * char * if its name says that it is a name. Other char * are mostly buffers to be filled.
 */
static bool holds_string(const char *param, bool is_const)
{
	static const char *const data[] = {"buf", "buffer", "data", "ptr", "mem", "addr", "key"};

	if (!param)
		return is_const;
	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		if (ends_in(param, data[i]))
			return false;
	return is_const || ends_in(param, "name");
}

static int add_param(const struct btf *btf, const struct btf_param *from, uint8_t number,
		     bool user_function, uint16_t string_length, struct api *api, struct error *err)
{
	struct api_param *param = &api->params[number];
	const struct btf_type *type = prototype_skip(btf, from->type, NULL, NULL), *target;
	struct api_fetch fetch = {.param = number, .form = FETCH_STRING, .size = string_length};
	bool user = user_function, is_const = false;
	uint32_t target_id, id;

	if (!type || !btf_is_ptr(type) || param->slots != 1)
		return 0;
	id = type->type;
	target = prototype_skip(btf, id, &target_id, &user);
	if (!target || user)
		return 0;
	if (btf_is_struct(target))
		return add_object(btf, target_id, btf__name_by_offset(btf, target->name_off),
				  number, api, err);
	/* u8 * is bytes, char * is text. */
	if (!is_char(target) || strcmp(btf__name_by_offset(btf, target->name_off), "char"))
		return 0;
	for (const struct btf_type *t = btf__type_by_id(btf, id); t != target;
	     t = btf__type_by_id(btf, t->type)) {
		if (btf_is_typedef(t))
			return 0;
		is_const |= btf_is_const(t);
	}
	if (!string_length || !holds_string(param->name, is_const) ||
	    api->n_fetches == KMN_MAX_FETCHES)
		return 0;
	fetch.n_steps = 1;
	if (add_fetch(api, &fetch, "", err))
		return -1;
	param->type.kind = VALUE_STRING;
	return 0;
}

int objects_add_fetches(const struct btf *btf, uint32_t func_id, uint16_t string_length,
			struct api *api, struct error *err)
{
	const struct btf_type *func = btf__type_by_id(btf, func_id), *proto;
	bool user;

	if (!func || !btf_is_func(func))
		return error_set(err, "type %u is not a function's", func_id);
	proto = btf__type_by_id(btf, func->type);
	user = from_user(btf__name_by_offset(btf, func->name_off));
	for (unsigned i = 0; i < btf_vlen(proto) && i < api->n_params && i <= UINT8_MAX; i++)
		if (add_param(btf, &btf_params(proto)[i], (uint8_t)i, user, string_length, api,
			      err))
			return -1;
	return 0;
}
