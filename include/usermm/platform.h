/*
 * platform.h - what an embedder supplies: memory for metadata, and locks.
 *
 * The library calls nothing else: no libc, no system call, no thread-local
 * storage.  A world copies the table when it is made; @ctx must outlive it.
 */
#ifndef USERMM_PLATFORM_H
#define USERMM_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

/* Room for one lock of the platform, placed inside the library's objects. */
struct umm_lock {
	uint64_t opaque[8];
};

struct umm_platform {
	size_t size;		/* sizeof(struct umm_platform): tells versions apart */
	void *ctx;		/* handed back as the first argument of each callback */

	/*
	 * alloc: @bytes (> 0, a power of two or a multiple of 64) aligned to 64, contents
	 * undefined, or NULL.  free: gets the same @bytes back.  Called from any thread that
	 * calls the library, under its locks: they must not call the library back.
	 */
	void *(*alloc)(void *ctx, size_t bytes);
	void (*free)(void *ctx, void *ptr, size_t bytes);

	/*
	 * Reader-writer locks, not recursive.  All NULL: the embedder promises that one thread
	 * at a time uses the world.  Otherwise all are needed.
	 */
	int (*lock_init)(void *ctx, struct umm_lock *lock);	/* 0 or -ENOMEM */
	void (*lock_destroy)(void *ctx, struct umm_lock *lock);
	void (*write_lock)(void *ctx, struct umm_lock *lock);
	void (*write_unlock)(void *ctx, struct umm_lock *lock);
	void (*read_lock)(void *ctx, struct umm_lock *lock);
	void (*read_unlock)(void *ctx, struct umm_lock *lock);
};

#endif
