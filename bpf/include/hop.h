/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hops: where a frame goes next. The engine writes them, one 8-byte row each,
 * so that changing one is a single store and no program ever sees half of it.
 */
#pragma once

#include <linux/types.h>
#include "export.h"

enum hop_kind {
	/* Nothing is there: frames are dropped. */
	HOP_NONE = 0,
	/* A cube: jump table slot; arg is what its program finds in cb[CB_ARG]. */
	HOP_TAIL = 1,
	/* A network device: arg is its ifindex. */
	HOP_DEVICE = 2,
	/* On where the device with ifindex arg would go on without us: its stack, or the wire. */
	HOP_NEXT = 3,
};

/* The first two concern XDP programs only. */
enum hop_flag {
	/* The device takes XDP frames, and those that come from it are whole. */
	HOP_FLAG_XDP = 1,
	/* Frames from the device may carry checksums that nobody has finished. */
	HOP_FLAG_XDP_CHECKSUM = 2,
	/* Straight into the namespace of the veth's peer; tcx egress does not see the frame. */
	HOP_FLAG_PEER = 4,
	/* Of HOP_NEXT: out of the device, not into its stack. */
	HOP_FLAG_EGRESS = 8,
	/* Of an entry: an XDP program may have brought the frame part of its way (position.h). */
	HOP_FLAG_RESUME = 16,
	/* Frames that follow it are looked at by trace.h; XDP leaves them to TC. */
	HOP_FLAG_TRACE = 32,
};
EXPORT_TYPE(enum hop_flag, hop_flag);

struct hop {
	enum hop_kind kind : 8;
	/* enum hop_flag */
	__u8 flags;
	__u16 slot;
	__u32 arg;
};

_Static_assert(sizeof(struct hop) == 8, "a hop is written by one store");

/* Reads a row by one load: it may change at any time. */
static __always_inline struct hop hop_read(const struct hop *row)
{
	union {
		__u64 word;
		struct hop hop;
	} copy = { .word = *(const volatile __u64 *)row };

	return copy.hop;
}
