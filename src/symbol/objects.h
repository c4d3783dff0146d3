/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Well-known objects: what a person wants to see of a struct file, an inode, a device or a socket
 * when a function gets a pointer to one, and where the running kernel keeps it.
 */
#ifndef SYMBOL_OBJECTS_H
#define SYMBOL_OBJECTS_H

#include <bpf/btf.h>
#include <stdint.h>

#include "base/error.h"
#include "model/api.h"

/*
 * After prototype_fill() of the same function: add api->fetches for parameters that point to a
 * well-known object (the type becomes VALUE_OBJECT) or to a string (VALUE_STRING, string_length
 * bytes at most). What this kernel's structs don't have is left out. At most KMN_MAX_FETCHES.
 */
int objects_add_fetches(const struct btf *btf, uint32_t func_id, uint16_t string_length,
			struct api *api, struct error *err);

#endif
