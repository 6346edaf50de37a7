/*
 * spinlock.c - waiting for a lock that is held for a few instructions.
 *
 * Its holder may have lost its processor meanwhile, so the platform is asked to let others run.
 */
#include "base/spinlock.h"

#define SPINS 64			/* looks between two requests to let others run */

#if !defined(UMM_SIMULATED_SPINLOCKS)

static bool try_lock(struct spinlock *lock)
{
	return !atomic_load_explicit(&lock->locked, memory_order_relaxed) &&
	       !atomic_exchange_explicit(&lock->locked, 1, memory_order_acquire);
}

void spin_lock_slow(const struct umm_platform *platform, struct spinlock *lock)
{
	for (unsigned int spins = 1; !try_lock(lock); spins++) {
		if (spins % SPINS)
			cpu_relax();
		else
			spin_relax(platform);
	}
}

#endif
