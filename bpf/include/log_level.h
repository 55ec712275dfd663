/* SPDX-License-Identifier: GPL-2.0-only */
/* How important a line of a cube's log is. */
#pragma once

/* From the most important on: a cube tells what is not above its own level. */
enum log_level {
	LOG_OFF = 0,
	LOG_CRITICAL = 1,
	LOG_ERR = 2,
	LOG_WARN = 3,
	LOG_INFO = 4,
	LOG_DEBUG = 5,
	LOG_TRACE = 6,
};
