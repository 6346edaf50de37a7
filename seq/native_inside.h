/*
 * native_inside.h - what the rooms of the native side share.
 *
 * Layer: seq.
 */
#ifndef SEQ_NATIVE_INSIDE_H
#define SEQ_NATIVE_INSIDE_H

#include "host/settings.h"
#include "seq/executor/control.h"
#include "seq/native.h"

#define NATIVE_REGULAR 5

struct seq_native {
	struct settings settings;
	int image;			/* memfd with the executor's program */
	int proc;			/* /proc */
	int regular[NATIVE_REGULAR];	/* REGULAR to PATTERN: of all executors */
	char gate[128];			/* the last line of maps, or "" */
	uint64_t tsc_begin, ns_begin;	/* two clocks at the same time */

	pid_t pid;			/* of the first process; 0 for none */
	struct control *control;	/* shared with it */
	bool drop_caps;
	int file[SEQ_FILES];		/* ours, of this executor; -1 for none */
	struct seq_state state;		/* a copy, made when the executor stands still */
	struct seq_native_wishes wishes;
	uint64_t shm_key;
};

/* native_files.c: what files.def lists.  0 or a negative error. */
int native_files_open(struct seq_native *native);
int native_files_renew(struct seq_native *native);
void native_files_close_new(struct seq_native *native);
void native_files_close(struct seq_native *native);

/* native_start.c: what stands before the first step.  0 or a negative error. */
int native_start_observe(struct seq_native *native, struct seq_start *start);

/* native_spawn.c: the first process, standing at the program's first turn. */
int native_spawn(struct seq_native *native, int control_fd);

/* executor_image.c */
extern const unsigned char seq_executor_image[];
extern const size_t seq_executor_image_bytes;

#endif
