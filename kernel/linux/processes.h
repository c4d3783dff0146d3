/* SPDX-License-Identifier: GPL-2.0-only */
/* The children of the processes that are watched are watched too, from their first instruction. */
#ifndef KMN_LINUX_PROCESSES_H
#define KMN_LINUX_PROCESSES_H

#include "maps.h"

SEC("tp_btf/sched_process_fork")
int process_forked(__u64 *ctx)
{
	struct task_struct *parent = (struct task_struct *)ctx[0];
	struct task_struct *child = (struct task_struct *)ctx[1];
	__u32 from = parent->tgid, to = child->tgid, one = 1;

	if (config.flags & KMN_FOLLOW_CHILDREN && from != to && bpf_map_lookup_elem(&pids, &from))
		bpf_map_update_elem(&pids, &to, &one, BPF_ANY);
	return 0;
}

/* The number may be used again from here on. */
SEC("tp_btf/sched_process_free")
int process_freed(__u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];
	__u32 pid = task->tgid;

	if (config.flags & KMN_FOLLOW_CHILDREN && task->pid == task->tgid)
		bpf_map_delete_elem(&pids, &pid);
	return 0;
}

#endif
