/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of the helloworld's maps, as user space sees them. */
#pragma once

#include <linux/types.h>
#include "counters.h"
#include "export.h"

enum helloworld_action {
	HELLOWORLD_DROP = 0,
	HELLOWORLD_FORWARD = 1,
	HELLOWORLD_SLOWPATH = 2,
};

struct helloworld_settings {
	enum helloworld_action action;
};

enum helloworld_drop_reason {
	/* The cube is told to drop. */
	HELLOWORLD_DROP_ACTION = DROP_SERVICE,
};
EXPORT_TYPE(enum helloworld_drop_reason, helloworld_drop_reason);
