// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program on the recirculation device, at ingress and at egress: frames go on
 * into the cube that cb[] names. None is ever sent out of the device.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define COUNTERS_ROWS 1
#include "go.h"

static __always_inline int drop(struct __sk_buff *skb, enum drop_reason reason)
{
	__u32 row = 0;
	struct port_counters *device = bpf_map_lookup_elem(&counters, &row);

	count_rx(device, skb->len);
	return tc_drop(skb, device, reason);
}

SEC("tc")
int recirculate(struct __sk_buff *skb)
{
	if (!is_nonce(skb->cb[CB_NONCE])) {
		skb->cb[CB_NESTING] = 0;
		return drop(skb, DROP_FOREIGN);
	}
	skb->cb[CB_NONCE] = 0;
	bpf_tail_call(skb, &jmp_tc, skb->cb[CB_SLOT]);
	return drop(skb, DROP_EMPTY_SLOT);
}

char LICENSE[] SEC("license") = "GPL";
