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
#include "missed.h"
#include "modules.h"
#include "processes.h"

char LICENSE[] SEC("license") = "GPL";

SEC("fentry")
int entry_fentry(void *ctx)
{
	struct call call = {
		.ctx = ctx, .hook = clone_hook(), .copy = clone_copy(), .slot = clone_slot()};

	if (!call_begin(&call))
		return 0;
	call_entry(&call, VIA_FENTRY);
	call_end(&call);
	return 0;
}

SEC("fexit")
int return_fexit(void *ctx)
{
	struct call call = {
		.ctx = ctx, .hook = clone_hook(), .copy = clone_copy(), .slot = clone_slot()};
	__u64 value = 0;

	if (!call_begin(&call))
		return 0;
	bpf_get_func_ret(ctx, &value);
	call_return(&call, VIA_FENTRY, value);
	call_end(&call);
	return 0;
}

/* KMN_NO_COOKIE: nobody's probe. */
static __always_inline __u64 kprobe_cookie(struct pt_regs *ctx, bool single, bool at_return)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);

	return single && cookie == KMN_COOKIE_BY_ADDRESS ? probe_cookie(ctx, at_return) : cookie;
}

static __always_inline int kprobe_entry(struct pt_regs *ctx, bool single)
{
	__u64 cookie = kprobe_cookie(ctx, single, false);
	struct call call = {.ctx = ctx, .hook = cookie, .slot = cookie >> 32};

	if (cookie == KMN_NO_COOKIE)
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
	__u64 cookie = kprobe_cookie(ctx, single, true);
	struct call call = {.ctx = ctx, .hook = cookie, .slot = cookie >> 32};

	if (cookie == KMN_NO_COOKIE)
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
