/*
 * own.h - what is learnt of the kernel by trying it in our own process.
 *
 * Layer: host.
 */
#ifndef HOST_OWN_H
#define HOST_OWN_H

#include "host/settings.h"

/* Fill what settings say of the vdso, and of shadow stacks. */
void own_read_vdso(struct settings *settings);
void own_try_shadow_stack(struct settings *settings);

#endif
