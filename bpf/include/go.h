/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of every TC program: a frame goes where a hop leads to. Programs are
 * counted on the way, so that the kernel's limit of tail calls is never met, and
 * a frame in a loop of cubes is dropped.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "cb.h"
#include "counters.h"
#include "hop.h"
#include "jump.h"
#include "recirculation.h"
#include "trace.h"

/* The only way to drop: nothing is lost without a reason. */
static __always_inline int tc_drop(struct __sk_buff *skb, struct port_counters *in, __u32 reason)
{
	count_drop(in, reason);
	trace_drop(skb, reason);
	return TC_ACT_SHOT;
}

/* What a frame carries must not tell the receiver, nor its devices, anything of ours. */
static __always_inline void tc_clean(struct __sk_buff *skb)
{
	skb->mark = 0;
	skb->priority = 0;
}

/* Recirculations inside each other; 0 while a frame is still where it came in. */
static __always_inline __u32 tc_nesting(struct __sk_buff *skb)
{
	return skb->cb[CB_NESTING] & NESTING_MASK;
}

/* Addresses a frame to a cube by way of the recirculation device; gives the redirect's flags. */
static __always_inline __u64 tc_address(struct __sk_buff *skb, struct hop to, __u32 nonce)
{
	skb->cb[CB_ARG] = to.arg;
	skb->cb[CB_SLOT] = to.slot;
	skb->cb[CB_PROGRAMS] = (__u16)(skb->cb[CB_PROGRAMS] + 1);
	skb->cb[CB_NONCE] = nonce;
	if (tc_nesting(skb) < NESTING_MAX) {
		skb->cb[CB_NESTING] += 1;
		return 0;
	}
	/* Through the backlog, out of all that is going on. */
	skb->cb[CB_NESTING] -= NESTING_MAX - 1;
	return BPF_F_INGRESS;
}

static __always_inline int tc_recirculate(struct __sk_buff *skb, struct port_counters *in,
					  struct hop to)
{
	const struct recirculation *own = recirculation_row();

	if (!own || !own->ifindex)
		return tc_drop(skb, in, DROP_NO_PEER);
	return bpf_redirect(own->ifindex, tc_address(skb, to, own->nonce));
}

static __always_inline int tc_enter(struct __sk_buff *skb, struct port_counters *in, struct hop to)
{
	__u32 programs = skb->cb[CB_PROGRAMS];

	if ((__u16)programs >= PROGRAMS_MAX)
		return tc_drop(skb, in, DROP_HOP_LIMIT);
	if (programs >> 16 >= PROGRAMS_IN_A_ROW_MAX)
		return tc_recirculate(skb, in, to);
	skb->cb[CB_ARG] = to.arg;
	skb->cb[CB_PROGRAMS] = programs + PROGRAM_ENTERED;
	bpf_tail_call(skb, &jmp_tc, to.slot);
	return tc_drop(skb, in, DROP_EMPTY_SLOT);
}

/*
 * A frame that was recirculated is not on its device any more: it goes back there
 * with the nonce, by which the entry program knows that it has had it.
 */
static __always_inline int tc_next(struct __sk_buff *skb, struct hop to)
{
	const struct recirculation *own;

	if (!tc_nesting(skb))
		return TC_ACT_UNSPEC;
	own = recirculation_row();
	if (own)
		skb->cb[CB_NONCE] = own->nonce;
	return bpf_redirect(to.arg, to.flags & HOP_FLAG_EGRESS ? 0 : BPF_F_INGRESS);
}

static __always_inline int tc_go(struct __sk_buff *skb, struct port_counters *in, struct hop to)
{
	trace_hop(skb, to, TRACE_SENT);
	switch (to.kind) {
	case HOP_DEVICE:
		tc_clean(skb);
		if (to.flags & HOP_FLAG_PEER && !tc_nesting(skb))
			return bpf_redirect_peer(to.arg, 0);
		return bpf_redirect(to.arg, 0);
	case HOP_TAIL:
		return tc_enter(skb, in, to);
	case HOP_NEXT:
		return tc_next(skb, to);
	default:
		return tc_drop(skb, in, DROP_NO_PEER);
	}
}

/* Counts the frame as sent by a row of the counters, unless it ends here. */
static __always_inline int tc_go_counted(struct __sk_buff *skb, struct port_counters *in,
					 struct hop to, __u32 row)
{
	__u32 length = skb->len;
	int verdict;

	count_tx(row, length);
	verdict = tc_go(skb, in, to);
	if (verdict == TC_ACT_SHOT)
		uncount_tx(row, length);
	return verdict;
}
