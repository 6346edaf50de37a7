/*
 * sim_sched.c - threads that take turns.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "fiber.h"
#include "sim_sched.h"

#define STACK_BYTES (256 * 1024)
#define OUTSIDE SCHED_THREADS		/* the index of who is not a thread */
#define HELD_MAX 8
#define PCT_CHANGES 4
#define POINTS_MAX 1000000		/* a run that has no end */
#define LOCK_MAGIC 0x4c6f636bu

enum state { ENDED, READY, WAITING };

struct held {
	struct sched_lock *lock;
	bool write;
};

struct thread {
	enum state state;
	uint32_t priority;		/* SCHED_PCT: the highest that can run, runs */
	struct sched_lock *wants;	/* WAITING */
	bool wants_write;
	struct held held[HELD_MAX];
	unsigned int nr_held;
	void (*run)(void *arg);
	void *arg;
	ucontext_t context;
	struct fiber fiber;
};

struct sched {
	struct sched_options options;
	uint64_t random;
	unsigned int switch_chance;	/* SCHED_RANDOM: of 256 */
	uint64_t change_at[PCT_CHANGES];	/* SCHED_PCT: points */
	uint64_t points, trace;
	uint32_t nr_locks;
	int self;			/* OUTSIDE, or the thread that runs */
	int nr_threads;
	struct thread thread[SCHED_THREADS + 1];
	char *stacks;
	bool failed;
	char failure[2048];
};

/* Those of the last run, for the next: pages that were touched once. */
#define STACKS_BYTES ((size_t)SCHED_THREADS * STACK_BYTES)
static char *spare_stacks;

static void get_stacks(struct sched *s)
{
	s->stacks = spare_stacks;
	spare_stacks = NULL;
	if (s->stacks)
		return;
	s->stacks = mmap(NULL, STACKS_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->stacks == MAP_FAILED)
		abort();
}

