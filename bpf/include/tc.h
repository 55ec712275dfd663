/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TC verdicts of standard cubes. cb[CB_ARG] is the port a frame enters by and,
 * once it is decided, the port it leaves by, where tests can read it.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "cube.h"
#include "go.h"

/* Sends a frame out of a port. */
static __always_inline int tc_send(struct __sk_buff *skb, struct port_counters *in, __u32 port)
{
	struct hop hop = hop_of(port);

	if (hop.kind == HOP_NONE)
		return tc_drop(skb, in, DROP_NO_PEER);
	skb->cb[CB_ARG] = port;
	return tc_go_counted(skb, in, hop, port);
}

/*
 * Lets a copy enter a cube; only the frame itself could be tail called with. Gives
 * the verdict: TC_ACT_SHOT if there was none.
 */
static __always_inline int tc_copy_to_cube(struct __sk_buff *skb, struct port_counters *in,
					   struct hop hop)
{
	const struct recirculation *own = recirculation_row();
	__u32 programs = skb->cb[CB_PROGRAMS];

	if (!own || !own->ifindex)
		return tc_drop(skb, in, DROP_NO_PEER);
	if ((__u16)programs >= PROGRAMS_MAX)
		return tc_drop(skb, in, DROP_HOP_LIMIT);
	bpf_clone_redirect(skb, own->ifindex, tc_address(skb, hop, own->nonce));
	skb->cb[CB_PROGRAMS] = programs;
	skb->cb[CB_NONCE] = 0;
	return TC_ACT_OK;
}

static __always_inline void tc_copy_to_device(struct __sk_buff *skb, struct hop hop)
{
	__u32 mark = skb->mark;
	__u32 priority = skb->priority;

	tc_clean(skb);
	bpf_clone_redirect(skb, hop.arg, 0);
	skb->mark = mark;
	skb->priority = priority;
}

/* Sends a copy out of a port. What clone_redirect returns is the receiver's verdict: no failure. */
static __always_inline void tc_copy(struct __sk_buff *skb, struct port_counters *in, struct hop hop,
				    __u32 port)
{
	__u32 nesting = skb->cb[CB_NESTING];
	__u32 slot = skb->cb[CB_SLOT];
	__u32 length = skb->len;

	count_tx(port, length);
	trace_hop(skb, hop, TRACE_COPIED);
	if (hop.kind == HOP_DEVICE)
		tc_copy_to_device(skb, hop);
	else if (tc_copy_to_cube(skb, in, hop) == TC_ACT_SHOT)
		uncount_tx(port, length);
	skb->cb[CB_NESTING] = nesting;
	skb->cb[CB_SLOT] = slot;
}

struct tc_flood {
	struct __sk_buff *skb;
	struct port_counters *in;
	__u32 in_port;
	/* The target that gets the frame itself, of those found so far; PORTS_MAX for none. */
	__u32 last;
	struct hop last_hop;
};

/*
 * One port of a flood: of two targets one gets a copy, preferably the device. A
 * line of cubes floods so by tail calls, whatever else is behind their ports.
 */
static long tc_flood_port(__u64 port, struct tc_flood *flood)
{
	struct hop hop = hop_of(port);

	if (port == flood->in_port || hop.kind == HOP_NONE || hop.kind == HOP_NEXT)
		return 0;
	if (flood->last != PORTS_MAX && flood->last_hop.kind == HOP_TAIL &&
	    hop.kind == HOP_DEVICE) {
		tc_copy(flood->skb, flood->in, hop, port);
		return 0;
	}
	if (flood->last != PORTS_MAX)
		tc_copy(flood->skb, flood->in, flood->last_hop, flood->last);
	flood->last = port;
	flood->last_hop = hop;
	return 0;
}

/* Sends a frame out of all ports but one. All targets but one get copies. */
static __always_inline int tc_flood(struct __sk_buff *skb, struct port_counters *in, __u32 in_port)
{
	struct tc_flood flood = { .skb = skb, .in = in, .in_port = in_port, .last = PORTS_MAX };

	/* Not a for loop: the verifier would walk each of 128 rounds in every combination. */
	bpf_loop(ports_end(), tc_flood_port, &flood, 0);
	if (flood.last == PORTS_MAX)
		return tc_drop(skb, in, DROP_NO_PEER);
	return tc_send(skb, in, flood.last);
}
