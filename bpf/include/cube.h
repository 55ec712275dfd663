/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every cube has: a hop for each port and what bounds them. Frames enter a
 * cube's TC program with the index of the port in cb[CB_ARG] (tc.h) and its XDP
 * program with the index in data_meta (position.h).
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "counters.h"
#include "hop.h"
#include "log_level.h"

/* Rows of an object that has fewer hops than a cube may have ports. */
#ifndef HOPS_ROWS
#define HOPS_ROWS PORTS_MAX
#endif

/* Core: written by the engine; where frames for a port go. Indexed by port. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct hop);
	__uint(max_entries, HOPS_ROWS);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} hops SEC(".maps");

struct cube_wiring {
	/* One more than the highest port index in use: floods look no further. */
	__u32 ports_end;
	/* Of the cube in the jump tables: by that the daemon knows it. */
	__u16 slot;
	enum log_level log_level : 8;
	__u8 pad;
};

_Static_assert(sizeof(struct cube_wiring) == 8, "the row is written by one store");

/* Core: written by the engine, one row. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct cube_wiring);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} cube SEC(".maps");

/* The hop of a port; HOP_NONE for one that does not exist. */
static __always_inline struct hop hop_of(__u32 port)
{
	const struct hop *row = bpf_map_lookup_elem(&hops, &port);
	const struct hop none = {};

	return row ? hop_read(row) : none;
}

static __always_inline __u32 ports_end(void)
{
	__u32 row = 0;
	const struct cube_wiring *wiring = bpf_map_lookup_elem(&cube, &row);

	return wiring ? wiring->ports_end : 0;
}

static __always_inline __u16 cube_slot(void)
{
	__u32 row = 0;
	const struct cube_wiring *wiring = bpf_map_lookup_elem(&cube, &row);

	return wiring ? wiring->slot : 0;
}
