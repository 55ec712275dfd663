/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame from the far end of a veth may carry a checksum that its sender left
 * to hardware: the field then holds the sum of the pseudo header. As a socket
 * buffer the frame remembers; as an XDP frame it does not, and the receiver
 * would drop it. So XDP finishes such checksums itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLAN_TAGS_MAX	    2
/* Where blocks may start; longer frames are not for XDP. */
#define CHECKSUM_OFFSET_MAX 2048
/* Bytes the helper sums at once; a multiple of 4. */
#define CHECKSUM_BLOCK	    64
/* More fragments or an offset: IP sums the whole datagram before it cuts it. */
#define IPV4_FRAGMENT	    0x3fff

struct vlan_header {
	__be16 tci;
	__be16 next;
};

/* A TCP or UDP segment in a frame. */
struct segment {
	/* The two addresses, one after the other. */
	void *addresses;
	void *start;
	__u32 addresses_size;
	__u32 length;
	__u8 protocol;
};

enum segment_result {
	/* A segment. */
	SEGMENT_FOUND,
	/* No checksum of such a frame is ever left to hardware. */
	SEGMENT_NONE,
	/* A tunnel, or malformed: not for XDP to judge. */
	SEGMENT_UNKNOWN,
};

/* Sums of fewer than 2^16 words. */
static __always_inline __u16 checksum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static __always_inline enum segment_result segment_of(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return SEGMENT_FOUND;
	case IPPROTO_ICMP:
	case IPPROTO_IGMP:
	case IPPROTO_ICMPV6:
		return SEGMENT_NONE;
	default:
		return SEGMENT_UNKNOWN;
	}
}

static __always_inline enum segment_result segment_ipv4(struct iphdr *ip, void *end,
							struct segment *segment)
{
	__u32 header_size;

	if ((void *)(ip + 1) > end)
		return SEGMENT_UNKNOWN;
	if (ip->frag_off & bpf_htons(IPV4_FRAGMENT))
		return SEGMENT_NONE;
	header_size = ip->ihl * 4;
	if (header_size < sizeof(*ip) || bpf_ntohs(ip->tot_len) < header_size)
		return SEGMENT_UNKNOWN;
	segment->addresses = &ip->saddr;
	segment->addresses_size = 2 * sizeof(ip->saddr);
	segment->start = (void *)ip + header_size;
	segment->length = bpf_ntohs(ip->tot_len) - header_size;
	segment->protocol = ip->protocol;
	return segment_of(ip->protocol);
}

static __always_inline enum segment_result segment_ipv6(struct ipv6hdr *ip, void *end,
							struct segment *segment)
{
	if ((void *)(ip + 1) > end)
		return SEGMENT_UNKNOWN;
	segment->addresses = &ip->saddr;
	segment->addresses_size = 2 * sizeof(ip->saddr);
	segment->start = ip + 1;
	segment->length = bpf_ntohs(ip->payload_len);
	segment->protocol = ip->nexthdr;
	return segment_of(ip->nexthdr);
}

static __always_inline enum segment_result segment_find(struct xdp_md *ctx, struct segment *segment)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	void *next = eth + 1;
	__be16 proto;

	if (next > end)
		return SEGMENT_UNKNOWN;
	proto = eth->h_proto;
	for (int tags = 0; tags < VLAN_TAGS_MAX; tags++) {
		struct vlan_header *vlan = next;

		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		next = vlan + 1;
		if (next > end)
			return SEGMENT_UNKNOWN;
		proto = vlan->next;
	}
	switch (proto) {
	case bpf_htons(ETH_P_IP):
		return segment_ipv4(next, end, segment);
	case bpf_htons(ETH_P_IPV6):
		return segment_ipv6(next, end, segment);
	case bpf_htons(ETH_P_ARP):
		return SEGMENT_NONE;
	default:
		return SEGMENT_UNKNOWN;
	}
}

/* What is left to sum of a frame. */
struct remainder {
	struct xdp_md *ctx;
	__u32 offset;
	__u64 sum;
};

/* The next bytes to sum, or NULL if the frame does not have so many. */
static __always_inline void *next_bytes(struct remainder *rest, __u32 size)
{
	void *at = (void *)(long)rest->ctx->data;

	if (rest->offset > CHECKSUM_OFFSET_MAX)
		return NULL;
	at += rest->offset;
	rest->offset += size;
	return at + size > (void *)(long)rest->ctx->data_end ? NULL : at;
}

static long sum_block(__u64 block, struct remainder *rest)
{
	void *bytes = next_bytes(rest, CHECKSUM_BLOCK);

	(void)block;
	if (!bytes)
		return 1;
	rest->sum = bpf_csum_diff(NULL, 0, bytes, CHECKSUM_BLOCK, rest->sum);
	return 0;
}

static long sum_word(__u64 word, struct remainder *rest)
{
	__u16 *half = next_bytes(rest, sizeof(*half));

	(void)word;
	if (!half)
		return 1;
	rest->sum += *half;
	return 0;
}

/*
 * The folded sum of a part of a frame. With bpf_loop, since the verifier walks
 * the rounds of a for loop one by one and would take longer than all the rest.
 */
static __always_inline __u16 checksum_sum(struct xdp_md *ctx, __u32 offset, __u32 length)
{
	struct remainder rest = { .ctx = ctx, .offset = offset };
	__u8 *last;

	bpf_loop(length / CHECKSUM_BLOCK, sum_block, &rest, 0);
	bpf_loop(length % CHECKSUM_BLOCK / sizeof(__u16), sum_word, &rest, 0);
	last = length % sizeof(__u16) ? next_bytes(&rest, 1) : NULL;
	if (last)
		rest.sum += *last;
	return checksum_fold(rest.sum);
}

static __always_inline __u16 pseudo_sum(const struct segment *segment)
{
	__u32 sum = bpf_htons(segment->protocol) + bpf_htons(segment->length);

	if (segment->addresses_size == 8)
		return checksum_fold(bpf_csum_diff(NULL, 0, segment->addresses, 8, sum));
	return checksum_fold(bpf_csum_diff(NULL, 0, segment->addresses, 32, sum));
}

/* The place of a segment's checksum, or NULL if the segment is not whole. */
static __always_inline __u16 *checksum_field(const struct segment *segment, void *end)
{
	__u32 at = segment->protocol == IPPROTO_TCP ? offsetof(struct tcphdr, check)
						    : offsetof(struct udphdr, check);
	__u16 *field = segment->start + at;

	if ((void *)(field + 1) > end)
		return NULL;
	return segment->length > (__u64)(end - segment->start) ? NULL : field;
}

/* Makes the checksum of a frame whole; false if the frame is not for XDP to judge. */
static __always_inline bool checksum_finish(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct segment segment = {};
	__u16 *field, sum;
	__u32 offset;

	switch (segment_find(ctx, &segment)) {
	case SEGMENT_NONE:
		return true;
	case SEGMENT_UNKNOWN:
		return false;
	case SEGMENT_FOUND:
		break;
	}
	field = checksum_field(&segment, end);
	if (!field)
		return false;
	/* UDP without a checksum may be a tunnel with an unfinished one inside. */
	if (*field == 0 && segment.protocol == IPPROTO_UDP)
		return false;
	if (*field != pseudo_sum(&segment))
		return true;
	offset = segment.start - (void *)(long)ctx->data;
	sum = ~checksum_sum(ctx, offset, segment.length);
	/* In UDP zero means none; the other zero of one's complement is as good. */
	*field = sum ? sum : 0xffff;
	return true;
}
