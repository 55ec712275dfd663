// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs on a network device; one object is loaded for each device. Where
 * an XDP program runs in front of the TC program, that goes on where XDP ended.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

/* A row for frames that come in and one for those that go out. */
#define ENTRY_ROWS    2
#define COUNTERS_ROWS ENTRY_ROWS
#include "go.h"
#include "position.h"

enum entry_way {
	ENTRY_INGRESS = 0,
	ENTRY_EGRESS = 1,
};
EXPORT_TYPE(enum entry_way, entry_way);

/* Core: written by the engine; the first hop of frames that come in, and go out. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct hop);
	__uint(max_entries, ENTRY_ROWS);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} hop SEC(".maps");

static __always_inline struct hop entry_hop(__u32 way)
{
	const struct hop *first = bpf_map_lookup_elem(&hop, &way);
	const struct hop none = {};

	return first ? hop_read(first) : none;
}

/* True for a frame that was here before and comes back to go on without us. */
static __always_inline int is_returned(struct __sk_buff *skb)
{
	if (!is_nonce(skb->cb[CB_NONCE]))
		return 0;
	skb->cb[CB_NONCE] = 0;
	return 1;
}

static __always_inline int drop(struct __sk_buff *skb, __u32 way, enum drop_reason reason)
{
	struct port_counters *device = bpf_map_lookup_elem(&counters, &way);

	count_rx(device, skb->len);
	return tc_drop(skb, device, reason);
}

/* cb[] holds what the sender's namespace left there: it is written before it is read. */
static __always_inline int enter(struct __sk_buff *skb, __u32 way, struct hop to)
{
	skb->cb[CB_ARG] = to.arg;
	skb->cb[CB_PROGRAMS] = PROGRAM_ENTERED;
	skb->cb[CB_NESTING] = 0;
	trace_hop(skb, to, TRACE_ENTERED);
	bpf_tail_call(skb, &jmp_tc, to.slot);
	return drop(skb, way, DROP_EMPTY_SLOT);
}

static __always_inline int go(struct __sk_buff *skb, __u32 way, struct hop to)
{
	switch (to.kind) {
	case HOP_TAIL:
		return enter(skb, way, to);
	case HOP_NEXT:
		return TC_ACT_UNSPEC;
	case HOP_DEVICE:
		/* Where XDP has left a frame that it could not send. */
		tc_clean(skb);
		return bpf_redirect(to.arg, 0);
	default:
		skb->cb[CB_NESTING] = 0;
		return drop(skb, way, DROP_NO_PEER);
	}
}

SEC("tc")
int ingress(struct __sk_buff *skb)
{
	struct hop to = entry_hop(ENTRY_INGRESS);

	if (is_returned(skb))
		return TC_ACT_UNSPEC;
	if (to.flags & HOP_FLAG_RESUME) {
		struct hop left = tc_position(skb);

		if (left.kind != HOP_NONE)
			to = left;
	}
	return go(skb, ENTRY_INGRESS, to);
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	if (is_returned(skb))
		return TC_ACT_UNSPEC;
	return go(skb, ENTRY_EGRESS, entry_hop(ENTRY_EGRESS));
}

/* Not `xdp`: clang 14 takes the section's symbol for a second definition of it. */
SEC("xdp")
int xdp_ingress(struct xdp_md *ctx)
{
	struct hop to = entry_hop(ENTRY_INGRESS);

	if (to.kind != HOP_TAIL || to.flags & HOP_FLAG_TRACE || position_put(ctx, to))
		return XDP_PASS;
	bpf_tail_call(ctx, &jmp_xdp, to.slot);
	return xdp_leave(ctx);
}

char LICENSE[] SEC("license") = "GPL";
