/*
 * simulation.h - one run of a random program: threads that a seed switches, and what is looked at.
 */
#ifndef TESTS_SIM_SIMULATION_H
#define TESTS_SIM_SIMULATION_H

#include "run.h"
#include "sim_platform.h"

#define SIM_WHY 4096

struct sim_job {
	uint64_t seed;			/* of the program */
	uint64_t schedule;		/* what is switched when; also which strategy, and where */
	unsigned int ops;		/* of each thread; 0: @seed is the number of a scene */
	enum sim_lie lie;
};

/* What all runs came to. */
struct sim_totals {
	uint64_t runs, calls, points, checks;
	uint64_t tries;			/* orders of calls that were tried */
	uint64_t lenient;		/* runs whose answers need no order */
	uint64_t by_kind[256];
};

extern struct sim_totals sim_totals;

void sim_job_program(const struct sim_job *job, struct sim_program *program);

/* True if nothing was wrong; else @why.  What went wrong leaves nothing behind but why. */
bool sim_simulate(const struct sim_program *program, const struct sim_job *job, char why[SIM_WHY]);

#endif
