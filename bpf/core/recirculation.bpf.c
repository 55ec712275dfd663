// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program on the recirculation device, at ingress and at egress: frames go on
 * into the cube that cb[] names. None is ever sent out of the device. What the
 * daemon sends comes by its egress: the mark names the program, and where in its cube.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define COUNTERS_ROWS 1
#include "go.h"
#include "log_record.h"
#include "punt.h"

/* The mark of what the daemon sends: slot and arg behind it (src/dataplane/packet-socket.ts). */
#define PACKET_OUT_MARK	      0x40000000
#define PACKET_OUT_SLOT_SHIFT 8
#define PACKET_OUT_SLOT_MASK  (JUMP_TABLE_SLOTS - 1)
#define PACKET_OUT_ARG_MASK   0xff

static __always_inline int drop(struct __sk_buff *skb, enum drop_reason reason)
{
	__u32 row = 0;
	struct port_counters *device = bpf_map_lookup_elem(&counters, &row);

	count_rx(device, skb->len);
	return tc_drop(skb, device, reason);
}

/* Programs expect the outer tag beside the frame, where a device would have put it. */
static __always_inline void take_tag(struct __sk_buff *skb)
{
	__be16 protocol = skb->protocol;
	__be16 tci;

	if (skb->vlan_present ||
	    (protocol != bpf_htons(ETH_P_8021Q) && protocol != bpf_htons(ETH_P_8021AD)))
		return;
	if (bpf_skb_load_bytes(skb, ETH_HLEN, &tci, sizeof(tci)) || bpf_skb_vlan_pop(skb))
		return;
	bpf_skb_vlan_push(skb, protocol, bpf_ntohs(tci));
}

/* False for what does not come from a socket here: the other end of the veth is anybody's. */
static __always_inline bool take_packet_out(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;

	if (!(mark & PACKET_OUT_MARK) || skb->ingress_ifindex)
		return false;
	skb->mark = 0;
	skb->cb[CB_ARG] = mark & PACKET_OUT_ARG_MASK;
	skb->cb[CB_SLOT] = mark >> PACKET_OUT_SLOT_SHIFT & PACKET_OUT_SLOT_MASK;
	skb->cb[CB_PROGRAMS] = PROGRAM_ENTERED;
	skb->cb[CB_NESTING] = 1;
	take_tag(skb);
	return true;
}

SEC("tc")
int recirculate(struct __sk_buff *skb)
{
	if (!is_nonce(skb->cb[CB_NONCE]) && !take_packet_out(skb)) {
		skb->cb[CB_NESTING] = 0;
		return drop(skb, DROP_FOREIGN);
	}
	skb->cb[CB_NONCE] = 0;
	bpf_tail_call(skb, &jmp_tc, skb->cb[CB_SLOT]);
	return drop(skb, DROP_EMPTY_SLOT);
}

char LICENSE[] SEC("license") = "GPL";
