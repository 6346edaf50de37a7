/*
 * tracepoints.h - the numbers by which perf knows the page-fault tracepoints.
 *
 * Layer: host.  They stand in tracefs; where that is not mounted, a child with a mount namespace of
 * its own mounts it and reads them, so that the host's mounts stay as they are.
 */
#ifndef HOST_TRACEPOINTS_H
#define HOST_TRACEPOINTS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The ids of the @nr tracepoints @name ("exceptions/page_fault_user"); false if we may not know one
 * of them, whose id is 0 then.
 */
bool tracepoints_find(const char *const *name, int *id, size_t nr);

/* Of exceptions:page_fault_user and _kernel. */
bool tracepoints_of_faults(int id[2]);

#endif
