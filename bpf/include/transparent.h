/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transparent cubes: attached to a port or a device, a frame passes them on its
 * way in or out. cb[CB_ARG], or the position in XDP, is a row of `hops`; its
 * lowest bit is the way, which the counters are kept by.
 */
#pragma once

#include "export.h"

enum way {
	/* Towards the cube of the port, or in from the wire. */
	WAY_INGRESS = 0,
	WAY_EGRESS = 1,
};
EXPORT_TYPE(enum way, way);

/* Of each way a second row: another chain is made whole there before frames enter it. */
#define HOPS_ROWS     4
#define COUNTERS_ROWS 2

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "cube.h"
#include "go.h"
#include "xdp.h"

static __always_inline struct port_counters *way_counters(__u32 row)
{
	__u32 way = row & WAY_EGRESS;

	return bpf_map_lookup_elem(&counters, &way);
}

/* A frame comes in; the result is for tc_drop. */
static __always_inline struct port_counters *tc_arrive(struct __sk_buff *skb)
{
	struct port_counters *way = way_counters(skb->cb[CB_ARG]);

	count_rx(way, skb->len);
	return way;
}

/* The frame goes on to what comes next in its chain. */
static __always_inline int tc_pass(struct __sk_buff *skb, struct port_counters *way)
{
	__u32 row = skb->cb[CB_ARG];

	return tc_go_counted(skb, way, hop_of(row), row & WAY_EGRESS);
}

/* In XDP frames only come in. */
static __always_inline int xdp_pass(struct xdp_md *ctx)
{
	struct position *position = xdp_position(ctx);

	if (!position)
		return XDP_PASS;
	xdp_count_rx(ctx, WAY_INGRESS, -1);
	count_tx(WAY_INGRESS, xdp_length(ctx));
	return xdp_go(ctx, hop_of(position->hop.arg));
}
