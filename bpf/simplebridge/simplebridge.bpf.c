// SPDX-License-Identifier: GPL-2.0-only
/*
 * A learning Ethernet bridge without VLANs and spanning tree: tagged frames pass
 * unchanged, whatever their tags. Owners of its maps stand at each in fdb.h.
 *
 * Group addresses 01:80:c2:00:00:01 to :0f are for the devices on one link and
 * are not forwarded, as IEEE 802.1D-2004 §7.12.6 wants and Linux does; :00, the
 * spanning tree's, is flooded, so that bridges around this one still find loops.
 *
 * The XDP program sends known unicast to other cubes and to devices that take XDP
 * frames, and drops. The rest, floods above all, it leaves to the TC program over the
 * same maps, untouched: neither learned from nor counted.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "fdb.h"
#include "simplebridge.h"
#include "tc.h"
#include "xdp.h"

/* Decisions beside the port to send to. */
#define FLOOD (-1)
#define DROP  (-2)

struct decision {
	/* A port, FLOOD or DROP. */
	int to;
	__u32 reason;
	struct simplebridge_fdb_key source;
	__u64 now;
};

static __always_inline bool is_group(const __u8 *address)
{
	return address[0] & 1;
}

static __always_inline bool is_null(const __u8 *address)
{
	return !(address[0] | address[1] | address[2] | address[3] | address[4] | address[5]);
}

static __always_inline bool is_link_local(const __u8 *address)
{
	return address[0] == 0x01 && address[1] == 0x80 && address[2] == 0xc2 && !address[3] &&
	       !address[4] && address[5] >= 0x01 && address[5] <= 0x0f;
}

static __always_inline struct decision dropped(enum simplebridge_drop_reason reason)
{
	return (struct decision){ .to = DROP, .reason = reason };
}

/* Where a frame goes. Changes nothing: the XDP program may yet leave it to TC. */
static __always_inline struct decision decide(const struct ethhdr *eth, __u32 in_port)
{
	struct simplebridge_fdb_key destination = {};
	struct decision decision = {};

	if (is_group(eth->h_source) || is_null(eth->h_source))
		return dropped(SIMPLEBRIDGE_DROP_INVALID_SOURCE);
	if (is_link_local(eth->h_dest))
		return dropped(SIMPLEBRIDGE_DROP_LINK_LOCAL);
	__builtin_memcpy(decision.source.address, eth->h_source, ETH_ALEN);
	decision.now = bpf_ktime_get_coarse_ns();
	decision.to = FLOOD;
	if (is_group(eth->h_dest))
		return decision;
	__builtin_memcpy(destination.address, eth->h_dest, ETH_ALEN);
	decision.to = fdb_find(&destination, decision.now);
	if (decision.to < 0)
		decision.to = FLOOD;
	if (decision.to == (int)in_port) {
		decision.to = DROP;
		decision.reason = SIMPLEBRIDGE_DROP_SAME_PORT;
	}
	return decision;
}

/* Frames with a source nobody can have, or that are not ours to forward, teach nothing. */
static __always_inline void learn(const struct decision *decision, __u32 in_port)
{
	if (decision->to == DROP && decision->reason != SIMPLEBRIDGE_DROP_SAME_PORT)
		return;
	fdb_learn(&decision->source, in_port, decision->now);
}

SEC("tc")
int ingress(struct __sk_buff *skb)
{
	const struct ethhdr *eth = (void *)(long)skb->data;
	__u32 in_port = skb->cb[CB_ARG];
	struct port_counters *in = bpf_map_lookup_elem(&counters, &in_port);
	struct decision decision;

	count_rx(in, skb->len);
	if ((void *)(eth + 1) > (void *)(long)skb->data_end)
		return tc_drop(skb, in, DROP_TRUNCATED);
	decision = decide(eth, in_port);
	learn(&decision, in_port);
	if (decision.to == DROP)
		return tc_drop(skb, in, decision.reason);
	if (decision.to == FLOOD)
		return tc_flood(skb, in, in_port);
	return tc_send(skb, in, decision.to);
}

SEC("xdp")
int xdp_ingress(struct xdp_md *ctx)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;
	const struct position *entered = xdp_position(ctx);
	struct decision decision;
	struct hop hop;
	__u32 in_port;

	if (!entered)
		return XDP_PASS;
	in_port = entered->hop.arg;
	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return xdp_leave(ctx);
	decision = decide(eth, in_port);
	if (decision.to == FLOOD)
		return xdp_leave(ctx);
	if (decision.to == DROP) {
		learn(&decision, in_port);
		return xdp_drop(ctx, in_port, decision.reason);
	}
	hop = hop_of(decision.to);
	if (!xdp_can_send(ctx, hop))
		return xdp_leave(ctx);
	learn(&decision, in_port);
	return xdp_send(ctx, hop, in_port, decision.to);
}

char LICENSE[] SEC("license") = "GPL";
