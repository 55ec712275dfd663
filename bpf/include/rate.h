/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a cube may send to user space, bounded, so that a flood neither fills the
 * ring buffers for others nor keeps the daemon busy. Each CPU has a bound of its own.
 */
#pragma once

#include <stdbool.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include "export.h"

/* Windows of 2^27 ns, 134 ms. */
#define RATE_WINDOW_SHIFT	27
#define RATE_WINDOW(per_second) ((__u32)(((__u64)(per_second) << RATE_WINDOW_SHIFT) / 1000000000))

struct rate {
	__u64 window;
	/* Sent in this window. */
	__u64 count;
	/* Not sent: beyond the bound. */
	__u64 over;
	/* Not sent: no room. */
	__u64 full;
};
EXPORT_TYPE(struct rate, rate);

/* `rate` is of this CPU. */
static __always_inline bool rate_takes(struct rate *rate, __u32 window_max)
{
	__u64 window = bpf_ktime_get_coarse_ns() >> RATE_WINDOW_SHIFT;

	if (rate->window != window) {
		rate->window = window;
		rate->count = 0;
	}
	if (rate->count >= window_max) {
		rate->over += 1;
		return false;
	}
	rate->count += 1;
	return true;
}
