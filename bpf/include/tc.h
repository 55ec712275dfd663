/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TC verdicts of standard cubes. cb[0] is the port a frame enters by and, once
 * it is decided, the port it leaves by, where tests can read it.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "cube.h"
#include "jump.h"

/* The only way to drop: nothing is lost without a reason. */
static __always_inline int tc_drop(struct port_counters *in, __u32 reason)
{
	count_drop(in, reason);
	return TC_ACT_SHOT;
}

/* What a frame carries must not tell the receiver, nor its devices, anything of ours. */
static __always_inline void tc_clean(struct __sk_buff *skb)
{
	skb->mark = 0;
	skb->priority = 0;
}

/* Sends a clean frame out of a port. */
static __always_inline int tc_send(struct __sk_buff *skb, struct port_counters *in, __u32 port)
{
	struct hop hop = hop_of(port);

	if (hop.kind == HOP_NONE)
		return tc_drop(in, DROP_NO_PEER);
	count_tx(port, skb->len);
	skb->cb[0] = port;
	if (hop.kind == HOP_DEVICE && (hop.flags & HOP_FLAG_PEER))
		return bpf_redirect_peer(hop.arg, 0);
	if (hop.kind == HOP_DEVICE)
		return bpf_redirect(hop.arg, 0);
	if (hop.kind == HOP_NEXT)
		return TC_ACT_UNSPEC;
	skb->cb[0] = hop.arg;
	bpf_tail_call(skb, &jmp_tc, hop.slot);
	uncount_tx(port, skb->len);
	return tc_drop(in, DROP_EMPTY_SLOT);
}

/* Sends a copy of a clean frame out of a port that has a device. */
static __always_inline void tc_copy(struct __sk_buff *skb, struct hop hop, __u32 port)
{
	count_tx(port, skb->len);
	/* The result is that of the receiver's programs too: no sign of failure. */
	bpf_clone_redirect(skb, hop.arg, 0);
}

struct tc_flood {
	struct __sk_buff *skb;
	struct port_counters *in;
	__u32 in_port;
	/* The target found last, which gets the frame itself; PORTS_MAX for none. */
	__u32 last;
	struct hop last_hop;
};

/* One port of a flood: a target gets its copy when the next one is found. */
static long tc_flood_port(__u64 port, struct tc_flood *flood)
{
	struct hop hop = hop_of(port);

	if (port == flood->in_port || hop.kind == HOP_NONE || hop.kind == HOP_NEXT)
		return 0;
	if (flood->last != PORTS_MAX && flood->last_hop.kind != HOP_DEVICE) {
		if (hop.kind == HOP_DEVICE)
			tc_copy(flood->skb, hop, port);
		else
			count_drop(flood->in, DROP_SECOND_CUBE);
		return 0;
	}
	if (flood->last != PORTS_MAX)
		tc_copy(flood->skb, flood->last_hop, flood->last);
	flood->last = port;
	flood->last_hop = hop;
	return 0;
}

/*
 * Sends a frame out of all ports but one. All targets but the last get copies;
 * a cube must be last, since only the frame itself can be tail called with.
 */
static __always_inline int tc_flood(struct __sk_buff *skb, struct port_counters *in, __u32 in_port)
{
	struct tc_flood flood = { .skb = skb, .in = in, .in_port = in_port, .last = PORTS_MAX };

	/* Not a for loop: the verifier would walk each of 128 rounds in every combination. */
	bpf_loop(ports_end(), tc_flood_port, &flood, 0);
	if (flood.last == PORTS_MAX)
		return tc_drop(in, DROP_NO_PEER);
	return tc_send(skb, in, flood.last);
}
