// SPDX-License-Identifier: GPL-2.0-only
/* Passes or drops everything by the way it goes, or has the daemon send it on. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "transparent.h"
#include "transparenthelloworld.h"
/* Behind what says how many rows there are. */
#include "log.h"
#include "slow_path.h"

/* Written by user space: /transparenthelloworld/ingress-action and egress-action. By way. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct transparenthelloworld_settings);
	__uint(max_entries, 2);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} settings SEC(".maps");

static __always_inline enum transparenthelloworld_action action(__u32 way)
{
	const struct transparenthelloworld_settings *set = bpf_map_lookup_elem(&settings, &way);

	return set ? set->action : TRANSPARENTHELLOWORLD_DROP;
}

static __always_inline void log_ingress(enum transparenthelloworld_action act)
{
	if (act == TRANSPARENTHELLOWORLD_PASS)
		cube_log(LOG_DEBUG, "[INGRESS] passing packet");
	else if (act == TRANSPARENTHELLOWORLD_SLOWPATH)
		cube_log(LOG_DEBUG, "[INGRESS] sending packet to slow path");
	else
		cube_log(LOG_DEBUG, "[INGRESS] dropping packet");
}

static __always_inline void log_egress(enum transparenthelloworld_action act)
{
	if (act == TRANSPARENTHELLOWORLD_PASS)
		cube_log(LOG_DEBUG, "[EGRESS] passing packet");
	else if (act == TRANSPARENTHELLOWORLD_SLOWPATH)
		cube_log(LOG_DEBUG, "[EGRESS] sending packet to slow path");
	else
		cube_log(LOG_DEBUG, "[EGRESS] dropping packet");
}

static __always_inline int do_action(struct __sk_buff *skb, enum transparenthelloworld_action act)
{
	struct port_counters *counts = tc_arrive(skb);

	if (act == TRANSPARENTHELLOWORLD_PASS)
		return tc_pass(skb, counts);
	if (act == TRANSPARENTHELLOWORLD_SLOWPATH)
		return tc_punt(skb, counts, 0);
	return tc_drop(skb, counts, TRANSPARENTHELLOWORLD_DROP_ACTION);
}

SEC("tc")
int ingress(struct __sk_buff *skb)
{
	enum transparenthelloworld_action act = action(WAY_INGRESS);

	log_ingress(act);
	return do_action(skb, act);
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	enum transparenthelloworld_action act = action(WAY_EGRESS);

	log_egress(act);
	return do_action(skb, act);
}

SEC("xdp")
int xdp_ingress(struct xdp_md *ctx)
{
	enum transparenthelloworld_action act = action(WAY_INGRESS);

	if (act == TRANSPARENTHELLOWORLD_SLOWPATH)
		return xdp_leave(ctx);
	log_ingress(act);
	if (act == TRANSPARENTHELLOWORLD_PASS)
		return xdp_pass(ctx);
	return xdp_drop(ctx, WAY_INGRESS, TRANSPARENTHELLOWORLD_DROP_ACTION);
}

char LICENSE[] SEC("license") = "GPL";
