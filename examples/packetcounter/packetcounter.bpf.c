// SPDX-License-Identifier: GPL-2.0-only
/* Counts every packet that arrives, and lets it pass. */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "tc.h"
#include "xdp.h"

struct packetcounter_received {
	__u64 packets;
	__u64 bytes;
};

/* Written by the programs; one row. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct packetcounter_received);
	__uint(max_entries, 1);
} received SEC(".maps");

/* What XDP has counted comes by the TC program too, on its way to the host. */
const volatile bool counts_in_tc = true;

static __always_inline void count(__u32 length)
{
	__u32 row = 0;
	struct packetcounter_received *so_far = bpf_map_lookup_elem(&received, &row);

	if (!so_far)
		return;
	/* Packets arrive on several CPUs at once. */
	__sync_fetch_and_add(&so_far->packets, 1);
	__sync_fetch_and_add(&so_far->bytes, length);
}

SEC("tc")
int ingress(struct __sk_buff *skb)
{
	if (counts_in_tc)
		count(skb->len);
	return TC_ACT_UNSPEC;
}

SEC("xdp")
int xdp_ingress(struct xdp_md *ctx)
{
	count(xdp_length(ctx));
	return xdp_leave(ctx);
}

char LICENSE[] SEC("license") = "GPL";
