/*
 * sim_sched.h - threads that take turns: one runs at a time, and a seed says which.
 *
 * Theory
 * ------
 * A thread here is a coroutine (ucontext) on a stack of its own; all run in the process's one
 * thread.  At each *point* - before a lock is taken, when it is held, after it is given back, and
 * where the program says sched_point() - the scheduler may go on with another.  Which one follows
 * from the seed alone, so that a run can be had again.  Coroutines, and not threads of the system
 * that hand a baton on: a switch costs a quarter of a microsecond instead of ten, nothing hangs on
 * the system's scheduler, and who waits for whom is a matter of looking.  What they cannot show is
 * two processors inside one section without a lock; ThreadSanitizer with real threads is for that
 * (stress.c).
 *
 * Two strategies.  SCHED_RANDOM switches at each point with a chance that the seed chose.
 * SCHED_PCT gives each thread a priority, runs the highest that can run, and lowers the priority of
 * whoever runs at a few points: few switches, anywhere, which is what most errors need.
 *
 * Each lock has a class, each class a rank.  A thread takes locks of rising rank; of one class,
 * only where the class allows it and in the order of their addresses.  Checked at every taking,
 * whether it came to a deadlock or not.  Noticed besides: a deadlock (with who holds and waits for
 * what), a lock taken twice by one thread, given back by another, destroyed when held, held at the
 * end of a thread.
 *
 * Outside of threads (before sched_run(), after it) the same calls work, with nobody to switch to.
 */
#ifndef TESTS_SIM_SIM_SCHED_H
#define TESTS_SIM_SIM_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#define SCHED_THREADS 16

enum sched_strategy { SCHED_RANDOM, SCHED_PCT, SCHED_STRATEGIES };

struct sched_class {
	const char *name;		/* "mmap_lock" */
	unsigned int rank;		/* the lower, the earlier it is taken */
	bool ascending;			/* several at a time, by rising address */
};

struct sched_options {
	uint64_t seed;
	enum sched_strategy strategy;
	uint64_t length;		/* points of a run, roughly: SCHED_PCT changes there */
	bool writers_first;		/* readers wait while a writer waits */
	bool any_order;			/* ranks are not checked: deadlocks are to happen */
	const struct sched_class *classes;	/* by the number of sched_lock_init() */
	/* Called when a lock was taken, and given back; may be NULL. */
	void (*taken)(void *ctx, const void *lock, bool write);
	void (*given_back)(void *ctx, const void *lock, bool write);
	void *ctx;
};

/* The state of one lock: fits into struct umm_lock. */
struct sched_lock {
	uint32_t magic;
	uint16_t class;
	uint16_t writer;		/* the thread that holds it for write, plus one */
	uint32_t readers;		/* a bit for each thread */
	uint32_t waiting_writers;	/* a bit for each thread */
	uint32_t number;		/* how many were made before it: its name in reports */
	uint32_t reserved;
	uintptr_t place;		/* several of a class are taken by rising place */
};

struct sched;

/* NULL without memory.  @options is copied. */
struct sched *sched_new(const struct sched_options *options);
void sched_free(struct sched *s);

/* Another thread, for the next sched_run().  Its number: 0, 1, … */
int sched_spawn(struct sched *s, void (*run)(void *arg), void *arg);

/* Run until all threads have ended.  False if something was wrong: sched_failure() says what. */
bool sched_run(struct sched *s);

/* What went wrong first; NULL for nothing.  Threads that had not ended are left as they were. */
const char *sched_failure(const struct sched *s);

/* Note a failure.  In a thread: it ends the run and does not return. */
void sched_fail(struct sched *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The number of the thread that runs, -1 outside. */
int sched_self(const struct sched *s);

/* Another thread may run now.  @what goes into the trace. */
void sched_point(struct sched *s, unsigned int what);

/* The running thread waits for what another is about to do: another runs now, if one can. */
void sched_yield_to_others(struct sched *s, unsigned int what);

/* Points so far, and a hash of who was where at each: equal for equal runs. */
uint64_t sched_points(const struct sched *s);
uint64_t sched_trace(const struct sched *s);

void sched_lock_init(struct sched *s, struct sched_lock *lock, unsigned int class);
void sched_lock_destroy(struct sched *s, struct sched_lock *lock);
void sched_take(struct sched *s, struct sched_lock *lock, bool write);
void sched_give_back(struct sched *s, struct sched_lock *lock, bool write);

/* How many locks the running thread (or the outside) holds. */
unsigned int sched_held(const struct sched *s);

/* Is it held for write by anybody? */
bool sched_is_written(const struct sched_lock *lock);

#endif
