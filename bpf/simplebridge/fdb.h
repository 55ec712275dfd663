/* SPDX-License-Identifier: GPL-2.0-only */
/* The filtering database: learning stations and finding them again. */
#pragma once

#include <linux/errno.h>
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "simplebridge.h"

/* As many as /simplebridge/fdb/entry allows; the engine may set fewer. */
#define STATIC_ENTRIES_MAX  131072
/* The default of /simplebridge/fdb/size, which the engine sets. */
#define LEARNED_ENTRIES_MAX 4096
#define EVENT_BYTES_MAX	    65536

/*
 * A row is touched at most this often, so that CPUs that receive from one
 * station do not fight for its cache line. Small against the least aging time.
 */
#define REFRESH_NS 100000000LL

/* Written by user space, one row: /simplebridge/fdb. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct simplebridge_settings);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
} settings SEC(".maps");

/* Written by user space: one row per /simplebridge/fdb/entry. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct simplebridge_fdb_key);
	__type(value, struct simplebridge_static);
	__uint(max_entries, STATIC_ENTRIES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG);
} static_fdb SEC(".maps");

/* Written by this program: stations by address. User space expires and flushes. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct simplebridge_fdb_key);
	__type(value, struct simplebridge_learned);
	__uint(max_entries, LEARNED_ENTRIES_MAX);
} learned_fdb SEC(".maps");

/* Written by this program: struct simplebridge_fdb_event. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENT_BYTES_MAX);
} fdb_events SEC(".maps");

/* Written by this program, one row: events that found no room, since the bridge exists. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} events_lost SEC(".maps");

/*
 * Signed: another CPU may have stamped the row after this one read the clock,
 * and a station that was heard just now must not seem ages old.
 */
static __always_inline __s64 fdb_age(const struct simplebridge_learned *station, __u64 now)
{
	return now - station->last_seen_ns;
}

static __always_inline void fdb_tell(const struct simplebridge_fdb_key *station, __u32 port,
				     enum simplebridge_fdb_change change)
{
	struct simplebridge_fdb_event event = { .change = change, .port = port };
	__u32 row = 0;
	__u64 *lost;

	__builtin_memcpy(event.address, station->address, sizeof(event.address));
	if (!bpf_ringbuf_output(&fdb_events, &event, sizeof(event), 0))
		return;
	lost = bpf_map_lookup_elem(&events_lost, &row);
	if (lost)
		__sync_fetch_and_add(lost, 1);
}

/* The slow half of learning: a station that is new, moved, or was quiet for a while. */
static __always_inline void fdb_write(const struct simplebridge_fdb_key *station, __u32 port,
				      __u64 now, struct simplebridge_learned *known)
{
	const struct simplebridge_learned row = { .last_seen_ns = now, .port = port };
	const struct simplebridge_static *fixed;

	fixed = bpf_map_lookup_elem(&static_fdb, station);
	if (fixed)
		return;
	if (!known) {
		if (!bpf_map_update_elem(&learned_fdb, station, &row, BPF_ANY))
			fdb_tell(station, port, SIMPLEBRIDGE_FDB_LEARNED);
		return;
	}
	known->last_seen_ns = now;
	if (known->port == port)
		return;
	known->port = port;
	fdb_tell(station, port, SIMPLEBRIDGE_FDB_MOVED);
}

/* Notes behind which port a station is. A static entry is never overridden. */
static __always_inline void fdb_learn(const struct simplebridge_fdb_key *station, __u32 port,
				      __u64 now)
{
	struct simplebridge_learned *known = bpf_map_lookup_elem(&learned_fdb, station);

	if (known && known->port == port && fdb_age(known, now) < REFRESH_NS)
		return;
	fdb_write(station, port, now, known);
}

/* The port a station is behind, or -ENOENT. */
static __always_inline int fdb_find(const struct simplebridge_fdb_key *station, __u64 now)
{
	const struct simplebridge_static *fixed = bpf_map_lookup_elem(&static_fdb, station);
	const struct simplebridge_settings *set;
	const struct simplebridge_learned *known;
	__u32 row = 0;

	if (fixed)
		return fixed->port;
	known = bpf_map_lookup_elem(&learned_fdb, station);
	if (!known)
		return -ENOENT;
	set = bpf_map_lookup_elem(&settings, &row);
	if (!set || fdb_age(known, now) >= (__s64)set->aging_time_ns)
		return -ENOENT;
	return known->port;
}
