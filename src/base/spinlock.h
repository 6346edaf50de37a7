/*
 * spinlock.h - a lock of four bytes, held for a few instructions.
 *
 * Layer: base.
 *
 * It is a leaf: who holds one takes no lock of the platform, asks it for no memory and calls nobody
 * back but platform->tlb_flush().  Several are taken by rising address.  Where the platform has no
 * locks one thread at a time uses the world, and there is nothing to do.
 *
 * The simulation of threads (tests/sim) has its own scheduler wait instead, and checks the order.
 */
#ifndef BASE_SPINLOCK_H
#define BASE_SPINLOCK_H

#include <stdatomic.h>

#include <usermm/platform.h>

#include "base/compiler.h"

struct spinlock {
	atomic_uint locked;
};

#if defined(UMM_SIMULATED_SPINLOCKS)

void umm_simulated_spin_lock(void *ctx, struct spinlock *lock);
void umm_simulated_spin_unlock(void *ctx, struct spinlock *lock);

static inline void spin_lock(const struct umm_platform *platform, struct spinlock *lock)
{
	umm_simulated_spin_lock(platform->ctx, lock);
}

static inline void spin_unlock(const struct umm_platform *platform, struct spinlock *lock)
{
	umm_simulated_spin_unlock(platform->ctx, lock);
}

#else

/* It is held by somebody else: wait. */
void spin_lock_slow(const struct umm_platform *platform, struct spinlock *lock);

static inline void spin_lock(const struct umm_platform *platform, struct spinlock *lock)
{
	if (platform->write_lock &&
	    unlikely(atomic_exchange_explicit(&lock->locked, 1, memory_order_acquire)))
		spin_lock_slow(platform, lock);
}

static inline void spin_unlock(const struct umm_platform *platform, struct spinlock *lock)
{
	(void)platform;
	atomic_store_explicit(&lock->locked, 0, memory_order_release);
}

#endif

/* Somebody is waited for, and not for the first time perhaps: see platform->yield(). */
static inline void spin_relax(const struct umm_platform *platform)
{
	cpu_relax();
	if (platform->yield)
		platform->yield(platform->ctx);
}

/* Two of a kind, which may be the same one. */
static inline void spin_lock_two(const struct umm_platform *platform, struct spinlock *a,
				 struct spinlock *b)
{
	spin_lock(platform, a < b ? a : b);
	if (a != b)
		spin_lock(platform, a < b ? b : a);
}

static inline void spin_unlock_two(const struct umm_platform *platform, struct spinlock *a,
				   struct spinlock *b)
{
	spin_unlock(platform, a);
	if (a != b)
		spin_unlock(platform, b);
}

#endif
