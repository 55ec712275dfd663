/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of the transparenthelloworld's maps, as user space sees them. */
#pragma once

#include <linux/types.h>
#include "counters.h"
#include "export.h"

enum transparenthelloworld_action {
	TRANSPARENTHELLOWORLD_DROP = 0,
	TRANSPARENTHELLOWORLD_PASS = 1,
	TRANSPARENTHELLOWORLD_SLOWPATH = 2,
};

struct transparenthelloworld_settings {
	enum transparenthelloworld_action action;
};

enum transparenthelloworld_drop_reason {
	/* The cube is told to drop. */
	TRANSPARENTHELLOWORLD_DROP_ACTION = DROP_SERVICE,
};
EXPORT_TYPE(enum transparenthelloworld_drop_reason, transparenthelloworld_drop_reason);
