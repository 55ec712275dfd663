/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames that programs hand to the daemon, as it finds them in the ring buffer. */
#pragma once

#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include "export.h"

#define PUNTS_BYTES_MAX 524288

/* The whole frame follows, the tag that stands beside it left out. */
struct punt {
	__u32 length;
	/* Of the cube, as its row says; and where the frame was in it: a port, or a way. */
	__u16 slot;
	__u16 arg;
	/* Payload of each segment of one that the stack has not cut yet; else 0. */
	__u16 segment_size;
	/* 0 for a frame without a tag. */
	__be16 vlan_protocol;
	__u16 vlan_tci;
	/* The service knows what it means. */
	__u16 reason;
};
EXPORT_TYPE(struct punt, punt);

_Static_assert(sizeof(struct punt) == 16, "layout shared with user space");

/* Core: written by the programs: struct punt; one map for all objects. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PUNTS_BYTES_MAX);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} punts SEC(".maps");
