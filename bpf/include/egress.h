/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Standard cubes that look at frames once more when they leave by a port with a
 * network device behind it: the port's hop leads to their own egress program.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "cube.h"
#include "go.h"

/* Core: written by the engine; where frames go on behind the egress program. Indexed by port. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct hop);
	__uint(max_entries, PORTS_MAX);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} egress_hops SEC(".maps");

/* Lets a frame leave by the port in cb[CB_ARG]. */
static __always_inline int tc_leave(struct __sk_buff *skb)
{
	__u32 port = skb->cb[CB_ARG];
	struct port_counters *counts = bpf_map_lookup_elem(&counters, &port);
	const struct hop *row = bpf_map_lookup_elem(&egress_hops, &port);

	return row ? tc_go(skb, counts, hop_read(row)) : tc_drop(skb, counts, DROP_NO_PEER);
}
