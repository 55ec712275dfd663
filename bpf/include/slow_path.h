/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slow path of a cube: frames up to its service in the daemon, and down
 * again. Behind tc.h or transparent.h. XDP leaves what is for it to TC.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "cb.h"
#include "cube.h"
#include "go.h"
#include "punt.h"
#include "rate.h"

/* Frames that a cube may hand up, per second and CPU. */
#ifndef PUNTS_PER_SECOND
#define PUNTS_PER_SECOND 1000
#endif

/* Room in the ring buffer is taken in one of three sizes. */
#define PUNT_SMALL  240
#define PUNT_MEDIUM 2032
/* An IP packet, and what comes before it. */
#define PUNT_LARGE  (65536 + 16)

/* Core: written by the programs, one row. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct rate);
	__uint(max_entries, 1);
} punt_rate SEC(".maps");

static __always_inline void punt_describe(struct __sk_buff *skb, struct punt *head, __u32 reason)
{
	head->length = skb->len;
	head->slot = cube_slot();
	head->arg = skb->cb[CB_ARG];
	head->segment_size = skb->gso_size;
	head->vlan_protocol = skb->vlan_present ? skb->vlan_proto : 0;
	head->vlan_tci = skb->vlan_tci;
	head->reason = reason;
}

/* `head` has `room` bytes behind it; NULL for a ring buffer without so much. */
static __always_inline bool punt_submit(struct __sk_buff *skb, struct punt *head, __u32 room,
					__u32 reason)
{
	__u32 length = skb->len;

	if (!head)
		return false;
	punt_describe(skb, head, reason);
	if (length == 0 || length > room || bpf_skb_load_bytes(skb, 0, head + 1, length)) {
		bpf_ringbuf_discard(head, 0);
		return false;
	}
	bpf_ringbuf_submit(head, 0);
	return true;
}

static __always_inline bool punt_send(struct __sk_buff *skb, __u32 reason)
{
	__u32 length = skb->len;
	struct punt *head;

	if (length <= PUNT_SMALL) {
		head = bpf_ringbuf_reserve(&punts, sizeof(*head) + PUNT_SMALL, 0);
		return punt_submit(skb, head, PUNT_SMALL, reason);
	}
	if (length <= PUNT_MEDIUM) {
		head = bpf_ringbuf_reserve(&punts, sizeof(*head) + PUNT_MEDIUM, 0);
		return punt_submit(skb, head, PUNT_MEDIUM, reason);
	}
	head = bpf_ringbuf_reserve(&punts, sizeof(*head) + PUNT_LARGE, 0);
	return punt_submit(skb, head, PUNT_LARGE, reason);
}

/* 0, or the reason why the frame is dropped. */
__noinline int punt_frame(struct __sk_buff *skb, __u32 reason)
{
	__u32 row = 0;
	struct rate *rate = bpf_map_lookup_elem(&punt_rate, &row);

	if (!rate || !rate_takes(rate, RATE_WINDOW(PUNTS_PER_SECOND)))
		return DROP_SLOW_PATH_RATE;
	if (punt_send(skb, reason))
		return 0;
	rate->full += 1;
	return DROP_SLOW_PATH_ROOM;
}

/*
 * Hands a frame to the service, whose onPacket decides what becomes of it. Up go whole
 * frames or nothing; it ends here either way.
 */
static __always_inline int tc_punt(struct __sk_buff *skb, struct port_counters *in, __u32 reason)
{
	int lost = punt_frame(skb, reason);

	if (lost)
		return tc_drop(skb, in, lost);
	trace_punt(skb);
	return TC_ACT_SHOT;
}

/* What the service sends: out of the port in cb[CB_ARG], or on by the way. */
SEC("tc")
int packet_out(struct __sk_buff *skb)
{
	struct hop hop = hop_of(skb->cb[CB_ARG]);
	__u32 row = skb->cb[CB_ARG] & (COUNTERS_ROWS - 1);
	struct port_counters *out = bpf_map_lookup_elem(&counters, &row);

	return tc_go_counted(skb, out, hop, row);
}
