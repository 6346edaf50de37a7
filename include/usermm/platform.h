/*
 * platform.h - what an embedder supplies: memory for metadata, and locks; where pages are kept,
 * memory for them too.
 *
 * The library calls nothing else: no libc, no system call, no thread-local
 * storage.  A world copies the table when it is made; @ctx must outlive it.
 */
#ifndef USERMM_PLATFORM_H
#define USERMM_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

struct umm_mm;

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

	/*
	 * For a world whose pages have contents (settings.pages), NULL for others.  Asked once,
	 * when the world is made: @bytes (a multiple of a page), aligned to 2 MiB, contents
	 * undefined, or NULL.  The frame with number n is the page at n * 4096 from there.
	 * frames_free: gets the same @bytes back when the world goes.
	 */
	void *(*frames_alloc)(void *ctx, size_t bytes);
	void (*frames_free)(void *ctx, void *frames, size_t bytes);

	/*
	 * The processor that the caller runs on, or any number that threads which run at the same
	 * time seldom share: each has a list of free frames of its own.  It may be out of date when
	 * it is used.  NULL: one list for all.
	 */
	unsigned int (*cpu_id)(void *ctx);

	/*
	 * The caller waits for another thread that is about to be done, and may have lost its
	 * processor: let others run for a moment.  Called over and over meanwhile.  NULL: nothing.
	 */
	void (*yield)(void *ctx);

	/*
	 * Page-table entries of @mm in [start, end) were changed so that less is allowed than
	 * before: forget what was remembered of them, on all processors, before returning.  Until
	 * then no frame that they led to is used again.  Called under locks of the library, which
	 * it must not call, by a thread that may be using another mm of the world: a hole in a file
	 * (MADV_REMOVE) is one in all that map it; by several at once, for one @mm too.  It must
	 * not wait for a thread that may be in the library.  NULL: nobody remembers any.
	 */
	void (*tlb_flush)(void *ctx, struct umm_mm *mm, uint64_t start, uint64_t end);
};

#endif
