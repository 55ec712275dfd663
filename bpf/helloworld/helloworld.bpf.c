// SPDX-License-Identifier: GPL-2.0-only
/* A wire between two ports, which can be cut, or hand what comes to the daemon. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "egress.h"
#include "helloworld.h"
#include "log.h"
#include "slow_path.h"
#include "tc.h"
#include "xdp.h"

/* Written by user space, one row: /helloworld/action. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct helloworld_settings);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} settings SEC(".maps");

static __always_inline enum helloworld_action action(void)
{
	__u32 row = 0;
	const struct helloworld_settings *set = bpf_map_lookup_elem(&settings, &row);

	return set ? set->action : HELLOWORLD_DROP;
}

/* The ports are 0 and 1. */
static __always_inline __u32 other(__u32 port)
{
	return !port;
}

SEC("tc")
int ingress(struct __sk_buff *skb)
{
	__u32 in_port = skb->cb[CB_ARG];
	struct port_counters *in = bpf_map_lookup_elem(&counters, &in_port);

	count_rx(in, skb->len);
	cube_log(LOG_DEBUG, "[INGRESS] Receiving packet from port %u", in_port);
	switch (action()) {
	case HELLOWORLD_FORWARD:
		cube_log(LOG_DEBUG, "Forwarding packet from port %u to port %u", in_port,
			 other(in_port));
		return tc_send(skb, in, other(in_port));
	case HELLOWORLD_SLOWPATH:
		cube_log(LOG_DEBUG, "Sending packet from port %u to slow path", in_port);
		return tc_punt(skb, in, 0);
	default:
		cube_log(LOG_DEBUG, "Dropping packet from port %u", in_port);
		return tc_drop(skb, in, HELLOWORLD_DROP_ACTION);
	}
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	cube_log(LOG_DEBUG, "[EGRESS] Sending packet to port %u", skb->cb[CB_ARG]);
	return tc_leave(skb);
}

SEC("xdp")
int xdp_ingress(struct xdp_md *ctx)
{
	const struct position *entered = xdp_position(ctx);
	enum helloworld_action act = action();
	__u32 in_port;
	struct hop hop;

	if (!entered)
		return XDP_PASS;
	in_port = entered->hop.arg;
	hop = hop_of(other(in_port));
	if (act == HELLOWORLD_SLOWPATH || (act == HELLOWORLD_FORWARD && !xdp_can_send(ctx, hop)))
		return xdp_leave(ctx);
	cube_log(LOG_DEBUG, "[INGRESS] Receiving packet from port %u", in_port);
	if (act == HELLOWORLD_FORWARD) {
		cube_log(LOG_DEBUG, "Forwarding packet from port %u to port %u", in_port,
			 other(in_port));
		return xdp_send(ctx, hop, in_port, other(in_port));
	}
	cube_log(LOG_DEBUG, "Dropping packet from port %u", in_port);
	return xdp_drop(ctx, in_port, HELLOWORLD_DROP_ACTION);
}

char LICENSE[] SEC("license") = "GPL";
