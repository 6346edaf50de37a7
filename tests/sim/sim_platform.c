/*
 * sim_platform.c - a platform on the deterministic scheduler.
 *
 * Memory has a header with the links of a list: what a run that failed leaves behind can be freed.
 */
#include <stdlib.h>
#include <string.h>

#include "api/handles.h"
#include "base/spinlock.h"
#include "phys/phys.h"
#include "sim_platform.h"

const struct sched_class sim_classes[] = {
	[SIM_GATE] = { .name = "gate", .rank = 0 },
	[SIM_MMAP_LOCK] = { .name = "mmap_lock", .rank = 1, .ascending = true },
	[SIM_SHM_LOCK] = { .name = "shm_lock", .rank = 2 },
	[SIM_WORLD_LOCK] = { .name = "world->lock", .rank = 3 },
	[SIM_PHYS_LOCK] = { .name = "phys->lock", .rank = 4 },
	[SIM_SPINLOCK] = { .name = "spin lock", .rank = 5, .ascending = true },
};

const char *const sim_lie_names[SIM_LIES] = {
	[SIM_HONEST] = "honest",
	[SIM_MMAP_WRITE_IS_READ] = "mmap-write-is-read",
	[SIM_MMAP_READ_IS_NOTHING] = "mmap-read-is-nothing",
	[SIM_MMAP_EARLY] = "mmap-early",
	[SIM_MMAP_LATE] = "mmap-late",
	[SIM_SHM_IS_NOTHING] = "shm-is-nothing",
	[SIM_SPIN_IS_NOTHING] = "spin-is-nothing",
	[SIM_FORGETS] = "forgets",
};

_Static_assert(sizeof(struct sched_lock) <= sizeof(struct umm_lock), "a lock must fit");

/* In front of each block, and as large as its alignment. */
struct sim_block {
	struct sim_block *next, *prev;
	size_t bytes;
};

#define HEADER 64

_Static_assert(sizeof(struct sim_block) <= HEADER, "the header must fit");

static void *sim_alloc(void *ctx, size_t bytes)
{
	struct sim_platform *p = ctx;
	struct sim_block *block;

	sched_point(p->sched, 4);
	block = aligned_alloc(HEADER, HEADER + ((bytes + 63) & ~(size_t)63));
	if (!block)
		abort();
	*block = (struct sim_block){ .next = p->blocks, .bytes = bytes };
	if (block->next)
		block->next->prev = block;
	p->blocks = block;
	p->bytes += bytes;
	memset((char *)block + HEADER, 0xdb, bytes);
	return (char *)block + HEADER;
}

static void sim_free(void *ctx, void *ptr, size_t bytes)
{
	struct sim_platform *p = ctx;
	struct sim_block *block = (struct sim_block *)(void *)((char *)ptr - HEADER);

	sched_point(p->sched, 5);
	if (block->bytes != bytes) {
		sched_fail(p->sched, "%zu bytes are freed that were %zu", bytes, block->bytes);
		return;
	}
	if (block->prev)
		block->prev->next = block->next;
	else
		p->blocks = block->next;
	if (block->next)
		block->next->prev = block->prev;
	p->bytes -= bytes;
	free(block);
}

/* Frames are as large as they are aligned; the last that were given back are kept for the next. */
#define HUGE (UINT64_C(1) << 21)
#define SPARE 4

static struct {
	void *frames;
	size_t bytes;
} spare[SPARE];

static void *sim_frames_alloc(void *ctx, size_t bytes)
{
	struct sim_platform *p = ctx;
	void *frames = NULL;

	for (unsigned int i = 0; i < SPARE && !frames; i++) {
		if (!spare[i].frames || spare[i].bytes != bytes)
			continue;
		frames = spare[i].frames;
		spare[i].frames = NULL;
	}
	if (!frames)
		frames = aligned_alloc(HUGE, (bytes + HUGE - 1) & ~(HUGE - 1));
	if (!frames)
		abort();
	p->frames = frames;
	p->frames_bytes = bytes;
	return frames;
}

static void sim_frames_free(void *ctx, void *frames, size_t bytes)
{
	struct sim_platform *p = ctx;
	unsigned int i = 0;

	p->frames = NULL;
	while (i < SPARE && spare[i].frames)
		i++;
	if (i == SPARE) {
		free(frames);
		return;
	}
	spare[i].frames = frames;
	spare[i].bytes = bytes;
}

/* As if each thread were moved to another processor now and then. */
static unsigned int sim_cpu_id(void *ctx)
{
	struct sim_platform *p = ctx;

	return (unsigned int)(sched_self(p->sched) + 1 + (int)(sched_points(p->sched) / 64)) % 3;
}

static void sim_tlb_flush(void *ctx, struct umm_mm *mm, uint64_t start, uint64_t end)
{
	struct sim_platform *p = ctx;

	(void)mm;
	(void)start;
	(void)end;
	sched_point(p->sched, 10);
}

static void sim_yield(void *ctx)
{
	struct sim_platform *p = ctx;

	sched_yield_to_others(p->sched, 11);
}

static struct sched_lock *sched_lock(struct umm_lock *lock)
{
	return (struct sched_lock *)(void *)lock;
}

static int sim_lock_init(void *ctx, struct umm_lock *lock)
{
	struct sim_platform *p = ctx;

	sched_lock_init(p->sched, sched_lock(lock), p->class);
	p->locks++;
	return 0;
}

static void sim_lock_destroy(void *ctx, struct umm_lock *lock)
{
	struct sim_platform *p = ctx;

	sched_lock_destroy(p->sched, sched_lock(lock));
	p->locks--;
}

