/*
 * platform_posix.c - memory and locks for a world that lives in a POSIX process.
 *
 * Layer: host.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "host/platform_posix.h"

/* The library promises to ask for no other alignment. */
#define ALIGNMENT 64

_Static_assert(sizeof(pthread_rwlock_t) <= sizeof(struct umm_lock), "a lock must fit");
_Static_assert(_Alignof(pthread_rwlock_t) <= _Alignof(struct umm_lock), "a lock must be aligned");

/* Told by umm_platform_posix_bytes(): a test for leaks needs nothing finer than a sum. */
static _Atomic size_t bytes_in_use;

static void *posix_alloc(void *ctx, size_t bytes)
{
	/* aligned_alloc() wants a multiple of the alignment; small powers of two are not. */
	size_t rounded = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	void *ptr;

	(void)ctx;
	if (rounded < bytes)
		return NULL;
	ptr = aligned_alloc(ALIGNMENT, rounded);
	if (ptr)
		atomic_fetch_add_explicit(&bytes_in_use, bytes, memory_order_relaxed);
	return ptr;
}

static void posix_free(void *ctx, void *ptr, size_t bytes)
{
	(void)ctx;
	if (!ptr)
		return;
	atomic_fetch_sub_explicit(&bytes_in_use, bytes, memory_order_relaxed);
	free(ptr);
}

static pthread_rwlock_t *rwlock(struct umm_lock *lock)
{
	return (pthread_rwlock_t *)(void *)lock;
}

static int posix_lock_init(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	return pthread_rwlock_init(rwlock(lock), NULL) ? -ENOMEM : 0;
}

static void posix_lock_destroy(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	pthread_rwlock_destroy(rwlock(lock));
}

/*
 * A lock or unlock can fail only by a bug of the library (recursion, an unlock without a lock);
 * going on would corrupt an address space silently.
 */
static void posix_write_lock(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	if (pthread_rwlock_wrlock(rwlock(lock)))
		abort();
}

static void posix_read_lock(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	if (pthread_rwlock_rdlock(rwlock(lock)))
		abort();
}

static void posix_unlock(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	if (pthread_rwlock_unlock(rwlock(lock)))
		abort();
}

void umm_platform_posix(struct umm_platform *platform)
{
	*platform = (struct umm_platform){
		.size = sizeof(*platform),
		.alloc = posix_alloc,
		.free = posix_free,
		.lock_init = posix_lock_init,
		.lock_destroy = posix_lock_destroy,
		.write_lock = posix_write_lock,
		.write_unlock = posix_unlock,
		.read_lock = posix_read_lock,
		.read_unlock = posix_unlock,
	};
}

size_t umm_platform_posix_bytes(void)
{
	return atomic_load_explicit(&bytes_in_use, memory_order_relaxed);
}
