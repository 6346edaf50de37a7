/*
 * run.h - a random program, run by threads on one machine; and the search for an order of its calls
 * in which one thread gets the same answers.
 */
#ifndef TESTS_SIM_RUN_H
#define TESTS_SIM_RUN_H

#include "machine.h"

#define SIM_OPS 64			/* of a program */
#define SIM_RECORDS 256			/* of a run: operations, and last references that go */
#define SIM_THREADS 4
#define SIM_EXIT UINT16_MAX		/* the kind of the latter */

struct sim_program {
	uint64_t seed;			/* also of the machine's settings */
	unsigned int nr_threads;
	unsigned int nr_before;		/* the first of them are done before there are threads */
	unsigned int nr_ops;
	struct sim_op op[SIM_OPS];	/* of each thread in order */
};

/* What a seed says: threads, which kinds are favoured, and the operations. */
void sim_program_draw(struct sim_program *program, uint64_t seed, unsigned int ops_per_thread);
/* Programs about one thing each: the name of the n-th. */
unsigned int sim_nr_scenes(void);
const char *sim_scene(struct sim_program *program, unsigned int n);

void sim_program_print(const struct sim_program *program);

/* Locks by how much the time when one was taken says about the order. */
enum sim_lock_kind { SIM_OF_TABLE, SIM_OF_WORLD, SIM_OF_MM, SIM_OF_MM_FOR_WRITE, SIM_OF_SHM };

/* One operation that was done. */
struct sim_record {
	struct sim_op op;
	int mm, other, made;		/* numbers of address spaces; -1 for none */
	uint64_t invoked, returned;	/* times: those that overlap have no order */
	uint64_t key;			/* when it took the lock that counts: where to look first */
	enum sim_lock_kind key_kind;	/* of that lock; the highest counts */
	struct sim_result result;
};

/*
 * The embedder's own: a gate that calls pass together and exclusive ones alone, and what makes a
 * look at the numbers of address spaces one step.
 */
struct sim_run {
	uint64_t seed;			/* of the machine */
	struct machine machine;
	void (*gate)(struct sim_run *run, bool write, bool take);
	void (*numbers)(struct sim_run *run, bool take);
	bool recording;
	uint64_t clock;
	unsigned int nr_records;
	struct sim_record record[SIM_RECORDS];
	struct sim_record *current[SIM_THREADS];	/* under way, by thread */
};

/* Do one operation of the program as one of its threads. */
void sim_run_op(struct sim_run *run, const struct sim_op *op);

/* The current operation of @thread took a lock: that of @mm, of segments, or the world's. */
void sim_run_locked(struct sim_run *run, int thread, enum sim_lock_kind kind,
		    const struct umm_mm *mm);

/*
 * True for a run that no order has to explain.  A call that attaches a segment counts while it is
 * under way, as in Linux, also if it fails in the end: others may find a segment that is to be
 * removed a while longer, or see it removed by that.  What is copied is read and written in two
 * steps.
 */
bool sim_is_loose(const struct sim_run *run);

/* How one was found. */
struct sim_order {
	unsigned int tries;		/* runs of a prefix */
	int64_t lost;			/* of machine_destroy() */
};

/*
 * Is there an order of the records, in which none stands before one that had returned when it was
 * invoked, that gives each the same result and leaves a machine with the text @after?  0 and
 * *order, or -1 and why not in @buf.
 */
int sim_linearise(const struct sim_run *run, const char *after, char *buf, size_t size,
		  struct sim_order *order);

#endif
