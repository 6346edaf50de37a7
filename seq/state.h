/*
 * state.h - how far a sequence has been executed, and which step may be executed next.
 *
 * Whoever executes a sequence (the model, the native side, the generator while it makes one up)
 * keeps one of these, asks seq_step_allowed() before each step and says afterwards what came of it.
 * So all leave out the same steps: those that name what is not there, and those that would reach
 * into the executor itself or wait for ever.
 *
 * That is decided by numbers alone.  What hangs on the areas that are mapped (memory that is really
 * filled, watched memory) the model decides besides: see seq_model_allows().
 *
 * Layer: seq.  One thread at a time.
 */
#ifndef SEQ_STATE_H
#define SEQ_STATE_H

#include "seq/seq.h"
#include "seq/start.h"

/* The answer of a step that was not executed. */
#define SEQ_SKIPPED INT64_MIN

/* The most areas of MANY. */
#define SEQ_MANY_MAX 70000

struct seq_state {
	struct seq_bases bases;			/* ->answer is answer[] */
	uint64_t own_start, own_end;
	uint8_t alive;				/* bit n: process n is there */
	size_t nr;				/* steps so far, skipped ones too */
	int64_t answer[SEQ_STEPS_MAX];
	uint8_t call[SEQ_STEPS_MAX];		/* enum seq_call */
	/* Of a userfaultfd: who has it open (bit n: process n), and whose memory it watches. */
	uint8_t open[SEQ_STEPS_MAX];
	uint8_t owner[SEQ_STEPS_MAX];
};

/* @start says where things are, and is copied from.  About 44 KiB: not for a small stack. */
void seq_state_init(struct seq_state *state, const struct seq_start *start);

/*
 * May @step be executed now?  If not it is skipped: nothing happens, its answer is SEQ_SKIPPED.
 * What is skipped:
 *	- a step of, or about, a process that is not there; exit of the first; a fork beyond
 *	  SEQ_PROCESSES;
 *	- $n of a step that failed, was skipped, or answered something else than is asked for: an id
 *	  of shmget for shm*, a userfaultfd that the process has open for uffd_*, an address for the
 *	  others;
 *	- ids and keys that are neither $n nor small: they are others' segments;
 *	- a range that reaches into [own_start, own_end), where the call would change it;
 *	- a look at nothing, at parts of pages, at more than SEQ_PAGES_MOST of them;
 *	- what could wait for ever, or could not be undone: features of a userfaultfd that send
 *	  messages, accesses above the lower half, MADV_HWPOISON and MADV_SOFT_OFFLINE.
 */
bool seq_step_allowed(const struct seq_state *state, const struct seq_step *step);

/* @step, which was allowed, answered @answer; or was not, then SEQ_SKIPPED. */
void seq_step_done(struct seq_state *state, const struct seq_step *step, int64_t answer);

/* The number of the child that a fork would make: the lowest that is free; -1 if there is none. */
int seq_state_free_process(const struct seq_state *state);

/* The number that argument @arg of @step stands for. */
uint64_t seq_arg(const struct seq_state *state, const struct seq_step *step, unsigned int arg);

/*
 * The name that set_vma_name(…, @number) gives: 0 takes it away (false), others are "name@number",
 * but SEQ_NAME_BAD, which has a character that is not allowed, and SEQ_NAME_LONG, which is too
 * long.  @name has SEQ_VMA_NAME_SIZE bytes.  SEQ_NAME_UNREADABLE stands for a name at address 1.
 */
#define SEQ_VMA_NAME_SIZE 96
#define SEQ_NAME_BAD 100
#define SEQ_NAME_LONG 101
#define SEQ_NAME_UNREADABLE 102
bool seq_vma_name(uint64_t number, char *name);

/*
 * What both sides make of the arguments that are not those of the system call:
 *	mbind, set_mempolicy	the NUMBER is the only word of the mask of nodes, maxnode is
 *				64; 0: no mask, maxnode 0
 *	shmget			a key that is not 0 has seq_start.shm_key added; permissions 0600
 *	userfaultfd		O_CLOEXEC, then UFFDIO_API with the features and none else; closed
 *				again if that is refused
 *	process_madvise		one range; the last argument is the flags
 *	set_thp_disable		its second and third argument of prctl; the others are 0
 *	read, write		one byte, the value of which stays
 *	many			page by page MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, PROT_READ and
 *				PROT_NONE in turns, PROT_READ first; ends with the first error
 */

#endif
