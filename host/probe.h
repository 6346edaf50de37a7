/*
 * probe.h - what the running kernel does where its version does not tell: fixes are carried back to
 * older kernels.
 *
 * Layer: host.  Each asks the kernel once, on descriptors of our own.
 */
#ifndef HOST_PROBE_H
#define HOST_PROBE_H

#include <stdbool.h>

#include <usermm/usermm.h>

/* Do pipes and sockets, and descriptors without an inode (eventfd), count as noexec? */
bool probe_pipes_noexec(void);
bool probe_anon_inodes_noexec(void);

/*
 * Fixes that were carried back: what the running kernel does, as rules of @world.  0, or a negative
 * error.
 */
int probe_rules(struct umm_world *world);

#endif
