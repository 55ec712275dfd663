// SPDX-License-Identifier: GPL-2.0-only
/* What the bridge is compared with: the least that forwards a frame. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 to_ifindex = 0;

SEC("tc")
int redirect(struct __sk_buff *skb)
{
	return bpf_redirect(to_ifindex, 0);
}

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
