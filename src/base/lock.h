/*
 * lock.h - the platform's locks, or none where it has none.
 *
 * Layer: base.
 */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <usermm/platform.h>

#include "base/compiler.h"

static inline __must_check int lock_init(const struct umm_platform *platform, struct umm_lock *lock)
{
	return platform->lock_init ? platform->lock_init(platform->ctx, lock) : 0;
}

static inline void lock_destroy(const struct umm_platform *platform, struct umm_lock *lock)
{
	if (platform->lock_destroy)
		platform->lock_destroy(platform->ctx, lock);
}

static inline void write_lock(const struct umm_platform *platform, struct umm_lock *lock)
{
	if (platform->write_lock)
		platform->write_lock(platform->ctx, lock);
}

static inline void write_unlock(const struct umm_platform *platform, struct umm_lock *lock)
{
	if (platform->write_unlock)
		platform->write_unlock(platform->ctx, lock);
}

static inline void read_lock(const struct umm_platform *platform, struct umm_lock *lock)
{
	if (platform->read_lock)
		platform->read_lock(platform->ctx, lock);
}

static inline void read_unlock(const struct umm_platform *platform, struct umm_lock *lock)
{
	if (platform->read_unlock)
		platform->read_unlock(platform->ctx, lock);
}

#endif
