/*
 * probe.h - what the running kernel does where its version does not tell: fixes are carried back to
 * older kernels.
 *
 * Layer: host.  Each asks the kernel once, on descriptors of our own.
 */
#ifndef HOST_PROBE_H
#define HOST_PROBE_H

#include <stdbool.h>

/* Do pipes and sockets, and descriptors without an inode (eventfd), count as noexec? */
bool probe_pipes_noexec(void);
bool probe_anon_inodes_noexec(void);

/* Can a memfd with F_SEAL_WRITE be mapped shared and read-only?  1, 0, or -1: not known. */
int probe_sealed_readable(void);

/* Does MREMAP_DONTUNMAP unlock the moved part alone, and keep the copy apart? */
bool probe_mremap_keep_counts(void);

#endif
