/* SPDX-License-Identifier: GPL-2.0-only */
/* The row that the programs and service.ts share. */
#pragma once

#include <linux/types.h>

struct packetcounter_received {
	__u64 packets;
	__u64 bytes;
};
