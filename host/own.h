/*
 * own.h - what is learnt of the kernel by trying it in our own process.
 *
 * Layer: host.
 */
#ifndef HOST_OWN_H
#define HOST_OWN_H

#include "host/settings.h"

/* Fill what settings say of the vdso. */
void own_read_vdso(struct settings *settings);

#endif
