/*
 * calls_table.h - the system calls that the follower stops at, and what each means to it.
 *
 * Layer: host.  The one table from which the seccomp filter is generated and by which a stop is
 * understood: a call that is not in it runs at full speed, unseen.
 */
#ifndef HOST_CALLS_TABLE_H
#define HOST_CALLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call_kind {
	/* The model answers these. */
	CALL_MMAP, CALL_MUNMAP, CALL_MPROTECT, CALL_BRK, CALL_FORK,
	/* They change areas, and the model does not know how yet: adopted under their own name. */
	CALL_MREMAP,		/* old and new range */
	CALL_RANGE,		/* [arg 0, arg 0 + arg 1) */
	CALL_WHOLE,		/* anywhere */
	/* They do not change areas. */
	CALL_PASSIVE,		/* shown by trace, no more */
	CALL_EXEC,
	CALL_RLIMIT,		/* what the model asks for changes: read again afterwards */
	CALL_CREDS,
	CALL_PERSONALITY,
	CALL_AFFINITY,		/* would see the follower's pinning */
};

#define CALL_FLAGS	0x1	/* changes what only smaps shows: VmFlags */
#define CALL_POPULATES	0x2	/* makes anonymous pages without a fault that anybody sees */
#define CALL_REPORT	0x4	/* a memory call: the sink hears of it */
#define CALL_SUCCESS	0x8	/* a failure of it changes nothing */

#define CALL_ONLY_MAX 12

struct call_desc {
	int nr;
	const char *name;
	enum call_kind kind;
	unsigned int flags;
	int only_arg;				/* the filter stops only if the low word of this */
	size_t nr_only;				/* argument is one of these; nr_only == 0: always */
	uint32_t only[CALL_ONLY_MAX];
};

extern const struct call_desc calls_table[];
extern const size_t calls_table_size;

/* The row of x86-64 call @nr, or NULL. */
const struct call_desc *calls_table_find(long nr);

/* True if the model itself answers a call of that kind. */
static inline bool call_kind_modelled(enum call_kind kind)
{
	return kind <= CALL_FORK;
}

/* True if a call of that kind wants its address space to itself. */
static inline bool call_kind_needs_turn(enum call_kind kind)
{
	return kind <= CALL_WHOLE;
}

#endif
