/*
 * platform_posix.c - memory and locks for a world that lives in a POSIX process.
 *
 * Layer: host.
 *
 * The locks
 * ---------
 * A call of the library takes 50 to 100 ns, of which two uncontended pthread_rwlock calls would be
 * 30.  So a lock is one word: 0 when free, the number of its readers, or WRITER; taking and giving
 * it back is one atomic operation each.  A thread that cannot have it spins briefly, then parks: it
 * counts itself in the lock's `waiters` and sleeps on a condition variable that several locks share
 * (a lot), to be woken when some lock of the lot is given back.
 *
 * No wake-up is lost.  A waiter raises `waiters` before it looks at the word for the last time; who
 * gives the lock back changes the word before it looks at `waiters`.  With a full barrier between
 * the two on both sides, one of them sees the other.  The side that gives back is the one in a
 * hurry, so the waiter pays for both: membarrier(2) makes every thread of the process pass a
 * barrier.  Where the kernel refuses that, giving back is an atomic exchange.  And since the
 * waiter looks and falls asleep under the lot's mutex, which the waker takes, it sleeps when the
 * signal comes.
 *
 * As with glibc's own default, readers that never pause keep a writer out; calls of the library do
 * pause.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/platform_posix.h"

/* The library promises to ask for no other alignment. */
#define ALIGNMENT 64

/*
 * Frames, and what is kept of each, are used side by side: huge pages behind them spare a walk of
 * the host's tables at nearly every use.  A world that is smaller than this does not live as long
 * as it takes to zero one.
 */
#define HUGE_FROM (UINT64_C(4) << 20)
#define HUGE_PAGE (UINT64_C(2) << 20)

_Static_assert(sizeof(pthread_rwlock_t) <= sizeof(struct umm_lock), "a lock must fit");
_Static_assert(_Alignof(pthread_rwlock_t) <= _Alignof(struct umm_lock), "a lock must be aligned");

/* Told by umm_platform_posix_bytes(): a test for leaks needs nothing finer than a sum. */
static _Atomic size_t bytes_in_use;

