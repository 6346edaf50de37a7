/*
 * stress.c - the random programs of the simulation, run by real threads, over and over.
 *
 *	stress [--programs N] [--rounds N] [--seed N] [--lie world|mmap|shm]
 *
 * Made to be built with -fsanitize=thread, which sees every pair of accesses that no lock orders.
 * Looked at besides: that the address spaces are valid at the end of each program, that counts add
 * up, that all memory comes back.  --lie: that lock does nothing, which must not go unnoticed.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/handles.h"
#include "host/platform_posix.h"
#include "run.h"

#define OPS 14				/* of each thread */

enum lie { HONEST, LIE_WORLD, LIE_MMAP, LIE_SHM };

struct stress {
	struct sim_run run;		/* first: the gate gets it */
	struct umm_platform posix, platform;
	pthread_rwlock_t gate;
	pthread_mutex_t numbers;
	const struct sim_program *program;
	unsigned int rounds;
	enum lie lie;
};

struct worker {
	pthread_t thread;
	struct stress *stress;
	unsigned int self;
};

/* ---- a platform that lies ---- */

/* Before the world is made known all locks are honest. */
static bool is_nothing(const struct stress *s, const struct umm_lock *lock)
{
	const struct world *world;
	bool of_world, of_shm;

	if (!s->lie || !s->run.machine.world)
		return false;
	world = to_world(s->run.machine.world);
	of_world = lock == &world->lock;
	of_shm = lock == &world->shm_lock;
	if (s->lie == LIE_WORLD)
		return of_world;
	return s->lie == LIE_SHM ? of_shm : !of_world && !of_shm;
}

#define LYING(name)							\
static void lying_##name(void *ctx, struct umm_lock *lock)		\
{									\
	struct stress *s = ctx;						\
									\
	if (!is_nothing(s, lock))					\
		s->posix.name(s->posix.ctx, lock);			\
}

LYING(write_lock)
LYING(write_unlock)
LYING(read_lock)
LYING(read_unlock)

static void *plain_alloc(void *ctx, size_t bytes)
{
	struct stress *s = ctx;

	return s->posix.alloc(s->posix.ctx, bytes);
}

static void plain_free(void *ctx, void *ptr, size_t bytes)
{
	struct stress *s = ctx;

	s->posix.free(s->posix.ctx, ptr, bytes);
}

static int plain_lock_init(void *ctx, struct umm_lock *lock)
{
	struct stress *s = ctx;

	return s->posix.lock_init(s->posix.ctx, lock);
}

static void plain_lock_destroy(void *ctx, struct umm_lock *lock)
{
	struct stress *s = ctx;

	s->posix.lock_destroy(s->posix.ctx, lock);
}

static void platform_init(struct stress *s)
{
	umm_platform_posix(&s->posix);
	s->platform = s->posix;
	if (!s->lie)
		return;
	s->platform.ctx = s;
	s->platform.alloc = plain_alloc;
	s->platform.free = plain_free;
	s->platform.lock_init = plain_lock_init;
	s->platform.lock_destroy = plain_lock_destroy;
	s->platform.write_lock = lying_write_lock;
	s->platform.write_unlock = lying_write_unlock;
	s->platform.read_lock = lying_read_lock;
	s->platform.read_unlock = lying_read_unlock;
}

/* ---- threads ---- */

static void gate(struct sim_run *run, bool write, bool take)
{
	struct stress *s = (struct stress *)(void *)run;

	if (!take)
		pthread_rwlock_unlock(&s->gate);
	else if (write)
		pthread_rwlock_wrlock(&s->gate);
	else
		pthread_rwlock_rdlock(&s->gate);
}

static void numbers(struct sim_run *run, bool take)
{
	struct stress *s = (struct stress *)(void *)run;

	if (take)
		pthread_mutex_lock(&s->numbers);
	else
		pthread_mutex_unlock(&s->numbers);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	const struct sim_program *program = w->stress->program;

	for (unsigned int round = 0; round < w->stress->rounds; round++)
		for (unsigned int i = program->nr_before; i < program->nr_ops; i++)
			if (program->op[i].thread == w->self)
				sim_run_op(&w->stress->run, &program->op[i]);
	return NULL;
}

static const char *run_program(struct stress *s, const struct sim_program *program)
{
	struct worker worker[SIM_THREADS];
	size_t bytes = umm_platform_posix_bytes();
	const char *wrong;
	int64_t lost;

	s->program = program;
	machine_init(&s->run.machine, &s->platform, program->seed, NULL);
	for (unsigned int i = 0; i < program->nr_before; i++)
		sim_run_op(&s->run, &program->op[i]);
	for (unsigned int i = 0; i < program->nr_threads; i++) {
		worker[i] = (struct worker){ .stress = s, .self = i };
		if (pthread_create(&worker[i].thread, NULL, work, &worker[i]))
			abort();
	}
	for (unsigned int i = 0; i < program->nr_threads; i++)
		pthread_join(worker[i].thread, NULL);
	wrong = machine_wrong(&s->run.machine);
	if (!wrong)
		wrong = machine_destroy(&s->run.machine, &lost);
	if (!wrong && umm_platform_posix_bytes() != bytes)
		wrong = "memory was not given back";
	s->run.machine.world = NULL;
	return wrong;
}

static uint64_t number(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 0);

	if (*text && !*end)
		return value;
	fprintf(stderr, "stress: %s is not a number\n", text);
	exit(2);
}

static enum lie lie_of(const char *name)
{
	static const char *const names[] = { "", "world", "mmap", "shm" };

	for (unsigned int i = 1; i < 4; i++)
		if (!strcmp(name, names[i]))
			return (enum lie)i;
	fprintf(stderr, "stress: no lie %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "programs", required_argument, NULL, 'p' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "lie", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	static struct stress s = { .rounds = 60, .gate = PTHREAD_RWLOCK_INITIALIZER,
				   .numbers = PTHREAD_MUTEX_INITIALIZER };
	static struct sim_program program;
	const char *env_seed = getenv("UMM_SEED"), *wrong = NULL;
	uint64_t programs = 200, seed = env_seed && *env_seed ? number(env_seed) : 1;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p': programs = number(optarg); break;
		case 'r': s.rounds = (unsigned int)number(optarg); break;
		case 's': seed = number(optarg); break;
		case 'l': s.lie = lie_of(optarg); break;
		default: return 2;
		}
	}
	s.run.gate = gate;
	s.run.numbers = numbers;
	platform_init(&s);
	printf("1..1\n");
	for (uint64_t p = seed; p < seed + programs && !wrong; p++) {
		sim_program_draw(&program, p, OPS);
		wrong = run_program(&s, &program);
		if (wrong)
			printf("# %s\n# again: tests/sim/stress --seed %llu --programs 1\n", wrong,
			       (unsigned long long)p);
	}
	printf("%sok 1 - %llu programs by real threads, from seed %llu\n", wrong ? "not " : "",
	       (unsigned long long)programs, (unsigned long long)seed);
	return wrong ? 1 : 0;
}
