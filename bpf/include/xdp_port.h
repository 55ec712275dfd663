/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An XDP program has no cb[]: the port a frame enters by stands in the first
 * word of data_meta, between the entry program and the cube. It is taken away
 * before the frame goes anywhere else.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* 0, or -errno where the driver has no room for metadata. */
static __always_inline int xdp_put_port(struct xdp_md *ctx, __u32 port)
{
	__u32 *word;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*word)))
		return -1;
	word = (void *)(long)ctx->data_meta;
	if ((void *)(word + 1) > (void *)(long)ctx->data)
		return -1;
	*word = port;
	return 0;
}

/* NULL if the frame came by no entry program. */
static __always_inline const __u32 *xdp_port(struct xdp_md *ctx)
{
	const __u32 *word = (void *)(long)ctx->data_meta;

	return (void *)(word + 1) > (void *)(long)ctx->data ? NULL : word;
}

static __always_inline void xdp_take_port(struct xdp_md *ctx)
{
	bpf_xdp_adjust_meta(ctx, sizeof(__u32));
}

/* The verdict for a frame that TC is to finish. */
static __always_inline int xdp_leave(struct xdp_md *ctx)
{
	xdp_take_port(ctx);
	return XDP_PASS;
}
