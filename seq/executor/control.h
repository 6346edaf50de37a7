/*
 * control.h - the few words that the executor shares with whoever started it.
 *
 * One process acts at a time: the one whose number stands in `turn`, and nobody else reads or
 * writes the rest.  A turn is handed over by a store with release and a futex.
 *
 * Layer: seq/executor, and seq/native.c.  No libc.
 */
#ifndef SEQ_EXECUTOR_CONTROL_H
#define SEQ_EXECUTOR_CONTROL_H

#include "seq/seen.h"
#include "seq/start.h"
#include "seq/state.h"

/* What of the address space is the executor's: executor.ld lays it out. */
#define EXECUTOR_OWN_START UINT64_C(0x0c000000)
#define EXECUTOR_CONTROL UINT64_C(0x0d000000)
#define EXECUTOR_HEAP UINT64_C(0x10800000)

/* Descriptors.  Those of files.def follow FD_FILES, by their number. */
enum { FD_CONTROL = 3, FD_PROC, FD_MAPS, FD_SMAPS, FD_STATUS, FD_PAGEMAP, FD_FILES = 16 };

#define TURN_OUTSIDE 255u		/* of whoever started the executor */

enum control_request {
	REQUEST_RUN,			/* go on with the steps */
	REQUEST_LOOK,			/* hash your maps, then it is the turn of `asker` */
	REQUEST_HELLO,			/* you are there: then it is the turn of `asker` */
	REQUEST_REAP,			/* wait for the end of process `reap`, then go on */
};

#define CONTROL_SKIP 1		/* not this step */
#define CONTROL_BLIND 2		/* nobody looks after it */
#define CONTROL_TEXT_BYTES 65536
#define CONTROL_SEGMENTS 512

struct control {
	_Atomic uint32_t turn;
	uint32_t request;		/* enum control_request */
	uint32_t asker;
	int32_t reap;
	int32_t pid[SEQ_PROCESSES];	/* 0 for none */

	/* From outside. */
	struct seq_start start;
	uint32_t nr_steps;
	uint32_t every;			/* see seq_native_wishes */
	uint32_t look;			/* bool: at maps after each step */
	struct seq_step step[SEQ_STEPS_MAX];
	uint8_t skip[SEQ_STEPS_MAX];	/* CONTROL_SKIP, CONTROL_BLIND */

	/* From the executor. */
	uint64_t top;			/* end of a first mapping */
	uint64_t zero_pfn;		/* of the zero page; 0: it cannot be told */
	uint32_t has_pagemap;		/* bool: FD_PAGEMAP is open */
	uint64_t cycles;		/* in system calls and accesses of steps */
	uint64_t other;			/* what REQUEST_LOOK found */
	struct seq_state state;
	struct seq_seen seen[SEQ_STEPS_MAX];
	uint32_t nr_segments;		/* ids of System V segments, to be removed */
	int32_t segment[CONTROL_SEGMENTS];

	char text[CONTROL_TEXT_BYTES];	/* scratch of whose turn it is */
};

#endif
