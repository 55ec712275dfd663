// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry from a network device into a cube; one is loaded for each device. The
 * XDP program is a fast path in front of the TC program of the same cube: what
 * it does not finish comes by here again, as a socket buffer.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define COUNTERS_ROWS 1
#include "counters.h"
#include "hop.h"
#include "jump.h"
#include "xdp_port.h"

/* Core: written by the engine, one row: the cube and its port. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct hop);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} hop SEC(".maps");

static __always_inline struct hop entry_hop(void)
{
	__u32 row = 0;
	const struct hop *first = bpf_map_lookup_elem(&hop, &row);
	const struct hop none = {};

	return first ? hop_read(first) : none;
}

static __always_inline int drop(__u32 length, enum drop_reason reason)
{
	__u32 row = 0;
	struct port_counters *device = bpf_map_lookup_elem(&counters, &row);

	count_rx(device, length);
	count_drop(device, reason);
	return TC_ACT_SHOT;
}

SEC("tc")
int ingress(struct __sk_buff *skb)
{
	struct hop to = entry_hop();

	if (to.kind == HOP_NEXT)
		return TC_ACT_UNSPEC;
	if (to.kind != HOP_TAIL)
		return drop(skb->len, DROP_NO_PEER);
	/* cb[] still holds what the sender's namespace left there: never read, only written. */
	skb->cb[0] = to.arg;
	bpf_tail_call(skb, &jmp_tc, to.slot);
	return drop(skb->len, DROP_EMPTY_SLOT);
}

/* Not `xdp`: clang 14 takes the section's symbol for a second definition of it. */
SEC("xdp")
int xdp_ingress(struct xdp_md *ctx)
{
	struct hop to = entry_hop();

	if (to.kind != HOP_TAIL || xdp_put_port(ctx, to.arg))
		return XDP_PASS;
	bpf_tail_call(ctx, &jmp_xdp, to.slot);
	return xdp_leave(ctx);
}

char LICENSE[] SEC("license") = "GPL";
