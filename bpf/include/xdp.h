/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * XDP verdicts of standard cubes. XDP is a fast path: a cube counts, and changes
 * anything, only for frames it sends on; all others it leaves to its TC program.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include "checksum.h"
#include "cube.h"
#include "jump.h"
#include "position.h"

/*
 * A tap hands over frames that nobody has segmented yet; a redirect would not do
 * so either. What is longer than an Ethernet frame without tags goes by TC.
 */
#define XDP_FRAME_MAX ETH_FRAME_LEN

static __always_inline __u32 xdp_length(const struct xdp_md *ctx)
{
	__u32 length = ctx->data_end - ctx->data;

	/*
	 * Subtracted here: clang 14 would keep 32 bits of the pointers on the stack
	 * until it is needed ("invalid size of register spill", up to 6.18 at least).
	 */
	asm volatile("" : "+r"(length));
	return length;
}

static __always_inline void xdp_count_rx(const struct xdp_md *ctx, __u32 in_port, int drop_reason)
{
	struct port_counters *in = bpf_map_lookup_elem(&counters, &in_port);

	count_rx(in, xdp_length(ctx));
	if (drop_reason >= 0)
		count_drop(in, drop_reason);
}

static __always_inline int xdp_drop(const struct xdp_md *ctx, __u32 in_port, __u32 reason)
{
	xdp_count_rx(ctx, in_port, reason);
	return XDP_DROP;
}

/* Whether XDP can send this frame to where a hop leads, as it is. */
static __always_inline bool xdp_can_send(struct xdp_md *ctx, struct hop to)
{
	const struct position *position = xdp_position(ctx);
	__u8 from = position ? position->hop.flags : 0;

	if (to.kind == HOP_TAIL)
		return !(to.flags & HOP_FLAG_TRACE);
	if (to.kind != HOP_DEVICE || !(to.flags & from & HOP_FLAG_XDP))
		return false;
	if (xdp_length(ctx) > XDP_FRAME_MAX)
		return false;
	return !(from & HOP_FLAG_XDP_CHECKSUM) || checksum_is_finished(ctx);
}

/* TC goes on behind programs that only it has, and behind more than the kernel calls in a row. */
static __always_inline int xdp_enter(struct xdp_md *ctx, struct hop to)
{
	struct position *position = xdp_position(ctx);

	if (!position)
		return XDP_PASS;
	to.flags = position->hop.flags;
	position->hop = to;
	bpf_tail_call(ctx, &jmp_xdp, to.slot);
	return xdp_leave(ctx);
}

/* Sends a frame on, or lets TC do so. */
static __always_inline int xdp_go(struct xdp_md *ctx, struct hop to)
{
	struct position *position = xdp_position(ctx);

	if (!position)
		return XDP_PASS;
	if (to.kind == HOP_TAIL)
		return xdp_enter(ctx, to);
	if (xdp_can_send(ctx, to)) {
		position_take(ctx);
		return bpf_redirect(to.arg, 0);
	}
	to.flags = position->hop.flags;
	position->hop = to;
	return xdp_leave(ctx);
}

/* Sends a frame out of a port by a hop that can be sent by. */
static __always_inline int xdp_send(struct xdp_md *ctx, struct hop hop, __u32 in_port,
				    __u32 out_port)
{
	xdp_count_rx(ctx, in_port, -1);
	count_tx(out_port, xdp_length(ctx));
	if (hop.kind == HOP_TAIL)
		return xdp_enter(ctx, hop);
	position_take(ctx);
	return bpf_redirect(hop.arg, 0);
}
