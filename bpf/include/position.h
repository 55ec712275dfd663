/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a frame is on its way through XDP programs, which have no cb[]: it stands
 * in data_meta, from the entry program on. Before the frame leaves for a device
 * it is taken away. What XDP does not finish keeps it, with a nonce, through
 * XDP_PASS: the TC entry of the device goes on there, so nothing is done twice.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "export.h"
#include "hop.h"
#include "recirculation.h"

struct position {
	/* The nonce of recirculation.h once XDP has left the frame to TC; else 0. */
	__u32 nonce;
	/*
	 * The program that has the frame, or that TC has to go on with. The flags
	 * are those of the device the frame came from, all the way.
	 */
	struct hop hop;
};
EXPORT_TYPE(struct position, position);

_Static_assert(sizeof(struct position) == 12, "data_meta grows by multiples of 4");

/* 0, or -errno where the driver has no room for metadata. */
static __always_inline int position_put(struct xdp_md *ctx, struct hop hop)
{
	struct position *position;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*position)))
		return -1;
	position = (void *)(long)ctx->data_meta;
	if ((void *)(position + 1) > (void *)(long)ctx->data)
		return -1;
	position->nonce = 0;
	position->hop = hop;
	return 0;
}

/* NULL if the frame came by no entry program. */
static __always_inline struct position *xdp_position(struct xdp_md *ctx)
{
	struct position *position = (void *)(long)ctx->data_meta;

	return (void *)(position + 1) > (void *)(long)ctx->data ? NULL : position;
}

static __always_inline void position_take(struct xdp_md *ctx)
{
	bpf_xdp_adjust_meta(ctx, sizeof(struct position));
}

/* The verdict for a frame that TC has to go on with from here. */
static __always_inline int xdp_leave(struct xdp_md *ctx)
{
	const struct recirculation *own = recirculation_row();
	struct position *position = xdp_position(ctx);

	if (own && position)
		position->nonce = own->nonce;
	return XDP_PASS;
}

/* Where XDP has left a frame; HOP_NONE if it has not, or nothing can be known of it. */
static __always_inline struct hop tc_position(struct __sk_buff *skb)
{
	struct position *position = (void *)(long)skb->data_meta;
	struct hop hop = {};

	if ((void *)(position + 1) > (void *)(long)skb->data || !is_nonce(position->nonce))
		return hop;
	/* Whoever gets the frame next must not learn it. */
	position->nonce = 0;
	return position->hop;
}
