/*
 * calls_table.h - the system calls that the follower stops at, and what each means to it.
 *
 * Layer: host.  The one table from which the seccomp filter is generated and by which a stop is
 * understood: a call that is not in it runs at full speed, unseen.  Rows of one call stand
 * together.
 */
#ifndef HOST_CALLS_TABLE_H
#define HOST_CALLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum call_kind {
	CALL_MEMORY,		/* areas may change: its family (calls/) predicts it */
	CALL_FORK,		/* an address space is copied, or shared */
	/* They do not change areas. */
	CALL_PASSIVE,		/* shown by trace, no more */
	CALL_EXEC,
	CALL_CREDS,		/* what the model asks for changes: read again afterwards */
	CALL_UFFD,		/* makes a userfaultfd */
	CALL_AFFINITY,		/* would see the follower's pinning */
};

struct call_ops;

#define CALL_FLAGS	0x1	/* may change what only smaps shows: VmFlags */

#define CALL_ONLY_MAX 12

struct call_desc {
	int nr;
	const char *name;
	enum call_kind kind;
	const struct call_ops *ops;		/* of CALL_MEMORY and CALL_FORK */
	unsigned int flags;
	int only_arg;				/* the row is for calls whose argument of this */
	size_t nr_only;				/* number has one of these as low word; 0: all */
	uint32_t only[CALL_ONLY_MAX];
};

extern const struct call_desc calls_table[];
extern const size_t calls_table_size;

/* The row of x86-64 call @nr with these arguments, or NULL. */
const struct call_desc *calls_table_find(long nr, const uint64_t arg[6]);

/* True if a call of that kind wants its address space to itself. */
static inline bool call_kind_needs_turn(enum call_kind kind)
{
	return kind <= CALL_FORK;
}

#endif
