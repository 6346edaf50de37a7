/*
 * target.h - what the targets share: each is a function of bytes that must not crash, whatever the
 * bytes are.  `make fuzz-coverage` builds and runs them.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <usermm/platform.h>

/* The name is libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that must hold does not: the input is kept, as for any crash. */
#define must(condition)								\
	do {									\
		if (!(condition)) {						\
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);	\
			abort();						\
		}								\
	} while (0)

/* Memory that can be refused, and that must all come back. */
struct target_memory {
	struct umm_platform platform;
	uint64_t bytes;			/* handed out */
	uint64_t calls;
	uint64_t fail_at;		/* refuse this call, counted from 1; 0: none */
};

void target_memory_init(struct target_memory *memory, uint64_t fail_at);

/* The next byte, 0 behind the end. */
struct target_input {
	const uint8_t *at, *end;
};

static inline uint8_t target_byte(struct target_input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* What is left as a string; the caller frees it. */
char *target_string(const struct target_input *in);

#endif
