/*
 * simulation.c - one run of a random program.
 *
 * Every second pair of schedules is dense: the core is compiled with -finstrument-functions, and
 * wherever one of its functions begins or ends another thread may go on, also inside what a lock
 * should guard.  The others switch at locks, allocations and events alone, and go further.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulation.h"
#include "api/handles.h"
#include "space/mm.h"

#define TEXT_MAX (64 * 1024)

/* One run. */
struct simulation {
	struct sim_run run;		/* first: the gate gets it */
	struct sched *sched;
	struct sched_lock gate;
	struct sim_platform platform;
	const struct sim_program *program;
	bool is_dense;
	uint64_t mm_checks;
};

struct sim_totals sim_totals;

/* NULL, or whose threads may be switched now. */
static struct sched *dense;

void __cyg_profile_func_enter(void *function, void *caller);
void __cyg_profile_func_exit(void *function, void *caller);

void __cyg_profile_func_enter(void *function, void *caller)
{
	(void)function;
	(void)caller;
	if (dense)
		sched_point(dense, 7);
}

void __cyg_profile_func_exit(void *function, void *caller)
{
	(void)function;
	(void)caller;
	if (dense)
		sched_point(dense, 8);
}

/* ---- the locks tell ---- */

static struct umm_mm *mm_of_lock(struct simulation *sim, const void *lock)
{
	struct machine *m = &sim->run.machine;

	for (int i = 0; i < m->nr_mms; i++)
		if (m->mm[i].handle && (const void *)&to_mm(m->mm[i].handle)->mmap_lock == lock)
			return m->mm[i].handle;
	return NULL;
}

static void lock_taken(void *ctx, const void *lock, bool write)
{
	struct simulation *sim = ctx;
	const struct sched_lock *l = lock;
	int thread = sched_self(sim->sched);

	if (thread < 0 || l->class == SIM_GATE)
		return;
	if (l->class == SIM_SPINLOCK)
		sim_run_locked(&sim->run, thread, SIM_OF_TABLE, NULL);
	else if (l->class == SIM_WORLD_LOCK)
		sim_run_locked(&sim->run, thread, SIM_OF_WORLD, NULL);
	else if (l->class == SIM_SHM_LOCK)
		sim_run_locked(&sim->run, thread, SIM_OF_SHM, NULL);
	else if (mm_of_lock(sim, lock))
		sim_run_locked(&sim->run, thread, write ? SIM_OF_MM_FOR_WRITE : SIM_OF_MM,
			       mm_of_lock(sim, lock));
}

/* Whoever is not being written to is whole. */
static void lock_given_back(void *ctx, const void *lock, bool write)
{
	struct simulation *sim = ctx;
	struct machine *m = &sim->run.machine;
	const struct sched_lock *l = lock;

	(void)write;
	if (sched_self(sim->sched) < 0 || l->class == SIM_SPINLOCK)
		return;
	dense = NULL;			/* a look is no call */
	for (int i = 0; i < m->nr_mms; i++) {
		const struct mm_struct *mm = m->mm[i].handle ? to_mm(m->mm[i].handle) : NULL;

		if (!mm || sched_is_written((const void *)&mm->mmap_lock))
			continue;
		sim->mm_checks++;
		if (!mm_is_valid(mm))
			sched_fail(sim->sched, "mm %d is not valid, and nobody writes to it", i);
	}
	if (machine_is_strict(m) &&
	    world_committed_locked(to_world(m->world)) >= m->settings.totalram_pages)
		sched_fail(sim->sched, "more is charged than there is");
	dense = sim->is_dense ? sim->sched : NULL;
}

static void event(void *ctx, const struct umm_event *e)
{
	sched_point(ctx, 16u + (unsigned int)e->type);
}

static void gate(struct sim_run *run, bool write, bool take)
{
	struct simulation *sim = (struct simulation *)(void *)run;

	if (take)
		sched_take(sim->sched, &sim->gate, write);
	else
		sched_give_back(sim->sched, &sim->gate, write);
}

/* No other thread runs until it is over. */
static void numbers(struct sim_run *run, bool take)
{
	struct simulation *sim = (struct simulation *)(void *)run;

	dense = take || !sim->is_dense ? NULL : sim->sched;
}

/* ---- one run ---- */

