// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the rows of every hash map in the kernel, also those that are not ours:
 * an iterator that user space reads struct census_map from. The kernel keeps
 * the counts itself since Linux 6.6, one for each CPU; older ones do not load it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct census_map {
	/* As in struct bpf_map_info. */
	__u32 id;
	__u32 pad;
	__s64 rows;
};

_Static_assert(sizeof(struct census_map) == 16, "layout shared with user space");

/* What is needed of the kernel's own structs; the loader finds the offsets. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct seq_file;

struct bpf_map {
	__u32 id;
	/* NULL for maps whose rows are not counted. */
	__s64 *elem_count;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	/* NULL once, after the last. */
	struct bpf_map *map;
};
#pragma clang attribute pop

extern __s64 bpf_map_sum_elem_count(const struct bpf_map *map) __ksym;

SEC("iter/bpf_map")
int count(struct bpf_iter__bpf_map *ctx)
{
	const struct bpf_map *map = ctx->map;
	struct census_map counted = {};

	if (!map || !map->elem_count)
		return 0;
	counted.id = map->id;
	counted.rows = bpf_map_sum_elem_count(map);
	bpf_seq_write(ctx->meta->seq, &counted, sizeof(counted));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
