/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What came in and went out by each port, and why frames were dropped. A frame
 * that the stack has not cut into segments yet counts as one, as Linux has it.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "export.h"

#define PORTS_MAX 128

/* Rows of an object that has fewer ports than a cube may have. */
#ifndef COUNTERS_ROWS
#define COUNTERS_ROWS PORTS_MAX
#endif

/* Reasons of all services; those of one service start at DROP_SERVICE. */
enum drop_reason {
	/* The port the frame is for has no peer, or the peer is down. */
	DROP_NO_PEER = 0,
	/* The cube the frame is for has no program in the jump table. */
	DROP_EMPTY_SLOT = 1,
	/* Shorter than an Ethernet header. */
	DROP_TRUNCATED = 2,
	/* Not 3: a number that was given once is never given another meaning. */
	/* The frame has passed more programs than any way has: it is in a loop. */
	DROP_HOP_LIMIT = 4,
	/* On the recirculation device, and not from a program of ours. */
	DROP_FOREIGN = 5,
	/* Meant for the daemon, beyond what a cube may hand it (slow_path.h). */
	DROP_SLOW_PATH_RATE = 6,
	/* Meant for the daemon, and found no room. */
	DROP_SLOW_PATH_ROOM = 7,
};
EXPORT_TYPE(enum drop_reason, drop_reason);

#define DROP_SERVICE 8
#define DROP_REASONS 16

struct port_counters {
	__u64 rx_packets;
	__u64 rx_bytes;
	__u64 tx_packets;
	__u64 tx_bytes;
	/* Received here and not forwarded, by reason. */
	__u64 drops[DROP_REASONS];
};

_Static_assert(sizeof(struct port_counters) == 160, "layout shared with user space");

/* Core: written by the programs, indexed by port. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct port_counters);
	__uint(max_entries, COUNTERS_ROWS);
} counters SEC(".maps");

static __always_inline void count_rx(struct port_counters *port, __u32 length)
{
	if (!port)
		return;
	port->rx_packets += 1;
	port->rx_bytes += length;
}

static __always_inline void count_tx(__u32 port_index, __u32 length)
{
	struct port_counters *port = bpf_map_lookup_elem(&counters, &port_index);

	if (!port)
		return;
	port->tx_packets += 1;
	port->tx_bytes += length;
}

/* Takes back the last count_tx of this program. */
static __always_inline void uncount_tx(__u32 port_index, __u32 length)
{
	struct port_counters *port = bpf_map_lookup_elem(&counters, &port_index);

	if (!port)
		return;
	port->tx_packets -= 1;
	port->tx_bytes -= length;
}

static __always_inline void count_drop(struct port_counters *port, __u32 reason)
{
	if (port)
		port->drops[reason & (DROP_REASONS - 1)] += 1;
}