void sim_job_program(const struct sim_job *job, struct sim_program *program)
{
	if (job->ops)
		sim_program_draw(program, job->seed, job->ops);
	else
		sim_scene(program, (unsigned int)job->seed);
}

static void thread_main(void *arg)
{
	struct simulation *sim = arg;
	unsigned int self = (unsigned int)sched_self(sim->sched);

	for (unsigned int i = sim->program->nr_before; i < sim->program->nr_ops; i++) {
		if (sim->program->op[i].thread != self)
			continue;
		sim_run_op(&sim->run, &sim->program->op[i]);
		if (sched_held(sim->sched))
			sched_fail(sim->sched, "thread %u holds a lock between two calls", self);
	}
}

static void set_up(struct simulation *sim, const struct sim_program *program,
		   const struct sim_job *job)
{
	struct sim_random r = { .state = (job->seed << 20) ^ job->schedule };
	const struct sched_options options = {
		.seed = sim_draw(&r),
		.strategy = job->schedule % SCHED_STRATEGIES,
		.length = program->nr_ops * (job->schedule & 2 ? 300 : 12),
		.writers_first = sim_chance(&r, 50),
		.classes = sim_classes,
		.taken = lock_taken,
		.given_back = lock_given_back,
		.ctx = sim,
	};

	memset(sim, 0, sizeof(*sim));
	sim->program = program;
	sim->is_dense = job->schedule & 2;
	sim->sched = sched_new(&options);
	sched_lock_init(sim->sched, &sim->gate, SIM_GATE);
	sim_platform_init(&sim->platform, sim->sched, job->lie);
	sim->run.gate = gate;
	sim->run.seed = program->seed;
	sim->run.recording = true;
	sim->run.numbers = numbers;
	machine_init(&sim->run.machine, &sim->platform.platform, program->seed,
		     sim_platform_world_made);
	umm_world_set_events(sim->run.machine.world, event, sim->sched);
}

/* After the threads: what was wrong, or NULL. */
static const char *look_after(struct simulation *sim, char *why)
{
	static char after[TEXT_MAX];
	const char *wrong;
	struct sim_order order;
	int64_t lost;

	wrong = machine_wrong(&sim->run.machine);
	if (wrong)
		return wrong;
	machine_text(&sim->run.machine, after, sizeof(after));
	if (machine_is_strict(&sim->run.machine) || sim->run.machine.settings.shm_rmid_forced ||
	    sim_is_loose(&sim->run)) {
		sim_totals.lenient++;
		return machine_destroy(&sim->run.machine, &lost);
	}
	if (sim_linearise(&sim->run, after, why, SIM_WHY, &order))
		return why;
	sim_totals.tries += order.tries;
	wrong = machine_destroy(&sim->run.machine, &lost);
	if (!wrong && lost != order.lost)
		wrong = "other charges are lost than by one thread";
	if (!wrong)
		wrong = sched_failure(sim->sched);
	if (!wrong && (sim->platform.bytes || sim->platform.locks))
		wrong = "memory or locks were not given back";
	return wrong;
}

static void count(const struct simulation *sim)
{
	sim_totals.runs++;
	sim_totals.calls += sim->run.nr_records;
	sim_totals.points += sched_points(sim->sched);
	sim_totals.checks += sim->mm_checks;
	for (unsigned int i = 0; i < sim->run.nr_records; i++)
		if (sim->run.record[i].op.kind != SIM_EXIT)
			sim_totals.by_kind[sim->run.record[i].op.kind]++;
}

bool sim_simulate(const struct sim_program *program, const struct sim_job *job, char why[SIM_WHY])
{
	static struct simulation sim;	/* large */
	const char *wrong;
	bool ran;

	set_up(&sim, program, job);
	for (unsigned int i = 0; i < program->nr_before; i++)
		sim_run_op(&sim.run, &program->op[i]);
	for (unsigned int t = 0; t < program->nr_threads; t++)
		sched_spawn(sim.sched, thread_main, &sim);
	dense = sim.is_dense ? sim.sched : NULL;
	ran = sched_run(sim.sched);
	dense = NULL;
	if (ran)
		wrong = look_after(&sim, why);
	else
		wrong = sched_failure(sim.sched);
	if (wrong && wrong != why)
		snprintf(why, SIM_WHY, "%s", wrong);
	count(&sim);
	sim_platform_abandon(&sim.platform);
	sched_free(sim.sched);
	return !wrong;
}

