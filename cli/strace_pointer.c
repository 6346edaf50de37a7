#include <inttypes.h>
#include <string.h>

#include "cli/peek.h"
#include "cli/strace_flags.h"
#include "cli/strace_pointer.h"

#define SHOWN_MAX 32		/* elements of an array before "..." */

/*
 * "[a, b, ...]" of @nr elements of @size bytes at @addr, each written by @add.  The address instead
 * if nothing can be read.
 */
static void add_array(struct text *text, pid_t tid, uint64_t addr, uint64_t nr, size_t size,
		      void (*add)(struct text *text, const void *element))
{
	uint64_t shown = nr < SHOWN_MAX ? nr : SHOWN_MAX;
	unsigned char buf[SHOWN_MAX * 16];

	if (!addr || size > 16 || !peek(tid, addr, buf, (size_t)shown * size)) {
		strace_addr(text, addr);
		return;
	}
	text_add(text, "[");
	for (uint64_t i = 0; i < shown; i++) {
		if (i)
			text_add(text, ", ");
		add(text, buf + i * size);
	}
	text_add(text, nr > shown ? ", ...]" : "]");
}

static void add_word(struct text *text, const void *element)
{
	uint64_t word;

	memcpy(&word, element, sizeof(word));
	text_addf(text, "%#016" PRIx64, word);
}

static void add_address(struct text *text, const void *element)
{
	uint64_t addr;

	memcpy(&addr, element, sizeof(addr));
	strace_addr(text, addr);
}

static void add_int(struct text *text, const void *element)
{
	int value;

	memcpy(&value, element, sizeof(value));
	text_addf(text, "%d", value);
}

static void add_status(struct text *text, const void *element)
{
	int value;

	memcpy(&value, element, sizeof(value));
	if (value < 0) {
		text_add(text, "-");
		strace_errno(text, -value);
	} else {
		text_addf(text, "%d", value);
	}
}

static void add_residence(struct text *text, const void *element)
{
	text_add(text, *(const unsigned char *)element & 1 ? "1" : "0");
}

static void add_iovec(struct text *text, const void *element)
{
	uint64_t iov[2];

	memcpy(iov, element, sizeof(iov));
	text_add(text, "{iov_base=");
	strace_addr(text, iov[0]);
	text_addf(text, ", iov_len=%" PRIu64 "}", iov[1]);
}

void strace_nodemask(struct text *text, pid_t tid, uint64_t addr, uint64_t maxnode)
{
	const uint64_t bits_max = 8 * 4096;	/* more than any kernel takes */

	if (maxnode < 2 || maxnode > bits_max)
		strace_addr(text, addr);
	else
		add_array(text, tid, addr, (maxnode + 62) / 64, sizeof(uint64_t), add_word);
}

void strace_got_mempolicy(struct text *text, const struct follow_call *call)
{
	uint32_t mode;

	if (!call->arg[0] || call->got < 0 || !peek(call->tid, call->arg[0], &mode, sizeof(mode))) {
		strace_addr(text, call->arg[0]);
	} else {
		text_add(text, "[");
		strace_mempolicy_mode(text, mode);
		text_add(text, "]");
	}
	text_add(text, ", ");
	if (call->got < 0)
		strace_addr(text, call->arg[1]);
	else
		strace_nodemask(text, call->tid, call->arg[1], call->arg[2]);
	text_addf(text, ", %" PRIu64, call->arg[2]);
}

void strace_residence(struct text *text, const struct follow_call *call)
{
	uint64_t pages = call->arg[1] / UMM_PAGE_SIZE + (call->arg[1] % UMM_PAGE_SIZE != 0);

	if (call->got < 0)
		strace_addr(text, call->arg[2]);
	else
		add_array(text, call->tid, call->arg[2], pages, 1, add_residence);
}

void strace_pages(struct text *text, const struct follow_call *call)
{
	add_array(text, call->tid, call->arg[2], call->arg[1], sizeof(uint64_t), add_address);
}

void strace_nodes(struct text *text, const struct follow_call *call)
{
	add_array(text, call->tid, call->arg[3], call->arg[1], sizeof(int), add_int);
}

void strace_page_status(struct text *text, const struct follow_call *call)
{
	/* An empty array is shown whatever came of the call. */
	if (call->got < 0 && call->arg[1])
		strace_addr(text, call->arg[4]);
	else
		add_array(text, call->tid, call->arg[4], call->arg[1], sizeof(int), add_status);
}

void strace_aio_context(struct text *text, const struct follow_call *call)
{
	if (call->got < 0)
		strace_addr(text, call->arg[1]);
	else
		add_array(text, call->tid, call->arg[1], 1, sizeof(uint64_t), add_address);
}

void strace_iovec(struct text *text, pid_t tid, uint64_t addr, uint64_t nr)
{
	add_array(text, tid, addr, nr, 2 * sizeof(uint64_t), add_iovec);
}

#define CLONE_EXIT_SIGNAL	UINT64_C(0xff)
#define CLONE_PIDFD_OR_PARENT	UINT64_C(0x101000)
#define CLONE_TLS		UINT64_C(0x80000)
#define CLONE_CHILD_TID		UINT64_C(0x1200000)

void strace_clone(struct text *text, const struct follow_call *call)
{
	uint64_t flags = call->arg[0] & UINT32_MAX & ~CLONE_EXIT_SIGNAL;
	int exit_signal = (int)(call->arg[0] & CLONE_EXIT_SIGNAL);

	text_add(text, "child_stack=");
	strace_addr(text, call->arg[1]);
	text_add(text, ", flags=");
	if (flags || !exit_signal)
		strace_clone_flags(text, flags);
	if (exit_signal) {
		text_add(text, flags ? "|" : "");
		strace_signal_name(text, exit_signal);
	}
	if (flags & CLONE_PIDFD_OR_PARENT) {
		text_add(text, ", parent_tid=");
		if (call->got < 0)
			strace_addr(text, call->arg[2]);
		else
			add_array(text, call->tid, call->arg[2], 1, sizeof(int), add_int);
	}
	if (flags & CLONE_TLS)
		text_addf(text, ", tls=%#" PRIx64, call->arg[4]);
	if (flags & CLONE_CHILD_TID)
		text_addf(text, ", child_tidptr=%#" PRIx64, call->arg[3]);
}

/* The head of struct clone_args, clone3(2). */
struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

void strace_clone3(struct text *text, const struct follow_call *call)
{
	struct clone3_args args;

	if (call->arg[1] < sizeof(args) ||
	    !peek(call->tid, call->arg[0], &args, sizeof(args))) {
		strace_addr(text, call->arg[0]);
		text_addf(text, ", %" PRIu64, call->arg[1]);
		return;
	}
	text_add(text, "{flags=");
	strace_clone_flags(text, args.flags);
	if (args.flags & CLONE_CHILD_TID)
		text_addf(text, ", child_tid=%#" PRIx64, args.child_tid);
	if (args.flags & CLONE_PIDFD_OR_PARENT)
		text_addf(text, ", parent_tid=%#" PRIx64, args.parent_tid);
	text_add(text, ", exit_signal=");
	if (args.exit_signal)
		strace_signal_name(text, (int)args.exit_signal);
	else
		text_add(text, "0");
	text_add(text, ", stack=");
	strace_addr(text, args.stack);
	text_addf(text, ", stack_size=%#" PRIx64, args.stack_size);
	if (args.flags & CLONE_TLS)
		text_addf(text, ", tls=%#" PRIx64, args.tls);
	text_addf(text, "}, %" PRIu64, call->arg[1]);
}
