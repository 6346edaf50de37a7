/*
 * sim_platform.h - a platform for the library on the deterministic scheduler, that can also lie.
 */
#ifndef TESTS_SIM_PLATFORM_H
#define TESTS_SIM_PLATFORM_H

#include <usermm/platform.h>

#include "sim_sched.h"

/*
 * The classes of locks, in the order in which they are taken.  The library does not say which lock
 * is which when it makes one: it is of the class that is set then, or that it is given later.
 */
enum sim_class { SIM_GATE, SIM_MMAP_LOCK, SIM_SHM_LOCK, SIM_WORLD_LOCK, SIM_PHYS_LOCK,
		 SIM_SPINLOCK };
extern const struct sched_class sim_classes[];

/*
 * What the platform does instead of what it promised: each must be noticed.  That the world's lock
 * does nothing is not among them: in its sections no thread can be switched.  stress.c has that.
 */
enum sim_lie {
	SIM_HONEST,
	SIM_MMAP_WRITE_IS_READ,		/* several writers, and readers, at a time */
	SIM_MMAP_READ_IS_NOTHING,
	SIM_MMAP_EARLY,			/* given back as soon as it was taken for write */
	SIM_MMAP_LATE,			/* taken for write only when it would be given back */
	SIM_SHM_IS_NOTHING,
	SIM_SPIN_IS_NOTHING,
	SIM_FORGETS,			/* one in forty is not given back */
	SIM_LIES
};

extern const char *const sim_lie_names[SIM_LIES];

struct sim_block;
struct umm_world;

/* A spin lock of the library's that is held or waited for. */
struct sim_spinlock {
	const void *word;		/* NULL: this one is free */
	unsigned int users;
	struct sched_lock lock;
};

#define SIM_SPINLOCKS (3 * SCHED_THREADS)

struct sim_platform {
	struct umm_platform platform;	/* hand this to umm_world_new() */
	struct sched *sched;
	enum sim_lie lie;
	enum sim_class class;		/* of locks made now */
	uint64_t nr_given_back;
	uint64_t bytes, locks;		/* handed out, made */
	void *frames;			/* the world's, or NULL */
	size_t frames_bytes;
	struct sim_block *blocks;	/* all that is handed out */
	struct sim_spinlock spinlock[SIM_SPINLOCKS];
};

void sim_platform_init(struct sim_platform *p, struct sched *sched, enum sim_lie lie);

/* The locks of the world that was just made get their classes; others are of address spaces. */
void sim_platform_world_made(void *p, struct umm_world *world);

/* Free what a run that failed has left. */
void sim_platform_abandon(struct sim_platform *p);

#endif
