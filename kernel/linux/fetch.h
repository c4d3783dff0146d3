/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fetching what arguments point to, by the plan that user space made from the types: strings, bytes
 * and paths, appended to the record one after another.
 */
#ifndef KMN_LINUX_FETCH_H
#define KMN_LINUX_FETCH_H

#include "maps.h"
#include "stack.h"

#define PATH_COMPONENTS 16
#define COMPONENT_MAX 64
#define FETCH_ROOM 768 /* bytes of fetched data in one record */

/* Where in the record the next byte goes; in memory, so that the verifier need not follow it. */
struct cursor {
	__u32 at;
	__u32 end;
};

static __always_inline __u8 *cursor_room(struct scratch *scratch, __u32 at)
{
	BOUND(at, KMN_MAX_RECORD - 1);
	return &scratch->bytes[at];
}

/* The components of a struct path, innermost first, each with its NUL; "/" when the root is
 * reached. */
static __always_inline __u32 fetch_path(struct scratch *scratch, __u64 address, __u32 at,
					__u64 *status)
{
	struct path *path = (void *)address;
	struct vfsmount *vfsmount = BPF_CORE_READ(path, mnt);
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct mount *mount;
	__u32 begin = at;

	if (!dentry) {
		*status = KMN_FETCH_NULL;
		return 0;
	}
	mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
#pragma clang loop unroll(disable)
	for (int i = 0; i < PATH_COMPONENTS; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		long n;

		LAUNDER(at);
		if (dentry == parent && dentry != BPF_CORE_READ(mount, mnt.mnt_root)) {
			/* A pipe, a socket...: it has no place, so its file system has to do. */
			n = bpf_probe_read_kernel_str(cursor_room(scratch, at), COMPONENT_MAX,
						      BPF_CORE_READ(dentry, d_sb, s_type, name));
			return at + (n & (2 * COMPONENT_MAX - 1)) - begin;
		}
		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			struct mount *up = BPF_CORE_READ(mount, mnt_parent);

			if (!vfsmount || up == mount || !up) {
				__u8 *room = cursor_room(scratch, at);

				room[0] = '/';
				room[1] = 0;
				return at + 2 - begin;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = up;
			continue;
		}
		if (at - begin > FETCH_ROOM / 2 - COMPONENT_MAX)
			break;
		n = bpf_probe_read_kernel_str(cursor_room(scratch, at), COMPONENT_MAX,
					      BPF_CORE_READ(dentry, d_name.name));
		if (n <= 0) {
			*status = KMN_FETCH_FAULT;
			return 0;
		}
		at += n & (2 * COMPONENT_MAX - 1);
		dentry = parent;
	}
	*status = KMN_FETCH_TRUNCATED;
	return at - begin;
}

static __always_inline __u32 fetch_string(struct scratch *scratch, __u64 address, __u32 at,
					  __u32 size, __u64 *status)
{
	long n;

	/* One byte more than is kept tells a string that just fits from a longer one. */
	BOUND(size, 255);
	n = bpf_probe_read_kernel_str(cursor_room(scratch, at), size + 1, (void *)address);
	if (n < 0) {
		*status = KMN_FETCH_FAULT;
		return 0;
	}
	if (n == (long)size + 1) {
		__u8 last = 0;

		bpf_probe_read_kernel(&last, 1, (void *)(address + size));
		if (last)
			*status = KMN_FETCH_TRUNCATED;
	}
	return n > 0 ? n - 1 : 0;
}

/* Follow the steps from an argument to the datum: its address, or 0 and the status why not. */
static __always_inline __u64 fetch_address(struct scratch *scratch, struct kmn_fetch *fetch,
					   __u64 address, __u64 *status)
{
	*status = KMN_FETCHED;
	if (!address) {
		*status = KMN_FETCH_NULL;
		return 0;
	}
#pragma unroll
	for (int i = 0; i < KMN_FETCH_STEPS; i++) {
		if (i >= fetch->n_steps)
			break;
		address += (__s64)fetch->step[i];
		if (i + 1 < fetch->n_steps) {
			if (bpf_probe_read_kernel(&scratch->word, 8, (void *)address)) {
				*status = KMN_FETCH_FAULT;
				return 0;
			}
			address = scratch->word;
			if (!address) {
				*status = KMN_FETCH_NULL;
				return 0;
			}
		}
	}
	return address;
}

