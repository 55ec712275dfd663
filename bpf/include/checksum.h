/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame from a virtual machine may carry a checksum that its sender left to
 * hardware: the field then holds the sum of the pseudo header. A socket buffer
 * remembers that; an XDP frame does not, and the receiver would drop it.
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

#define VLAN_TAGS_MAX 2
/* More fragments or an offset: IP sums the whole datagram before it cuts it. */
#define IPV4_FRAGMENT 0x3fff

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

static __always_inline enum segment_result segment_find(const struct xdp_md *ctx,
							struct segment *segment)
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

/* Whether a frame can go on as it is; false also for one that is not for XDP to judge. */
static __always_inline bool checksum_is_finished(const struct xdp_md *ctx)
{
	struct segment segment = {};
	const __u16 *field;

	switch (segment_find(ctx, &segment)) {
	case SEGMENT_NONE:
		return true;
	case SEGMENT_UNKNOWN:
		return false;
	case SEGMENT_FOUND:
		break;
	}
	field = checksum_field(&segment, (void *)(long)ctx->data_end);
	if (!field)
		return false;
	/* UDP without a checksum may be a tunnel with an unfinished one inside. */
	if (*field == 0 && segment.protocol == IPPROTO_UDP)
		return false;
	return *field != pseudo_sum(&segment);
}
