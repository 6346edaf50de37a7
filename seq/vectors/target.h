/*
 * target.h - somebody who executes vectors: the running kernel, the library, a shim.
 *
 * Layer: seq, above include/usermm/.
 */
#ifndef SEQ_VECTORS_TARGET_H
#define SEQ_VECTORS_TARGET_H

#include "seq/vectors/vector.h"

enum target_result {
	TARGET_OK,
	TARGET_UNSUPPORTED,		/* it says that it cannot; it can be asked other things */
	TARGET_BROKEN,			/* it is gone, hangs, or talks nonsense */
};

struct target;

/* What is not OK is explained in target->trouble. */
struct target_ops {
	/*
	 * An empty address space.  @machine is what the vectors were recorded on: a wish.  The
	 * bases are the target's own.
	 */
	enum target_result (*begin)(struct target *target, const struct vector_machine *machine,
				    struct seq_bases *bases);
	/* One step; every value of @step is a number, but for files. */
	enum target_result (*step)(struct target *target, const struct seq_step *step,
				   int64_t *answer);
	enum target_result (*areas)(struct target *target, unsigned int process,
				    struct areas *areas);
	enum target_result (*end)(struct target *target);
	/* Whatever state it is in: the next thing is begin. */
	void (*reset)(struct target *target);
	/* What machine this is, for a recording; NULL for none. */
	void (*describe)(struct target *target, struct vector_machine *machine);
	void (*free)(struct target *target);
};

struct target {
	const struct target_ops *ops;
	char trouble[VECTOR_ERROR_BYTES];
};

/* A program that talks the line protocol, started by sh -c; @timeout_ms for each answer. */
struct target *target_shim_new(const char *command, int timeout_ms);

/* The kernel that runs, in a process of its own.  NULL and @error. */
struct target *target_host_new(char *error);

/* A rule of the library that is not as its kernel has it. */
struct target_rule {
	unsigned int rule;
	bool on;
};

/* The library; @kernel is UMM_KERNEL(), 0 for that of the vectors' machine. */
struct target *target_library_new(uint32_t kernel, const struct target_rule *rules, size_t nr);

/* Is the rule on in a library made for that machine? */
bool target_library_rule(const struct vector_machine *machine, unsigned int rule);

/* An answer of 0 to everything: what a test that cannot fail would accept. */
struct target *target_zero_new(void);

void target_free(struct target *target);
void target_trouble(struct target *target, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* @step with numbers for its values: what ops->step() wants. */
void target_resolve(const struct seq_bases *bases, const struct seq_step *step,
		    struct seq_step *numbers);

/* Talk the line protocol on @in and @out as @target until @in ends.  0, or -1: @out is broken. */
int target_serve(struct target *target, FILE *in, FILE *out);

/* Which processes there are, while a sequence is executed. */
struct target_processes {
	bool alive[SEQ_PROCESSES];
};

void target_processes_note(struct target_processes *processes, const struct seq_step *step,
			   int64_t answer);

#endif
