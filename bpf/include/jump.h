/* SPDX-License-Identifier: GPL-2.0-only */
/* The jump tables: the programs of all cubes, by the slot the engine gave each. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define JUMP_TABLE_SLOTS 16384

/* Core: written by the engine, one table for all objects. TC and XDP cannot share one. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, JUMP_TABLE_SLOTS);
} jmp_tc SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, JUMP_TABLE_SLOTS);
} jmp_xdp SEC(".maps");
