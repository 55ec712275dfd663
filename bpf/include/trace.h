/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of single frames, told to user space while somebody asks. A frame
 * is looked at where it follows a hop with HOP_FLAG_TRACE; if it is one that was
 * asked for, it gets a number, in cb[CB_NESTING], and each program it comes to
 * tells what it decided. With no such hop a program tests a word it has anyway.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "cb.h"
#include "export.h"
#include "hop.h"

#define TRACE_BYTES_MAX	   262144
#define TRACE_HEAD_SIZE	   64
#define TRACE_NUMBER_SHIFT 8
/* As many as fit above the nesting. */
#define TRACE_NUMBERS	   0xffffff
/* Of a frame that has come from a device, or from a cube that is not looked at. */
#define TRACE_NO_SLOT	   0xffff

/* Which fields of trace_filter a frame must have. */
enum trace_field {
	TRACE_MAC = 1,
	TRACE_ADDRESS = 2,
	TRACE_ETHERTYPE = 4,
	TRACE_PROTOCOL = 8,
	TRACE_PORT = 16,
};
EXPORT_TYPE(enum trace_field, trace_field);

/* Addresses and ports are looked for in source and destination. */
struct trace_filter {
	/* CLOCK_MONOTONIC; nothing is told later, should nobody be there to end it. */
	__u64 until_ns;
	/* IPv4 as ::ffff:a.b.c.d. */
	__u8 address[16];
	__u8 mac[6];
	__be16 ethertype;
	__be16 port;
	__u8 protocol;
	/* enum trace_field */
	__u8 fields;
	__u32 pad;
};

_Static_assert(sizeof(struct trace_filter) == 40, "layout shared with user space");

/* Core: written by the engine, one row; one map for all objects. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct trace_filter);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} trace_filter SEC(".maps");

struct trace_counts {
	/* Frames that got a number. */
	__u32 frames;
	/* Records that found no room. */
	__u32 lost;
};

/* Core: written by the programs, one row; one map for all objects. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct trace_counts);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} trace_counts SEC(".maps");

enum trace_event {
	/* The frame is looked at from here on, and goes where the hop leads. */
	TRACE_ENTERED = 0,
	/* The frame itself goes where the hop leads. */
	TRACE_SENT = 1,
	/* A copy goes there; what becomes of it is told next. */
	TRACE_COPIED = 2,
	TRACE_DROPPED = 3,
	/* The frame was handed to the service in the daemon. */
	TRACE_PUNTED = 4,
};

struct trace_record {
	__u64 time_ns;
	/* Copies have the number of the frame. */
	__u32 frame;
	__u32 length;
	struct hop hop;
	/* Of the cube that decided, in the jump tables. */
	__u16 slot;
	enum trace_event event : 8;
	/* enum drop_reason, or one of the service. */
	__u8 reason;
	__u32 pad;
	/* The frame begins so by now; zeroes behind its end. */
	__u8 head[TRACE_HEAD_SIZE];
};
EXPORT_TYPE(struct trace_record, trace_record);

_Static_assert(sizeof(struct trace_record) == 96, "layout shared with user space");

/* Core: written by the programs: struct trace_record; one map for all objects. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TRACE_BYTES_MAX);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} traces SEC(".maps");

static __always_inline bool is_traced(struct __sk_buff *skb)
{
	return skb->cb[CB_NESTING] >> TRACE_NUMBER_SHIFT;
}

/* NULL unless somebody asks. */
static __always_inline const struct trace_filter *trace_active(void)
{
	__u32 row = 0;
	const struct trace_filter *filter = bpf_map_lookup_elem(&trace_filter, &row);

	return filter && bpf_ktime_get_ns() < filter->until_ns ? filter : NULL;
}

static __always_inline struct trace_counts *trace_counters(void)
{
	__u32 row = 0;

	return bpf_map_lookup_elem(&trace_counts, &row);
}

static __always_inline void trace_lost(void)
{
	struct trace_counts *counts = trace_counters();

	if (counts)
		__sync_fetch_and_add(&counts->lost, 1);
}

static __always_inline void trace_fill(struct trace_record *record, struct __sk_buff *skb)
{
	__u32 length = skb->len;

	record->time_ns = bpf_ktime_get_ns();
	record->frame = skb->cb[CB_NESTING] >> TRACE_NUMBER_SHIFT;
	record->length = length;
	record->slot = skb->cb[CB_SLOT];
	__builtin_memset(record->head, 0, sizeof(record->head));
	if (length >= sizeof(record->head))
		bpf_skb_load_bytes(skb, 0, record->head, sizeof(record->head));
	else if (length >= ETH_HLEN)
		bpf_skb_load_bytes(skb, 0, record->head, length);
}

/*
 * Tells what was decided of a numbered frame. The hop is one word, since a global
 * function takes no structs; the cube behind it will tell by its slot who it is.
 */