void sim_platform_world_made(void *platform, struct umm_world *world)
{
	struct sim_platform *p = platform;

	sched_lock(&to_world(world)->shm_lock)->class = SIM_SHM_LOCK;
	if (to_world(world)->phys)
		sched_lock(&to_world(world)->phys->lock)->class = SIM_PHYS_LOCK;
	p->class = SIM_MMAP_LOCK;
}

static bool is_mmap_lock(const struct sched_lock *lock)
{
	return lock->class == SIM_MMAP_LOCK;
}

/* Neither taken nor given back. */
static bool is_nothing(const struct sim_platform *p, const struct sched_lock *lock, bool write)
{
	if (p->lie == SIM_SHM_IS_NOTHING)
		return lock->class == SIM_SHM_LOCK;
	return p->lie == SIM_MMAP_READ_IS_NOTHING && is_mmap_lock(lock) && !write;
}

static void take(struct sim_platform *p, struct sched_lock *lock, bool write)
{
	bool early = p->lie == SIM_MMAP_EARLY && is_mmap_lock(lock) && write;

	if (is_nothing(p, lock, write) ||
	    (p->lie == SIM_MMAP_LATE && is_mmap_lock(lock) && write)) {
		sched_point(p->sched, 6);
		return;
	}
	if (p->lie == SIM_MMAP_WRITE_IS_READ && is_mmap_lock(lock))
		write = false;
	sched_take(p->sched, lock, write);
	if (early)
		sched_give_back(p->sched, lock, true);
}

static void give_back(struct sim_platform *p, struct sched_lock *lock, bool write)
{
	bool late = p->lie == SIM_MMAP_LATE && is_mmap_lock(lock) && write;

	if (is_nothing(p, lock, write) ||
	    (p->lie == SIM_MMAP_EARLY && is_mmap_lock(lock) && write) ||
	    (p->lie == SIM_FORGETS && ++p->nr_given_back % 40 == 0)) {
		sched_point(p->sched, 6);
		return;
	}
	if (late)
		sched_take(p->sched, lock, true);
	if (p->lie == SIM_MMAP_WRITE_IS_READ && is_mmap_lock(lock))
		write = false;
	sched_give_back(p->sched, lock, write);
}

static void sim_write_lock(void *ctx, struct umm_lock *lock)
{
	take(ctx, sched_lock(lock), true);
}

static void sim_write_unlock(void *ctx, struct umm_lock *lock)
{
	give_back(ctx, sched_lock(lock), true);
}

static void sim_read_lock(void *ctx, struct umm_lock *lock)
{
	take(ctx, sched_lock(lock), false);
}

static void sim_read_unlock(void *ctx, struct umm_lock *lock)
{
	give_back(ctx, sched_lock(lock), false);
}

/* ---- spin locks: of the core as it is compiled for the simulation (base/spinlock.h) ---- */

static struct sim_spinlock *spinlock_of(struct sim_platform *p, const struct spinlock *word)
{
	struct sim_spinlock *unused = NULL;

	for (unsigned int i = 0; i < SIM_SPINLOCKS; i++) {
		if (p->spinlock[i].word == word)
			return &p->spinlock[i];
		if (!p->spinlock[i].word)
			unused = &p->spinlock[i];
	}
	if (!unused)
		abort();
	*unused = (struct sim_spinlock){ .word = word };
	sched_lock_init(p->sched, &unused->lock, SIM_SPINLOCK);
	unused->lock.place = (uintptr_t)word;
	return unused;
}

void umm_simulated_spin_lock(void *ctx, struct spinlock *lock)
{
	struct sim_platform *p = ctx;
	struct sim_spinlock *spinlock;

	if (p->lie == SIM_SPIN_IS_NOTHING) {
		sched_point(p->sched, 6);
		return;
	}
	spinlock = spinlock_of(p, lock);
	spinlock->users++;
	sched_take(p->sched, &spinlock->lock, true);
}

void umm_simulated_spin_unlock(void *ctx, struct spinlock *lock)
{
	struct sim_platform *p = ctx;
	struct sim_spinlock *spinlock;

	if (p->lie == SIM_SPIN_IS_NOTHING) {
		sched_point(p->sched, 6);
		return;
	}
	spinlock = spinlock_of(p, lock);
	sched_give_back(p->sched, &spinlock->lock, true);
	if (--spinlock->users == 0)
		spinlock->word = NULL;
}

void sim_platform_init(struct sim_platform *p, struct sched *sched, enum sim_lie lie)
{
	*p = (struct sim_platform){
		.sched = sched,
		.lie = lie,
		.class = SIM_WORLD_LOCK,
		.platform = {
			.size = sizeof(struct umm_platform),
			.ctx = p,
			.alloc = sim_alloc,
			.free = sim_free,
			.lock_init = sim_lock_init,
			.lock_destroy = sim_lock_destroy,
			.write_lock = sim_write_lock,
			.write_unlock = sim_write_unlock,
			.read_lock = sim_read_lock,
			.read_unlock = sim_read_unlock,
			.frames_alloc = sim_frames_alloc,
			.frames_free = sim_frames_free,
			.cpu_id = sim_cpu_id,
			.yield = sim_yield,
			.tlb_flush = sim_tlb_flush,
		},
	};
}

void sim_platform_abandon(struct sim_platform *p)
{
	if (p->frames)
		sim_frames_free(p, p->frames, p->frames_bytes);
	while (p->blocks) {
		struct sim_block *block = p->blocks;

		p->blocks = block->next;
		free(block);
	}
}
