/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines for the log of the daemon, by the loglevel of the cube:
 *
 *	cube_log(LOG_DEBUG, "from port %u to %I", in_port, ip->daddr);
 *
 * %u %d %x take numbers, %I an IPv4 address and %P a port as they are in a packet,
 * %M six octets of a MAC address in the order of memory, %W a way (transparent.h).
 * A level that is off costs the lookup of one row.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "cube.h"
#include "log_record.h"
#include "rate.h"

/* Lines of a cube, per second and CPU. */
#define LOGS_PER_SECOND 1000

/* Core: written by the programs, one row. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct rate);
	__uint(max_entries, 1);
} log_rate SEC(".maps");

static __always_inline bool log_wants(enum log_level level)
{
	__u32 row = 0;
	const struct cube_wiring *own = bpf_map_lookup_elem(&cube, &row);

	return own && level <= own->log_level;
}

__noinline int log_send(struct log_record *record)
{
	__u32 row = 0;
	struct rate *rate = bpf_map_lookup_elem(&log_rate, &row);

	if (!record || !rate || !rate_takes(rate, RATE_WINDOW(LOGS_PER_SECOND)))
		return 0;
	record->slot = cube_slot();
	record->cpu = bpf_get_smp_processor_id();
	record->lost = rate->over + rate->full;
	if (bpf_ringbuf_output(&logs, record, sizeof(*record), 0))
		rate->full += 1;
	return 0;
}

#define cube_log(least, line, ...)                                             \
	do {                                                                   \
		if (log_wants(least)) {                                        \
			struct log_record record_ = { .args = { __VA_ARGS__ }, \
						      .level = (least),        \
						      .text = line };          \
                                                                               \
			log_send(&record_);                                    \
		}                                                              \
	} while (0)