static void *posix_alloc(void *ctx, size_t bytes)
{
	size_t alignment = bytes < HUGE_FROM ? ALIGNMENT : HUGE_PAGE;
	/* aligned_alloc() wants a multiple of the alignment; small powers of two are not. */
	size_t rounded = (bytes + alignment - 1) & ~(alignment - 1);
	void *ptr;

	(void)ctx;
	if (rounded < bytes)
		return NULL;
	ptr = aligned_alloc(alignment, rounded);
	if (!ptr)
		return NULL;
	if (bytes >= HUGE_FROM)
		madvise(ptr, rounded, MADV_HUGEPAGE);	/* as the machine likes */
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

/* Memory that is not there before it is touched, and not promised either: of any size. */
static void *posix_frames_alloc(void *ctx, size_t bytes)
{
	size_t room = bytes + HUGE_PAGE, before, after;
	char *start;

	(void)ctx;
	if (room < bytes)
		return NULL;
	start = mmap(NULL, room, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)start % HUGE_PAGE;
	after = room - before - bytes;
	if (before)
		munmap(start, before);
	munmap(start + before + bytes, after);
	if (bytes >= HUGE_FROM)
		madvise(start + before, bytes, MADV_HUGEPAGE);
	atomic_fetch_add_explicit(&bytes_in_use, bytes, memory_order_relaxed);
	return start + before;
}

static void posix_frames_free(void *ctx, void *frames, size_t bytes)
{
	(void)ctx;
	atomic_fetch_sub_explicit(&bytes_in_use, bytes, memory_order_relaxed);
	munmap(frames, bytes);
}

static unsigned int posix_cpu_id(void *ctx)
{
	int cpu = sched_getcpu();

	(void)ctx;
	return cpu < 0 ? 0 : (unsigned int)cpu;
}

static void posix_yield(void *ctx)
{
	(void)ctx;
	sched_yield();
}

#define WRITER UINT32_C(0x80000000)
#define SPINS 200
#define NR_LOTS 16

struct posix_lock {
	_Atomic uint32_t word;		/* 0, the number of readers, or WRITER */
	_Atomic uint32_t waiters;	/* threads that are parked, or about to be */
};

_Static_assert(sizeof(struct posix_lock) <= sizeof(struct umm_lock), "a lock must fit");

struct lot {
	pthread_mutex_t mutex;
	pthread_cond_t given_back;
};

#define LOT { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER }
#define LOTS_4 LOT, LOT, LOT, LOT

static struct lot lots[NR_LOTS] = { LOTS_4, LOTS_4, LOTS_4, LOTS_4 };

static struct posix_lock *posix_lock(struct umm_lock *lock)
{
	return (struct posix_lock *)(void *)lock;
}

static struct lot *lot_of(const struct posix_lock *lock)
{
	return &lots[((uintptr_t)lock >> 6) % NR_LOTS];
}

/* Does membarrier(2) work here?  Set once, before the first lock is. */
static _Atomic bool waiters_pay;

static int membarrier(int command)
{
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

static void waiter_barrier(void)
{
	if (atomic_load_explicit(&waiters_pay, memory_order_relaxed))
		membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

static bool try_write(struct posix_lock *lock)
{
	uint32_t word = 0;

	return atomic_compare_exchange_strong(&lock->word, &word, WRITER);
}

static bool try_read(struct posix_lock *lock)
{
	uint32_t word = atomic_load(&lock->word);

	while (!(word & WRITER))
		if (atomic_compare_exchange_weak(&lock->word, &word, word + 1))
			return true;
	return false;
}

static __attribute__((noinline)) void wait_for(struct posix_lock *lock,
					       bool (*try)(struct posix_lock *lock))
{
	struct lot *lot = lot_of(lock);

	for (int i = 0; i < SPINS; i++) {
		if (try(lock))
			return;
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#endif
	}
	pthread_mutex_lock(&lot->mutex);
	atomic_fetch_add(&lock->waiters, 1);
	waiter_barrier();
	while (!try(lock))
		pthread_cond_wait(&lot->given_back, &lot->mutex);
	atomic_fetch_sub(&lock->waiters, 1);
	pthread_mutex_unlock(&lot->mutex);
}

static __attribute__((noinline)) void wake_up(struct posix_lock *lock)
{
	struct lot *lot = lot_of(lock);

	pthread_mutex_lock(&lot->mutex);
	pthread_cond_broadcast(&lot->given_back);
	pthread_mutex_unlock(&lot->mutex);
}

static int posix_lock_init(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	atomic_init(&posix_lock(lock)->word, 0);
	atomic_init(&posix_lock(lock)->waiters, 0);
	return 0;
}

/*
 * A lock that is held when it goes, or given back without being held, is a bug of the library;
 * going on would corrupt an address space silently.
 */
static void must_hold(bool holds)
{
	if (!holds)
		abort();
}

static void posix_lock_destroy(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	must_hold(atomic_load(&posix_lock(lock)->word) == 0);
}

static void posix_write_lock(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	if (!try_write(posix_lock(lock)))
		wait_for(posix_lock(lock), try_write);
}

static void posix_write_unlock(void *ctx, struct umm_lock *lock)
{
	struct posix_lock *l = posix_lock(lock);

	(void)ctx;
	must_hold(atomic_load_explicit(&l->word, memory_order_relaxed) == WRITER);
	if (atomic_load_explicit(&waiters_pay, memory_order_relaxed)) {
		atomic_store_explicit(&l->word, 0, memory_order_release);
		atomic_signal_fence(memory_order_seq_cst);	/* the compiler keeps the order */
	} else {
		atomic_exchange(&l->word, 0);
	}
	if (atomic_load_explicit(&l->waiters, memory_order_relaxed))
		wake_up(l);
}

static void posix_read_lock(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	if (!try_read(posix_lock(lock)))
		wait_for(posix_lock(lock), try_read);
}

static void posix_read_unlock(void *ctx, struct umm_lock *lock)
{
	struct posix_lock *l = posix_lock(lock);
	uint32_t word = atomic_fetch_sub(&l->word, 1);

	(void)ctx;
	must_hold(word && !(word & WRITER));
	if (word == 1 && atomic_load(&l->waiters))
		wake_up(l);
}

void umm_platform_posix(struct umm_platform *platform)
{
	if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0)
		atomic_store(&waiters_pay, true);
	*platform = (struct umm_platform){
		.size = sizeof(*platform),
		.alloc = posix_alloc,
		.free = posix_free,
		.frames_alloc = posix_frames_alloc,
		.frames_free = posix_frames_free,
		.cpu_id = posix_cpu_id,
		.yield = posix_yield,
		.lock_init = posix_lock_init,
		.lock_destroy = posix_lock_destroy,
		.write_lock = posix_write_lock,
		.write_unlock = posix_write_unlock,
		.read_lock = posix_read_lock,
		.read_unlock = posix_read_unlock,
	};
}

size_t umm_platform_posix_bytes(void)
{
	return atomic_load_explicit(&bytes_in_use, memory_order_relaxed);
}
