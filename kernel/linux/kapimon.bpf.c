/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs. fentry, fexit are templates: user space clones them per function and copy.
 * The kprobe ones learn their hook and counters from the attach cookie, hook | slot << 32, or from
 * the address of the probe.
 */
#include "types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "clone.h"
#include "maps.h"
#include "calls.h"
#include "events.h"
#include "memory_programs.h"
#include "missed.h"
#include "modules.h"
#include "processes.h"

char LICENSE[] SEC("license") = "GPL";

/* Member by member: the rest is set on the way, and need not be zeroed for each call. */
static __always_inline void call_clone(struct call *call, void *ctx)
{
	call->ctx = ctx;
	call->breakpoint = false;
	call->function = 0;
	call->pushed = 0;
	call->hook = clone_hook();
	call->copy = clone_copy();
	call->slot = clone_slot();
}

SEC("fentry")
int entry_fentry(void *ctx)
{
	struct call call;

	call_clone(&call, ctx);
	if (!call_begin(&call))
		return 0;
	call_entry(&call, VIA_FENTRY);
	call_end(&call);
	return 0;
}

SEC("fexit")
int return_fexit(void *ctx)
{
	struct call call;
	__u64 value = 0;

	call_clone(&call, ctx);
	if (!call_begin(&call))
		return 0;
	bpf_get_func_ret(ctx, &value);
	call_return(&call, VIA_FENTRY, value);
	call_end(&call);
	return 0;
}

/* False: nobody's probe. */
static __always_inline bool kprobe_identify(struct call *call, bool single, bool at_return)
{
	__u64 cookie = bpf_get_attach_cookie(call->ctx);

	if (single && cookie == KMN_COOKIE_BY_ADDRESS) {
		struct kmn_probe *probe = probe_find(call->ctx, at_return);

		if (!probe)
			return false;
		cookie = at_return ? probe->return_cookie : probe->entry_cookie;
		call->function = probe->function;
		call->pushed = probe->pushed;
	}
	call->hook = cookie;
	call->slot = cookie >> 32;
	return cookie != KMN_NO_COOKIE;
}

static __always_inline int kprobe_entry(struct pt_regs *ctx, bool single)
{
	struct call call = {.ctx = ctx, .breakpoint = single};

	if (!kprobe_identify(&call, single, false))
		return 0;
	if (single)
		kprobe_account(call.slot);
	if (!call_begin(&call))
		return 0;
	call_entry(&call, VIA_KPROBE);
	call_end(&call);
	return 0;
}

static __always_inline int kprobe_return(struct pt_regs *ctx, bool single)
{
	struct call call = {.ctx = ctx};

	if (!kprobe_identify(&call, single, true))
		return 0;
	if (single)
		kprobe_account(call.slot);
	if (!call_begin(&call))
		return 0;
	call_return(&call, VIA_KPROBE, ctx->ax);
	call_end(&call);
	return 0;
}

SEC("kprobe")
int entry_kprobe(struct pt_regs *ctx)
{
	return kprobe_entry(ctx, true);
}

SEC("kretprobe")
int return_kprobe(struct pt_regs *ctx)
{
	return kprobe_return(ctx, true);
}

SEC("kprobe.multi")
int entry_multi(struct pt_regs *ctx)
{
	return kprobe_entry(ctx, false);
}

SEC("kretprobe.multi")
int return_multi(struct pt_regs *ctx)
{
	return kprobe_return(ctx, false);
}