__noinline int trace_tell(struct __sk_buff *skb, __u64 hop, enum trace_event event, __u32 reason)
{
	struct trace_record *record;

	if (!trace_active())
		return 0;
	record = bpf_ringbuf_reserve(&traces, sizeof(*record), 0);
	if (!record) {
		trace_lost();
		return 0;
	}
	trace_fill(record, skb);
	__builtin_memcpy(&record->hop, &hop, sizeof(hop));
	record->event = event;
	record->reason = reason;
	record->pad = 0;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

/* What of a frame the filter looks at. */
struct trace_fields {
	__u8 source[16];
	__u8 destination[16];
	__be16 ports[2];
	__u8 protocol;
};

/* Of frag_off: where in its datagram a fragment begins. */
#define IPV4_FRAGMENT_OFFSET 0x1fff

static __always_inline void trace_map_ipv4(__u8 *address, __be32 ipv4)
{
	address[10] = address[11] = 0xff;
	__builtin_memcpy(address + 12, &ipv4, sizeof(ipv4));
}

/* Fragments but the first have no ports; neither has what has extension headers. */
static __always_inline void trace_parse(struct __sk_buff *skb, __be16 ethertype,
					struct trace_fields *fields)
{
	struct ipv6hdr ipv6;
	struct iphdr ipv4;
	__u32 offset = 0;

	if (ethertype == bpf_htons(ETH_P_IP) &&
	    !bpf_skb_load_bytes(skb, ETH_HLEN, &ipv4, sizeof(ipv4))) {
		trace_map_ipv4(fields->source, ipv4.saddr);
		trace_map_ipv4(fields->destination, ipv4.daddr);
		fields->protocol = ipv4.protocol;
		if (!(ipv4.frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET)))
			offset = ETH_HLEN + ipv4.ihl * 4;
	} else if (ethertype == bpf_htons(ETH_P_IPV6) &&
		   !bpf_skb_load_bytes(skb, ETH_HLEN, &ipv6, sizeof(ipv6))) {
		__builtin_memcpy(fields->source, &ipv6.saddr, sizeof(fields->source));
		__builtin_memcpy(fields->destination, &ipv6.daddr, sizeof(fields->destination));
		fields->protocol = ipv6.nexthdr;
		offset = ETH_HLEN + sizeof(ipv6);
	}
	if (offset && (fields->protocol == IPPROTO_TCP || fields->protocol == IPPROTO_UDP ||
		       fields->protocol == IPPROTO_SCTP))
		bpf_skb_load_bytes(skb, offset, fields->ports, sizeof(fields->ports));
}

/* clang calls memcmp for more than a word, and there is none. */
static __always_inline bool trace_same(const __u8 *one, const __u8 *other, __u32 size)
{
	__u8 difference = 0;

	for (__u32 at = 0; at < size; at++)
		difference |= one[at] ^ other[at];
	return !difference;
}

static __always_inline bool trace_matches(struct __sk_buff *skb, const struct trace_filter *filter)
{
	struct trace_fields fields = {};
	struct ethhdr eth;

	if (bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)))
		return !filter->fields;
	trace_parse(skb, eth.h_proto, &fields);
	if (filter->fields & TRACE_MAC && !trace_same(eth.h_source, filter->mac, ETH_ALEN) &&
	    !trace_same(eth.h_dest, filter->mac, ETH_ALEN))
		return false;
	if (filter->fields & TRACE_ADDRESS &&
	    !trace_same(fields.source, filter->address, sizeof(fields.source)) &&
	    !trace_same(fields.destination, filter->address, sizeof(fields.destination)))
		return false;
	if (filter->fields & TRACE_ETHERTYPE && eth.h_proto != filter->ethertype)
		return false;
	if (filter->fields & TRACE_PROTOCOL && fields.protocol != filter->protocol)
		return false;
	return !(filter->fields & TRACE_PORT) || fields.ports[0] == filter->port ||
	       fields.ports[1] == filter->port;
}

/* Looks at a frame that follows a hop with the flag, and numbers it if it was asked for. */
__noinline int trace_begin(struct __sk_buff *skb, __u64 hop)
{
	const struct trace_filter *filter = trace_active();
	struct trace_counts *counts = trace_counters();
	__u32 number;

	if (!filter || !counts || !trace_matches(skb, filter))
		return 0;
	number = __sync_fetch_and_add(&counts->frames, 1) % TRACE_NUMBERS + 1;
	skb->cb[CB_NESTING] |= number << TRACE_NUMBER_SHIFT;
	skb->cb[CB_SLOT] = TRACE_NO_SLOT;
	return trace_tell(skb, hop, TRACE_ENTERED, 0);
}

static __always_inline __u64 trace_word(struct hop hop)
{
	__u64 word;

	__builtin_memcpy(&word, &hop, sizeof(word));
	return word;
}

/* At each hop that a frame or its copy follows. */
static __always_inline void trace_hop(struct __sk_buff *skb, struct hop to, enum trace_event event)
{
	if (is_traced(skb))
		trace_tell(skb, trace_word(to), event, 0);
	else if (to.flags & HOP_FLAG_TRACE)
		trace_begin(skb, trace_word(to));
	else
		return;
	/* So that the next program can tell who it is. */
	skb->cb[CB_SLOT] = to.slot;
}

static __always_inline void trace_drop(struct __sk_buff *skb, __u32 reason)
{
	if (is_traced(skb))
		trace_tell(skb, 0, TRACE_DROPPED, reason);
}

static __always_inline void trace_punt(struct __sk_buff *skb)
{
	if (is_traced(skb))
		trace_tell(skb, 0, TRACE_PUNTED, 0);
}
