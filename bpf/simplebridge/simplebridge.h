/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of the simplebridge's maps, as user space sees them. */
#pragma once

#include <linux/types.h>
#include "counters.h"
#include "export.h"

struct simplebridge_settings {
	/* A learned address is forgotten this long after the last frame from it. */
	__u64 aging_time_ns;
};

struct simplebridge_fdb_key {
	__u8 address[6];
	/* Makes the key two words: the kernel hashes whole words faster. Zero. */
	__u8 pad[2];
};

_Static_assert(sizeof(struct simplebridge_fdb_key) == 8, "no hole in a hash key");

struct simplebridge_static {
	__u32 port;
};

struct simplebridge_learned {
	/* CLOCK_MONOTONIC_COARSE; older than the last frame by up to REFRESH_NS. */
	__u64 last_seen_ns;
	__u32 port;
	__u32 pad;
};

_Static_assert(sizeof(struct simplebridge_learned) == 16, "layout shared with user space");

enum simplebridge_fdb_change {
	SIMPLEBRIDGE_FDB_LEARNED = 0,
	SIMPLEBRIDGE_FDB_MOVED = 1,
};

/* A record of fdb_events. */
struct simplebridge_fdb_event {
	enum simplebridge_fdb_change change;
	__u32 port;
	__u8 address[6];
	__u8 pad[2];
};
EXPORT_TYPE(struct simplebridge_fdb_event, fdb_event);

_Static_assert(sizeof(struct simplebridge_fdb_event) == 16, "layout shared with user space");

enum simplebridge_drop_reason {
	/* A group or null source address: no station has it (IEEE 802.3 §3.2.3). */
	SIMPLEBRIDGE_DROP_INVALID_SOURCE = DROP_SERVICE,
	/* For the devices on this link only (IEEE 802.1D-2004 §7.12.6). */
	SIMPLEBRIDGE_DROP_LINK_LOCAL,
	/* The destination is behind the port the frame came from. */
	SIMPLEBRIDGE_DROP_SAME_PORT,
};
EXPORT_TYPE(enum simplebridge_drop_reason, simplebridge_drop_reason);
