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

static __always_inline int act(struct __sk_buff *skb, enum way way)
{
	struct port_counters *counts = tc_arrive(skb);

	switch (action(way)) {
	case TRANSPARENTHELLOWORLD_PASS:
		cube_log(LOG_DEBUG, "[%W] passing packet", way);
		return tc_pass(skb, counts);
	case TRANSPARENTHELLOWORLD_SLOWPATH:
		cube_log(LOG_DEBUG, "[%W] sending packet to slow path", way);
		return tc_punt(skb, counts, 0);
	default:
		cube_log(LOG_DEBUG, "[%W] dropping packet", way);
		return tc_drop(skb, counts, TRANSPARENTHELLOWORLD_DROP_ACTION);
	}
}

SEC("tc")
int ingress(struct __sk_buff *skb)
{
	return act(skb, WAY_INGRESS);
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	return act(skb, WAY_EGRESS);
}

SEC("xdp")
int xdp_ingress(struct xdp_md *ctx)
{
	switch (action(WAY_INGRESS)) {
	case TRANSPARENTHELLOWORLD_PASS:
		cube_log(LOG_DEBUG, "[%W] passing packet", WAY_INGRESS);
		return xdp_pass(ctx);
	case TRANSPARENTHELLOWORLD_SLOWPATH:
		return xdp_leave(ctx);
	default:
		cube_log(LOG_DEBUG, "[%W] dropping packet", WAY_INGRESS);
		return xdp_drop(ctx, WAY_INGRESS, TRANSPARENTHELLOWORLD_DROP_ACTION);
	}
}

char LICENSE[] SEC("license") = "GPL";
