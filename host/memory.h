/*
 * memory.h - what a call's pointers point to.
 *
 * Layer: host.
 */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include "host/follower.h"

/*
 * Read up to @size bytes at @addr as the kernel would for the caller: protections count.  The
 * number that could be read, less than @size where memory ends; or -EAGAIN if reading might wait
 * for somebody: a userfaultfd watches there.
 */
long memory_read(const struct task *task, uint64_t addr, void *buf, size_t size);

/* True if the caller may write [addr, addr + size), as far as areas tell. */
bool memory_writable(const struct task *task, uint64_t addr, size_t size);

#endif