static __always_inline __u32 fetch_datum(struct scratch *scratch, struct kmn_fetch *fetch,
					 __u64 address, __u32 at, __u64 *status)
{
	__u32 size = fetch->size;

	if (fetch->op == KMN_FETCH_STRING)
		return fetch_string(scratch, address, at, size ? size : string_length, status);
	BOUND(size, 127);
	if (bpf_probe_read_kernel(cursor_room(scratch, at), size, (void *)address)) {
		*status = KMN_FETCH_FAULT;
		return 0;
	}
	return size;
}

/* Put the head before `length` bytes of data at `at`; returns where the next one goes. */
static __always_inline __u32 fetch_finish(struct scratch *scratch, __u32 at, __u32 number,
					  __u64 status, __u64 length)
{
	struct kmn_fetched *head;

	FORGET(length, scratch->word);
	FORGET(status, scratch->word);
	head = (struct kmn_fetched *)cursor_room(scratch, at & ~3u);
	head->fetch = number;
	head->status = status;
	head->length = length;
	/* The padding goes out too: it must not carry what an earlier record left there. */
	__builtin_memset(cursor_room(scratch, at + sizeof(*head) + length), 0, 4);
	scratch->header.n_fetches++;
	at += sizeof(*head) + ((length + 3) & ~3u);
	FORGET(at, scratch->word);
	return at;
}

static __always_inline __u64 fetch_argument(struct scratch *scratch, struct kmn_fetch *fetch,
					    __u32 args)
{
	return *(__u64 *)cursor_room(scratch, (args + fetch->slot * 8) & ~7u);
}

/*
 * Append all of the hook's fetches at offset `at`; returns the offset behind them. A global
 * function: the verifier looks at it once, not on every way that leads here.
 */
__noinline __u64 fetch_all(__u32 scratch_index, __u32 hook_id, __u32 args, __u32 at)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &scratch_index);
	struct kmn_hook *hook = bpf_map_lookup_elem(&hooks, &hook_id);
	__u32 begin = at;

	if (!scratch || !hook)
		return at;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < KMN_MAX_FETCHES; i++) {
		struct kmn_fetch *fetch = &hook->fetch[i];
		__u64 address, status, length = 0;

		LAUNDER(at);
		if (i >= hook->n_fetches)
			break;
		if (fetch->op == KMN_FETCH_PATH)
			continue;
		if (at - begin > FETCH_ROOM / 2) {
			scratch->header.flags |= KMN_FETCH_CUT;
			break;
		}
		address = fetch_address(scratch, fetch, fetch_argument(scratch, fetch, args),
					&status);
		if (address)
			length = fetch_datum(scratch, fetch, address, at + 4, &status);
		at = fetch_finish(scratch, at, i, status, length);
	}
	/* Paths apart: inside the loop above the verifier would walk through this for every turn.
	 */
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < KMN_MAX_PATHS; i++) {
		__u64 number, address, status, length = 0;
		struct kmn_fetch *fetch;

		LAUNDER(at);
		if (i >= hook->n_paths)
			break;
		number = hook->path[i];
		BOUND(number, 15);
		if (number >= KMN_MAX_FETCHES)
			break;
		fetch = &hook->fetch[number];
		address = fetch_address(scratch, fetch, fetch_argument(scratch, fetch, args),
					&status);
		if (address)
			length = fetch_path(scratch, address, at + 4, &status);
		at = fetch_finish(scratch, at, number, status, length);
	}
	__builtin_memset(cursor_room(scratch, at), 0, 8);
	return (at + 7) & ~7u;
}

#endif
