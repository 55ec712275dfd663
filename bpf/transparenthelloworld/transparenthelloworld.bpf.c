// SPDX-License-Identifier: GPL-2.0-only
/* Passes or drops everything, by the way it goes. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "transparent.h"
#include "transparenthelloworld.h"

/* Written by user space: /transparenthelloworld/ingress-action and egress-action. By way. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct transparenthelloworld_settings);
	__uint(max_entries, 2);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} settings SEC(".maps");

static __always_inline bool is_dropped(__u32 way)
{
	const struct transparenthelloworld_settings *set = bpf_map_lookup_elem(&settings, &way);

	return !set || set->action == TRANSPARENTHELLOWORLD_DROP;
}

static __always_inline int act(struct __sk_buff *skb, enum way way)
{
	struct port_counters *counts = tc_arrive(skb);

	if (is_dropped(way))
		return tc_drop(skb, counts, TRANSPARENTHELLOWORLD_DROP_ACTION);
	return tc_pass(skb, counts);
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
	if (is_dropped(WAY_INGRESS))
		return xdp_drop(ctx, WAY_INGRESS, TRANSPARENTHELLOWORLD_DROP_ACTION);
	return xdp_pass(ctx);
}

char LICENSE[] SEC("license") = "GPL";
