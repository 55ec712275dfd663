/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines for the log of the daemon, as it finds them in the ring buffer. */
#pragma once

#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include "export.h"
#include "log_level.h"

#define LOGS_BYTES_MAX 262144
#define LOG_TEXT_SIZE  64
#define LOG_ARGS       4

struct log_record {
	/* What the percent signs of the text stand for. */
	__u64 args[LOG_ARGS];
	/* Lines of the cube on this CPU that were not told, so far. */
	__u64 lost;
	/* Of the cube, as its row says. */
	__u16 slot;
	__u16 cpu;
	enum log_level level : 8;
	__u8 pad[3];
	char text[LOG_TEXT_SIZE];
};
EXPORT_TYPE(struct log_record, log_record);

_Static_assert(sizeof(struct log_record) == 112, "layout shared with user space");

/* Core: written by the programs: struct log_record; one map for all objects. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, LOGS_BYTES_MAX);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} logs SEC(".maps");
