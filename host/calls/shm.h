/*
 * shm.h - what of System V shared memory others ask for.
 *
 * Layer: host.
 */
#ifndef HOST_CALLS_SHM_H
#define HOST_CALLS_SHM_H

#include "host/follower.h"

/* Read the kernel's table of segments.  A negative error. */
int shm_observe(struct follower *f);

/*
 * The file of an area that the kernel calls "/SYSV…": that of the attachment in @mm of which it is
 * a piece, else a new one.  *out is a new reference.  A negative error if it is not known.
 */
int shm_file_of_area(struct follower *f, struct umm_mm *mm, const struct proc_area *kernel,
		     struct umm_file **out);

#endif
