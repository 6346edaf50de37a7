/*
 * seq.h - sequences of memory calls: what the fuzzer makes up, shrinks and runs on both sides, and
 * what vectors are recorded from.
 *
 * A sequence is a list of steps.  Each is one call, one access, or one look at memory, by one of a
 * few processes, of which one is there at first.  An address is an offset from a base that whoever
 * executes the sequence knows, so that the same sequence can be run where addresses are others:
 *
 *	pool	a free range of SEQ_POOL_BYTES in the lower half of the address space, nothing
 *		around it; aligned to 4 GiB
 *	top	where the search for an address begins: the end of the first mapping that has the
 *		choice
 *	brk	the beginning of the heap, which is empty
 *	$n	the answer of the n-th step, counted from 0
 *	size	(limits only) bytes of address space before the first step: VmSize
 *	data	(limits only) bytes of private writable memory before the first step: VmData
 *
 * The same step as text, which text.c writes and reads; a process other than 0 stands before it:
 *
 *	1: mmap(pool+0x3000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, none, 0)
 *
 * A sequence is plain data without pointers.  Whatever it says, executing it is safe: steps that
 * name a process or an answer that is not there are skipped by whoever executes it.
 *
 * Layer: seq, above include/usermm/.  Used by cli/ and tests/.
 */
#ifndef SEQ_SEQ_H
#define SEQ_SEQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQ_PAGE UINT64_C(4096)
#define SEQ_POOL_BYTES (UINT64_C(1) << 30)
#define SEQ_FILE_BYTES (16 * SEQ_PAGE)
#define SEQ_PATTERN_BYTES (10 * SEQ_PAGE - 1000)
#define SEQ_STEPS_MAX 4096
#define SEQ_PROCESSES 8
#define SEQ_ARGS 6

enum seq_call {
#define SEQ_CALL(NAME, name, answer, kinds) SEQ_##NAME,
#include "seq/calls.def"
#undef SEQ_CALL
	SEQ_CALLS
};

enum seq_file {
#define SEQ_FILE(NAME, name, text) SEQ_FILE_##NAME,
#include "seq/files.def"
#undef SEQ_FILE
	SEQ_FILES
};

enum seq_kind {
	SEQ_KIND_NONE,			/* no argument */
#define SEQ_KIND(KIND, how) SEQ_KIND_##KIND,
#define SEQ_NAME(KIND, name, number)
#include "seq/kinds.def"
#undef SEQ_KIND
#undef SEQ_NAME
	SEQ_KINDS
};

/* What of an answer is compared. */
enum seq_answer {
	SEQ_ANSWER_ADDRESS,		/* an address, or a negative error */
	SEQ_ANSWER_ZERO,		/* 0, or a negative error */
	SEQ_ANSWER_NUMBER,		/* as it is */
	SEQ_ANSWER_NAME,		/* success, whatever the number, or the negative error */
	SEQ_ANSWER_SIGNAL,		/* of an access: see calls.def */
};

enum seq_base {
	SEQ_BASE_NUMBER,
	SEQ_BASE_POOL,
	SEQ_BASE_TOP,
	SEQ_BASE_BRK,
	SEQ_BASE_SIZE,
	SEQ_BASE_DATA,
	SEQ_BASE_RESULT,
	SEQ_BASES
};

struct seq_value {
	uint64_t offset;		/* added to the base; wraps around: top-0x1000 */
	uint16_t step;			/* of SEQ_BASE_RESULT */
	uint8_t base;			/* enum seq_base */
};

struct seq_step {
	struct seq_value arg[SEQ_ARGS];
	uint8_t call;			/* enum seq_call */
	uint8_t process;		/* below SEQ_PROCESSES */
};

struct seq {
	struct seq_step *step;		/* the owner's */
	size_t nr;			/* at most SEQ_STEPS_MAX */
};

/* What one who executes a sequence knows: seq_resolve() makes numbers of values with it. */
struct seq_bases {
	uint64_t base[SEQ_BASES];	/* of POOL, TOP, BRK, SIZE, DATA */
	const int64_t *answer;		/* of the steps so far */
	size_t nr_answers;
};

/* A row of calls.def. */
struct seq_call_info {
	const char *name;
	enum seq_answer answer;
	uint8_t kind[SEQ_ARGS + 1];	/* enum seq_kind, ended by SEQ_KIND_NONE */
};

/* @call is below SEQ_CALLS, @file below SEQ_FILES: the rows of the tables, which never go. */
const struct seq_call_info *seq_call_info(unsigned int call);
const char *seq_file_name(unsigned int file);
const char *seq_file_text(unsigned int file);

/* The @index-th constant of a kind (enum seq_kind) in kinds.def, 0 if it has not so many. */
uint64_t seq_constant(unsigned int kind, unsigned int index);

/* The row of that name, or -1. */
int seq_call_find(const char *name);
int seq_file_find(const char *name);

/* The number that a value stands for.  An answer that is not there is 0. */
uint64_t seq_resolve(const struct seq_bases *bases, const struct seq_value *value);

/*
 * The other way: the base that @number is nearest to, for reading: within SEQ_POOL_BYTES of pool,
 * 256 MiB above brk, 64 GiB below or above top; else a number.
 */
struct seq_value seq_relate(const struct seq_bases *bases, uint64_t number);

/* A step, a value of that kind (enum seq_kind), as text: as snprintf(3). */
size_t seq_step_text(const struct seq_step *step, char *buf, size_t size);
size_t seq_value_text(const struct seq_value *value, unsigned int kind, char *buf, size_t size);

/*
 * Text to a step or a value.  0, or -1 and *error, a text that never goes, says what is wrong.
 * Whatever seq_step_text() wrote is read as the same step.
 */
int seq_step_parse(const char *text, struct seq_step *step, const char **error);
int seq_value_parse(const char *text, unsigned int kind, struct seq_value *value,
		    const char **error);

/* "EINVAL" for -22; a number in hexadecimal for others.  As snprintf(3). */
size_t seq_answer_text(const struct seq_bases *bases, unsigned int call, int64_t answer, char *buf,
		       size_t size);

#endif
