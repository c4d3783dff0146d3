/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types the programs look into, with only the fields they read: CO-RE relocates each
 * access to the running kernel's layout. A struct NAME___x is one of several shapes of NAME.
 */
#ifndef KMN_LINUX_TYPES_H
#define KMN_LINUX_TYPES_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
#include <stdbool.h>

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum { BPF_F_NO_PREALLOC = 1, BPF_F_MMAPABLE = 1 << 10 };
enum { BPF_ANY = 0, BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2, BPF_RB_AVAIL_DATA = 0 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr {
	const unsigned char *name;
};

struct file_system_type {
	const char *name;
};

struct super_block {
	struct file_system_type *s_type;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct list_head {
	struct list_head *next;
};

struct bpf_ksym {
	unsigned long start;
	unsigned long end;
	struct list_head lnode;
};

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
	struct llist_head rethooks;
};

struct rethook_node {
	struct llist_node llist;
	unsigned long ret_addr;
	unsigned long frame;
};

struct mod_arch_specific {
	unsigned int num_orcs;
	int *orc_unwind_ip;
	struct orc_entry *orc_unwind;
};

struct module_layout {
	void *base;
	unsigned int text_size;
};

/* Until Linux 6.3. */
struct module___layout {
	char name[56];
	struct module_layout core_layout;
	struct module_layout init_layout;
};

/* Since Linux 6.4 (ac3b43283923, "module: replace module_layout with module_memory"). */
struct module_memory {
	void *base;
	unsigned int size;
};

struct module {
	struct list_head list;
	char name[56];
	struct mod_arch_specific arch;
	struct module_memory mem[5]; /* [0] is MOD_TEXT, [4] MOD_INIT_TEXT */
};

struct kprobe {
	unsigned long nmissed;
};

struct kretprobe {
	struct kprobe kp;
	int nmissed;
};

struct trace_kprobe {
	struct kretprobe rp;
	unsigned long *nhit; /* per processor */
};

#pragma clang attribute pop

/* x86-64; fixed by the ABI of the tracing programs (arch/x86/include/asm/ptrace.h). */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip,
		cs, flags, sp, ss;
};

#endif
