/*
 * run.h - execute vectors: to compare, to record, to find out what tells a rule.
 *
 * Layer: seq, above include/usermm/.
 */
#ifndef SEQ_VECTORS_RUN_H
#define SEQ_VECTORS_RUN_H

#include "seq/vectors/target.h"

#define RUN_TEXT_BYTES 1024

enum verdict { VERDICT_PASSED, VERDICT_FAILED, VERDICT_UNSUPPORTED };

/*
 * Execute @vector and compare every answer, and the areas of every process after every step.  If it
 * did not pass, @text (RUN_TEXT_BYTES) is one line that says where, what the vector says and what
 * came.  The target is ready for the next vector whatever happened.
 */
enum verdict vector_run(struct target *target, const struct vector_machine *machine,
			const struct vector *vector, char *text);

/*
 * Execute @vector and write the answers and areas into it.  0, or -1 and @text says why it cannot
 * be recorded.  @bases is where the addresses are (may be NULL).
 */
int vector_record(struct target *target, const struct vector_machine *machine,
		  struct vector *vector, struct seq_bases *bases, char *text);

/*
 * True if two targets that begin with the same bases differ in an answer or an area while they
 * execute @steps.  A step that one of them does not support is left out.
 */
bool targets_differ(struct target *a, struct target *b, const struct vector_machine *machine,
		    const struct seq_step *steps, size_t nr);

#endif
