/*
 * platform_posix.h - memory and locks for a world that lives in a POSIX process.
 *
 * Layer: host.  For the tool, the tests, the benchmarks and for embedders who have a libc.
 */
#ifndef HOST_PLATFORM_POSIX_H
#define HOST_PLATFORM_POSIX_H

#include <stddef.h>

#include <usermm/platform.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Fill @platform.  All worlds of the process may share it, in all threads; nothing needs to be
 * undone afterwards.
 */
void umm_platform_posix(struct umm_platform *platform);

/* Bytes that all such platforms have given out and not got back. */
size_t umm_platform_posix_bytes(void);

#ifdef __cplusplus
}
#endif

#endif
