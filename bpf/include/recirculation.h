/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recirculation device: a veth whose programs tail call the cube that a
 * frame names in cb[]. So a copy can enter a cube, which no tail call could do,
 * and the kernel's count of tail calls begins anew.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct recirculation {
	__u32 ifindex;
	/* Random, never 0: tells frames of ours from others whose cb[] somebody filled. */
	__u32 nonce;
};

_Static_assert(sizeof(struct recirculation) == 8, "the row is written by one store");

/* Core: written by the engine, one row; one map for all objects. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct recirculation);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} recirculation SEC(".maps");

static __always_inline const struct recirculation *recirculation_row(void)
{
	__u32 row = 0;

	return bpf_map_lookup_elem(&recirculation, &row);
}

/* Whether the word CB_NONCE is from a program of ours. */
static __always_inline int is_nonce(__u32 word)
{
	const struct recirculation *own;

	if (!word)
		return 0;
	own = recirculation_row();
	return own && own->nonce == word;
}
