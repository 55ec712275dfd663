/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clang describes in BTF what maps and function signatures mention, and nothing
 * else. EXPORT_TYPE adds a type user space needs: a ring buffer record, an enum
 * of indexes. The pointer lies in a section that libbpf does not load.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define EXPORT_TYPE(type, name) const type *exported_##name SEC(".exported_types")
