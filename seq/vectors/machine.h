/*
 * machine.h - the machine that vectors were recorded on, as words.
 *
 * Layer: seq, above include/usermm/.
 */
#ifndef SEQ_VECTORS_MACHINE_H
#define SEQ_VECTORS_MACHINE_H

#include "seq/start.h"
#include "seq/vectors/vector.h"

/* What memory calls hang on, of @settings and @start: the settings of @machine, and its bases. */
void machine_describe(const struct umm_settings *settings, const struct seq_start *start,
		      struct vector_machine *machine);

/*
 * The other way: a start with nothing mapped.  @kernel is UMM_KERNEL(), 0 for the machine's.  What
 * is not named is plain.  0, or -1 for a value that is no value.
 */
int machine_apply(const struct vector_machine *machine, uint32_t kernel,
		  struct umm_settings *settings, struct seq_start *start);

/* The version, as UMM_KERNEL(); 0 if it is none. */
uint32_t machine_kernel(const struct vector_machine *machine);

/*
 * The first setting in which the two differ so that answers may differ, or NULL.  How much memory
 * there is does not count: no vector asks for about as much.
 */
const char *machine_differs(const struct vector_machine *a, const struct vector_machine *b);

#endif
