/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a socket buffer carries from one program to the next, in cb[]. The words
 * survive tail calls, copies and redirects to the recirculation device; and they
 * leak from one network namespace into another, so a program on a device writes
 * them and never reads what it finds, but for the nonce.
 */
#pragma once

#include "export.h"

enum cb_word {
	/* Where in its cube the next program is: a port, or a way (transparent.h). */
	CB_ARG = 0,
	/* The slot of the next program, for the recirculation device; of this one, if traced. */
	CB_SLOT = 1,
	/* Programs entered: low half on the whole way, high half since the last recirculation. */
	CB_PROGRAMS = 2,
	/* Recirculations inside each other, and above it the number that trace.h gave. */
	CB_NESTING = 3,
	/* The nonce of recirculation.h on the way to a program that trusts the rest; else 0. */
	CB_NONCE = 4,
};

/* One more program in both halves of CB_PROGRAMS. */
#define PROGRAM_ENTERED 0x00010001
/* The kernel gives up at 8 transmissions inside each other, and there are others than ours. */
#define NESTING_MAX	5
#define NESTING_MASK	0xff

enum programs_limit {
	/* Of the 33 that the kernel runs in a row; the rest is for calls inside a cube. */
	PROGRAMS_IN_A_ROW_MAX = 28,
	/* A frame that has passed so many is in a loop: the engine lets no way be longer. */
	PROGRAMS_MAX = 200,
};
EXPORT_TYPE(enum programs_limit, programs_limit);