/* splitmix64 */
static uint64_t draw(struct sched *s)
{
	uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

struct sched *sched_new(const struct sched_options *options)
{
	static const unsigned int chances[] = { 8, 32, 64, 128, 255 };
	struct sched *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->options = *options;
	s->random = options->seed;
	s->self = OUTSIDE;
	s->switch_chance = chances[draw(s) % (sizeof(chances) / sizeof(chances[0]))];
	for (int i = 0; i < PCT_CHANGES; i++)
		s->change_at[i] = options->length ? 1 + draw(s) % options->length : 0;
	return s;
}

void sched_free(struct sched *s)
{
	if (!s)
		return;
	if (s->stacks) {
		if (spare_stacks)
			munmap(spare_stacks, STACKS_BYTES);
		spare_stacks = s->stacks;
	}
	free(s);
}

int sched_self(const struct sched *s)
{
	return s->self == OUTSIDE ? -1 : s->self;
}

uint64_t sched_points(const struct sched *s)
{
	return s->points;
}

uint64_t sched_trace(const struct sched *s)
{
	return s->trace;
}

unsigned int sched_held(const struct sched *s)
{
	return s->thread[s->self].nr_held;
}

const char *sched_failure(const struct sched *s)
{
	return s->failed ? s->failure : NULL;
}

static const char *lock_name(const struct sched *s, const struct sched_lock *lock, char *buf,
			     size_t size)
{
	snprintf(buf, size, "%s %u", s->options.classes[lock->class].name, lock->number);
	return buf;
}

/* ---- switching ---- */

static void switch_to(struct sched *s, int next)
{
	struct thread *from = &s->thread[s->self], *to = &s->thread[next];

	s->self = next;
	fiber_leave(&from->fiber, &to->fiber, from->state == ENDED && from != &s->thread[OUTSIDE]);
	swapcontext(&from->context, &to->context);
	fiber_arrive(&from->fiber);
}

void sched_fail(struct sched *s, const char *format, ...)
{
	va_list args;

	if (!s->failed) {
		va_start(args, format);
		vsnprintf(s->failure, sizeof(s->failure), format, args);
		va_end(args);
	}
	s->failed = true;
	if (s->self != OUTSIDE)
		switch_to(s, OUTSIDE);	/* for good */
}

static bool can_take(const struct sched *s, const struct sched_lock *lock, bool write)
{
	if (write)
		return !lock->writer && !lock->readers;
	return !lock->writer && !(s->options.writers_first && lock->waiting_writers);
}

static bool can_run(const struct sched *s, const struct thread *t)
{
	return t->state == READY || (t->state == WAITING && can_take(s, t->wants, t->wants_write));
}

/* One of those that can run at random, -1 for none. */
static int pick_random(struct sched *s)
{
	int able[SCHED_THREADS], nr = 0;

	for (int i = 0; i < s->nr_threads; i++)
		if (can_run(s, &s->thread[i]))
			able[nr++] = i;
	return nr ? able[draw(s) % (uint64_t)nr] : -1;
}

static int pick_highest(const struct sched *s)
{
	int best = -1;

	for (int i = 0; i < s->nr_threads; i++)
		if (can_run(s, &s->thread[i]) &&
		    (best < 0 || s->thread[i].priority > s->thread[best].priority))
			best = i;
	return best;
}

/* Who goes on; @free_choice: the running one could. */
static int pick(struct sched *s, bool free_choice)
{
	if (s->options.strategy == SCHED_PCT)
		return pick_highest(s);
	if (free_choice && (draw(s) & 255) >= s->switch_chance)
		return s->self;
	return pick_random(s);
}

void sched_point(struct sched *s, unsigned int what)
{
	int next;

	if (s->self == OUTSIDE)
		return;
	s->points++;
	s->trace = (s->trace ^ (what * 64u + (unsigned int)s->self)) * UINT64_C(0x100000001b3);
	if (s->points > POINTS_MAX)
		sched_fail(s, "the run has no end: %u points", POINTS_MAX);
	for (uint32_t i = 0; i < PCT_CHANGES; i++)
		if (s->change_at[i] == s->points)
			s->thread[s->self].priority = i;
	next = pick(s, true);
	if (next != s->self)
		switch_to(s, next);
}

void sched_yield_to_others(struct sched *s, unsigned int what)
{
	struct thread *t = &s->thread[s->self];
	int next;

	if (s->self == OUTSIDE) {
		sched_fail(s, "somebody is waited for, and there is nobody");
		return;
	}
	sched_point(s, what);
	t->priority = 0;
	t->state = ENDED;		/* for the choice */
	next = pick(s, false);
	t->state = READY;
	if (next >= 0)		/* else what is waited for has come, or the run has no end */
		switch_to(s, next);
}

/* ---- who waits for whom ---- */

static size_t append(char *buf, size_t size, size_t at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static size_t append(char *buf, size_t size, size_t at, const char *format, ...)
{
	va_list args;
	int n;

	if (at >= size)
		return at;
	va_start(args, format);
	n = vsnprintf(buf + at, size - at, format, args);
	va_end(args);
	return at + (size_t)(n > 0 ? n : 0);
}

static void fail_deadlock(struct sched *s)
{
	char text[1800], name[64];
	size_t at = append(text, sizeof(text), 0, "deadlock:");

	for (int i = 0; i < s->nr_threads; i++) {
		const struct thread *t = &s->thread[i];

		if (t->state == ENDED)
			continue;
		at = append(text, sizeof(text), at, "\n  thread %d waits for %s to %s and holds", i,
			    lock_name(s, t->wants, name, sizeof(name)),
			    t->wants_write ? "write" : "read");
		for (unsigned int h = 0; h < t->nr_held; h++)
			at = append(text, sizeof(text), at, " %s (%s)",
				    lock_name(s, t->held[h].lock, name, sizeof(name)),
				    t->held[h].write ? "write" : "read");
		if (!t->nr_held)
			at = append(text, sizeof(text), at, " nothing");
	}
	sched_fail(s, "%s", text);
}

/* ---- threads ---- */

static struct sched *starting;		/* for the thread that begins: makecontext() passes ints */

static void thread_main(void)
{
	struct sched *s = starting;
	struct thread *t = &s->thread[s->self];
	char name[64];
	int next;

	fiber_arrive(NULL);
	t->run(t->arg);
	if (t->nr_held)
		sched_fail(s, "thread %d ended and holds %s", s->self,
			   lock_name(s, t->held[0].lock, name, sizeof(name)));
	t->state = ENDED;
	next = pick(s, false);
	if (next < 0) {
		for (int i = 0; i < s->nr_threads; i++)
			if (s->thread[i].state != ENDED)
				fail_deadlock(s);
		next = OUTSIDE;
	}
	switch_to(s, next);
	abort();			/* an ended thread is not gone back to */
}

int sched_spawn(struct sched *s, void (*run)(void *arg), void *arg)
{
	int n = s->nr_threads;
	struct thread *t = &s->thread[n];
	char *stack;

	if (n == SCHED_THREADS)
		abort();
	if (!s->stacks)
		get_stacks(s);
	stack = s->stacks + (size_t)n * STACK_BYTES;
	*t = (struct thread){ .state = READY, .run = run, .arg = arg };
	/* Above all that changes will make of it. */
	t->priority = PCT_CHANGES + (uint32_t)(draw(s) >> 40);
	t->fiber.stack = stack;
	t->fiber.bytes = STACK_BYTES;
	getcontext(&t->context);
	t->context.uc_stack.ss_sp = stack;
	t->context.uc_stack.ss_size = STACK_BYTES;
	t->context.uc_link = NULL;
	makecontext(&t->context, thread_main, 0);
	s->nr_threads++;
	return n;
}

bool sched_run(struct sched *s)
{
	int first;

	if (s->failed)
		return false;
	starting = s;
	first = pick(s, false);
	if (first >= 0)
		switch_to(s, first);
	if (!s->failed)
		s->nr_threads = 0;
	return !s->failed;
}

/* ---- locks ---- */

void sched_lock_init(struct sched *s, struct sched_lock *lock, unsigned int class)
{
	memset(lock, 0, sizeof(*lock));
	lock->magic = LOCK_MAGIC;
	lock->class = (uint16_t)class;
	lock->number = s->nr_locks++;
	lock->place = (uintptr_t)lock;
}

void sched_lock_destroy(struct sched *s, struct sched_lock *lock)
{
	char name[64];

	if (lock->magic != LOCK_MAGIC)
		sched_fail(s, "a lock is destroyed that is none");
	else if (lock->writer || lock->readers)
		sched_fail(s, "%s is destroyed when held", lock_name(s, lock, name, sizeof(name)));
	lock->magic = 0;
}

bool sched_is_written(const struct sched_lock *lock)
{
	return lock->writer != 0;
}

static void check_order(struct sched *s, const struct sched_lock *lock)
{
	const struct sched_class *class = &s->options.classes[lock->class];
	const struct thread *t = &s->thread[s->self];
	char name[64], other[64];

	for (unsigned int i = 0; i < t->nr_held; i++) {
		const struct sched_lock *held = t->held[i].lock;
		const struct sched_class *before = &s->options.classes[held->class];

		if (held == lock)
			sched_fail(s, "thread %d takes %s, which it holds", sched_self(s),
				   lock_name(s, lock, name, sizeof(name)));
		else if (!s->options.any_order &&
			 (before->rank > class->rank ||
			  (before->rank == class->rank &&
			   !(class->ascending && held->place < lock->place))))
			sched_fail(s, "order: thread %d takes %s when it holds %s", sched_self(s),
				   lock_name(s, lock, name, sizeof(name)),
				   lock_name(s, held, other, sizeof(other)));
	}
}

/* Let others run until it can be had. */
static void wait_for(struct sched *s, struct sched_lock *lock, bool write)
{
	struct thread *t = &s->thread[s->self];
	char name[64];
	int next;

	if (s->self == OUTSIDE) {
		sched_fail(s, "%s is still held", lock_name(s, lock, name, sizeof(name)));
		return;
	}
	t->wants = lock;
	t->wants_write = write;
	t->state = WAITING;
	if (write)
		lock->waiting_writers |= 1u << s->self;
	next = pick(s, false);
	if (next < 0)
		fail_deadlock(s);
	if (next != s->self)
		switch_to(s, next);
	t->state = READY;
	lock->waiting_writers &= ~(1u << s->self);
}

void sched_take(struct sched *s, struct sched_lock *lock, bool write)
{
	struct thread *t = &s->thread[s->self];

	if (lock->magic != LOCK_MAGIC) {
		sched_fail(s, "a lock is taken that is none");
		return;
	}
	check_order(s, lock);
	sched_point(s, 1);
	while (!can_take(s, lock, write) && !s->failed)
		wait_for(s, lock, write);
	if (write)
		lock->writer = (uint16_t)(s->self + 1);
	else
		lock->readers |= 1u << s->self;
	if (t->nr_held == HELD_MAX)
		sched_fail(s, "thread %d holds too many locks", sched_self(s));
	else
		t->held[t->nr_held++] = (struct held){ lock, write };
	if (s->options.taken)
		s->options.taken(s->options.ctx, lock, write);
	sched_point(s, 2);
}

void sched_give_back(struct sched *s, struct sched_lock *lock, bool write)
{
	struct thread *t = &s->thread[s->self];
	unsigned int i = t->nr_held;
	char name[64];

	while (i > 0 && t->held[i - 1].lock != lock)
		i--;
	if (!i || t->held[i - 1].write != write) {
		sched_fail(s, "thread %d gives back %s, which it does not hold", sched_self(s),
			   lock_name(s, lock, name, sizeof(name)));
		return;
	}
	for (t->nr_held--; i <= t->nr_held; i++)
		t->held[i - 1] = t->held[i];
	if (write)
		lock->writer = 0;
	else
		lock->readers &= ~(1u << s->self);
	if (s->options.given_back)
		s->options.given_back(s->options.ctx, lock, write);
	sched_point(s, 3);
}
