/*
 * protocol.h - the lines between `usermm vectors run` and a shim: see docs/vectors.md.
 *
 * Layer: seq, above include/usermm/.
 */
#ifndef SEQ_VECTORS_PROTOCOL_H
#define SEQ_VECTORS_PROTOCOL_H

#include "seq/vectors/vector.h"

#define PROTOCOL_LINE 4096

/* "begin pool=0x… … thp=madvise", as snprintf(3); and back: 0, or -1. */
size_t protocol_begin_text(const struct vector_machine *machine, char *buf, size_t size);
int protocol_begin_parse(const char *line, struct vector_machine *machine);

/* "bases pool=0x… top=0x… brk=0x… size=0x… data=0x…"; all of them must be there. */
size_t protocol_bases_text(const uint64_t base[SEQ_BASES], char *buf, size_t size);
int protocol_bases_parse(const char *line, uint64_t base[SEQ_BASES]);

/* "step 0 munmap 0x1000 0x1000"; the values of @step are numbers, but for files. */
size_t protocol_step_text(const struct seq_step *step, char *buf, size_t size);
int protocol_step_parse(const char *line, struct seq_step *step);

/* "0x7f…" or "-22": all of @text. */
int protocol_number_parse(const char *text, int64_t *number);

#endif
