/*
 * strace_line.c - system calls in strace's notation.
 *
 * One row per call says what its arguments are; an argument that points somewhere is printed by
 * strace_pointer.c, which looks there.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/strace_flags.h"
#include "cli/strace_line.h"
#include "cli/strace_pointer.h"
#include "cli/strace_process.h"

/* Younger than the headers of the distribution. */
#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif

#define ARGS_MAX 6
#define RESULT_COLUMN 40	/* where strace puts the answer of a short call */

enum arg_kind {
	ARG_END,
	ARG_ADDR, ARG_SIZE, ARG_HEX, ARG_HEX32, ARG_UNSIGNED, ARG_INT, ARG_PROT, ARG_MMAP_FLAGS,
	ARG_MREMAP_FLAGS,		/* and the new address behind it, if it counts */
	ARG_ADVICE, ARG_MLOCK2_FLAGS, ARG_MLOCKALL_FLAGS, ARG_MSYNC_FLAGS,
	ARG_MEMPOLICY, ARG_MEMPOLICY32, ARG_MBIND_FLAGS,
	ARG_MOVE_PAGES_FLAGS, ARG_GET_MEMPOLICY_FLAGS, ARG_SHMAT_FLAGS,
	ARG_SHM_KEY, ARG_SHMGET_FLAGS, ARG_SHMCTL,
	ARG_SHADOW_STACK_FLAGS, ARG_UFFDIO,
	/* These are pointers. */
	ARG_NODEMASK_AND_SIZE,		/* the size is the argument behind */
	ARG_SIZE_AND_2_NODEMASKS,	/* the masks are the two arguments behind */
	ARG_MODE_AND_NODEMASK,		/* filled in; the mask's size is the third argument */
	ARG_RESIDENCE, ARG_PAGES, ARG_NODES, ARG_STATUS, ARG_AIO_CONTEXT,
	ARG_IOVEC_AND_SIZE,
	ARG_CLONE, ARG_CLONE3, ARG_PRCTL, ARG_ARCH_PRCTL,	/* all arguments */
	ARG_PERSONALITY,
};

struct row {
	int nr;
	const char *name;
	bool memory;			/* strace's class */
	bool address;			/* the answer is one */
	enum arg_kind args[ARGS_MAX];
};

#define ROW(call, memory, address, ...) { __NR_##call, #call, memory, address, { __VA_ARGS__ } }

static const struct row rows[] = {
	ROW(mmap, true, true, ARG_ADDR, ARG_SIZE, ARG_PROT, ARG_MMAP_FLAGS, ARG_INT, ARG_HEX),
	ROW(munmap, true, false, ARG_ADDR, ARG_SIZE),
	ROW(mprotect, true, false, ARG_ADDR, ARG_SIZE, ARG_PROT),
	ROW(pkey_mprotect, true, false, ARG_ADDR, ARG_SIZE, ARG_PROT, ARG_INT),
	ROW(brk, true, true, ARG_ADDR),
	ROW(mremap, true, true, ARG_ADDR, ARG_SIZE, ARG_SIZE, ARG_MREMAP_FLAGS),
	ROW(madvise, true, false, ARG_ADDR, ARG_SIZE, ARG_ADVICE),
	ROW(mlock, true, false, ARG_ADDR, ARG_SIZE),
	ROW(mlock2, true, false, ARG_ADDR, ARG_SIZE, ARG_MLOCK2_FLAGS),
	ROW(munlock, true, false, ARG_ADDR, ARG_SIZE),
	ROW(mlockall, true, false, ARG_MLOCKALL_FLAGS),
	ROW(munlockall, true, false, ARG_END),
	ROW(msync, true, false, ARG_ADDR, ARG_SIZE, ARG_MSYNC_FLAGS),
	ROW(mincore, true, false, ARG_ADDR, ARG_SIZE, ARG_RESIDENCE),
	ROW(mbind, true, false, ARG_ADDR, ARG_SIZE, ARG_MEMPOLICY, ARG_NODEMASK_AND_SIZE,
	    ARG_MBIND_FLAGS),
	ROW(set_mempolicy, true, false, ARG_MEMPOLICY32, ARG_NODEMASK_AND_SIZE),
	ROW(get_mempolicy, true, false, ARG_MODE_AND_NODEMASK, ARG_ADDR, ARG_GET_MEMPOLICY_FLAGS),
	ROW(set_mempolicy_home_node, true, false, ARG_ADDR, ARG_SIZE, ARG_SIZE, ARG_HEX),
	ROW(migrate_pages, true, false, ARG_INT, ARG_SIZE_AND_2_NODEMASKS),
	ROW(move_pages, true, false, ARG_INT, ARG_SIZE, ARG_PAGES, ARG_NODES, ARG_STATUS,
	    ARG_MOVE_PAGES_FLAGS),
	ROW(remap_file_pages, true, false, ARG_ADDR, ARG_SIZE, ARG_PROT, ARG_SIZE, ARG_MMAP_FLAGS),
	ROW(shmat, true, true, ARG_INT, ARG_ADDR, ARG_SHMAT_FLAGS),
	ROW(shmdt, true, false, ARG_ADDR),
	ROW(shmget, false, false, ARG_SHM_KEY, ARG_SIZE, ARG_SHMGET_FLAGS),
	ROW(shmctl, false, false, ARG_INT, ARG_SHMCTL, ARG_ADDR),
	ROW(fcntl, false, false, ARG_INT, ARG_UNSIGNED, ARG_HEX32),
	ROW(pkey_alloc, false, false, ARG_HEX32, ARG_HEX),
	ROW(pkey_free, false, false, ARG_INT),
	ROW(setrlimit, false, false, ARG_INT, ARG_ADDR),
	ROW(prlimit64, false, false, ARG_INT, ARG_INT, ARG_ADDR, ARG_ADDR),
	ROW(io_setup, true, false, ARG_UNSIGNED, ARG_AIO_CONTEXT),
	ROW(io_destroy, true, false, ARG_ADDR),
	ROW(map_shadow_stack, true, true, ARG_ADDR, ARG_SIZE, ARG_SHADOW_STACK_FLAGS),
	ROW(mseal, true, false, ARG_ADDR, ARG_SIZE, ARG_HEX),
	ROW(process_madvise, false, false, ARG_INT, ARG_IOVEC_AND_SIZE, ARG_ADVICE, ARG_HEX32),
	ROW(ioctl, false, false, ARG_INT, ARG_UFFDIO, ARG_ADDR),
	ROW(prctl, false, false, ARG_PRCTL),
	ROW(arch_prctl, false, false, ARG_ARCH_PRCTL),
	ROW(personality, false, false, ARG_PERSONALITY),
	ROW(fork, false, false, ARG_END),
	ROW(vfork, false, false, ARG_END),
	ROW(clone, false, false, ARG_CLONE),
	ROW(clone3, false, false, ARG_CLONE3),
};

static const struct row *find_row(long nr)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].nr == nr)
			return &rows[i];
	}
	return NULL;
}

void strace_call_name(struct text *text, long nr)
{
	const struct row *row = find_row(nr);

	if (row)
		text_add(text, row->name);
	else
		text_addf(text, "syscall_%#lx", (unsigned long)nr);
}

bool strace_is_memory_call(long nr)
{
	const struct row *row = find_row(nr);

	return row && row->memory;
}

bool strace_returns_address(long nr)
{
	const struct row *row = find_row(nr);

	return row && row->address;
}

static void add_flag_argument(struct text *text, enum arg_kind kind, uint64_t value)
{
	switch (kind) {
	case ARG_PROT:
		strace_prot(text, value);
		break;
	case ARG_MMAP_FLAGS:
		strace_mmap_flags(text, (uint32_t)value);
		break;
	case ARG_ADVICE:
		strace_madvise(text, (uint32_t)value);
		break;
	case ARG_MLOCK2_FLAGS:
		strace_mlock2_flags(text, (uint32_t)value);
		break;
	case ARG_MLOCKALL_FLAGS:
		strace_mlockall_flags(text, (uint32_t)value);
		break;
	case ARG_MSYNC_FLAGS:
		strace_msync_flags(text, (uint32_t)value);
		break;
	case ARG_MEMPOLICY:
		strace_mempolicy(text, value);
		break;
	case ARG_MEMPOLICY32:
		strace_mempolicy(text, (uint32_t)value);
		break;
	case ARG_MBIND_FLAGS:
		strace_mbind_flags(text, (uint32_t)value);
		break;
	case ARG_MOVE_PAGES_FLAGS:
		strace_move_pages_flags(text, (uint32_t)value);
		break;
	case ARG_GET_MEMPOLICY_FLAGS:
		strace_get_mempolicy_flags(text, value);
		break;
	case ARG_SHM_KEY:
		strace_shm_key(text, (uint32_t)value);
		break;
	case ARG_SHMGET_FLAGS:
		strace_shmget_flags(text, (uint32_t)value);
		break;
	case ARG_SHMCTL:
		strace_shmctl_command(text, (uint32_t)value);
		break;
	case ARG_SHMAT_FLAGS:
		strace_shmat_flags(text, (uint32_t)value);
		break;
	default:
		strace_shadow_stack_flags(text, (uint32_t)value);
		break;
	}
}

static void add_mremap_flags(struct text *text, const uint64_t *arg)
{
	const uint64_t to_fixed = 0x3;	/* MREMAP_MAYMOVE | MREMAP_FIXED: the new address counts */

	strace_mremap_flags(text, arg[0]);
	if ((arg[0] & to_fixed) == to_fixed)
		text_addf(text, ", %#" PRIx64, arg[1]);
}

/* How many registers an argument takes. */
static size_t registers(enum arg_kind kind)
{
	switch (kind) {
	case ARG_END:
		return 0;
	case ARG_MREMAP_FLAGS:
	case ARG_NODEMASK_AND_SIZE:
	case ARG_IOVEC_AND_SIZE:
	case ARG_CLONE3:
		return 2;
	case ARG_SIZE_AND_2_NODEMASKS:
	case ARG_MODE_AND_NODEMASK:
		return 3;
	case ARG_ARCH_PRCTL:
		return 2;
	case ARG_CLONE:
	case ARG_PRCTL:
		return 5;
	default:
		return 1;
	}
}

size_t strace_nr_args(long nr)
{
	const struct row *row = find_row(nr);
	size_t nr_args = 0;

	for (size_t i = 0; row && i < ARGS_MAX && row->args[i] != ARG_END; i++)
		nr_args += registers(row->args[i]);
	return row ? nr_args : ARGS_MAX;
}

/* One argument, or several that belong together, from register @at on. */
static void add_argument(struct text *text, enum arg_kind kind, const struct follow_call *call,
			 size_t at)
{
	const uint64_t *arg = call->arg + at;

	switch (kind) {
	case ARG_ADDR:
		strace_addr(text, arg[0]);
		break;
	case ARG_SIZE:
		text_addf(text, "%" PRIu64, arg[0]);
		break;
	case ARG_UFFDIO:		/* the only ones that we stop at */
		text_add(text, (uint32_t)arg[0] == 0xc020aa00 ? "UFFDIO_REGISTER" :
							       "UFFDIO_UNREGISTER");
		break;
	case ARG_HEX:
		strace_hex(text, arg[0]);
		break;
	case ARG_HEX32:
		strace_hex(text, (uint32_t)arg[0]);
		break;
	case ARG_UNSIGNED:
		text_addf(text, "%u", (unsigned int)arg[0]);
		break;
	case ARG_INT:
		text_addf(text, "%d", (int)arg[0]);
		break;
	case ARG_MREMAP_FLAGS:
		add_mremap_flags(text, arg);
		break;
	case ARG_NODEMASK_AND_SIZE:
		strace_nodemask(text, call->tid, arg[0], arg[1]);
		text_addf(text, ", %" PRIu64, arg[1]);
		break;
	case ARG_SIZE_AND_2_NODEMASKS:
		text_addf(text, "%" PRIu64 ", ", arg[0]);
		strace_nodemask(text, call->tid, arg[1], arg[0]);
		text_add(text, ", ");
		strace_nodemask(text, call->tid, arg[2], arg[0]);
		break;
	case ARG_MODE_AND_NODEMASK:
		strace_got_mempolicy(text, call);
		break;
	case ARG_RESIDENCE:
		strace_residence(text, call);
		break;
	case ARG_PAGES:
		strace_pages(text, call);
		break;
	case ARG_NODES:
		strace_nodes(text, call);
		break;
	case ARG_STATUS:
		strace_page_status(text, call);
		break;
	case ARG_AIO_CONTEXT:
		strace_aio_context(text, call);
		break;
	case ARG_IOVEC_AND_SIZE:
		strace_iovec(text, call->tid, arg[0], arg[1]);
		text_addf(text, ", %" PRIu64, arg[1]);
		break;
	case ARG_PRCTL:
		strace_prctl(text, call);
		break;
	case ARG_ARCH_PRCTL:
		strace_arch_prctl(text, call);
		break;
	case ARG_PERSONALITY:
		strace_personality_argument(text, (uint32_t)arg[0]);
		break;
	case ARG_CLONE:
		strace_clone(text, call);
		break;
	case ARG_CLONE3:
		strace_clone3(text, call);
		break;
	default:
		add_flag_argument(text, kind, arg[0]);
		break;
	}
}

void strace_call(struct text *text, const struct follow_call *call)
{
	const struct row *row = find_row(call->nr);

	strace_call_name(text, call->nr);
	text_add(text, "(");
	if (!row) {
		for (size_t i = 0; i < ARGS_MAX; i++)
			text_addf(text, "%s%#" PRIx64, i ? ", " : "", call->arg[i]);
	} else {
		size_t at = 0;

		for (size_t i = 0; i < ARGS_MAX && row->args[i] != ARG_END; i++) {
			if (i)
				text_add(text, ", ");
			add_argument(text, row->args[i], call, at);
			at += registers(row->args[i]);
		}
	}
	text_add(text, ")");
}

/* Answers that a signal turns into something else before the program sees them. */
static const char *restart_text(int64_t error, const char **name)
{
	switch (error) {
	case 512:
		*name = "ERESTARTSYS";
		return "To be restarted if SA_RESTART is set";
	case 513:
		*name = "ERESTARTNOINTR";
		return "To be restarted";
	case 514:
		*name = "ERESTARTNOHAND";
		return "To be restarted if no handler";
	case 516:
		*name = "ERESTART_RESTARTBLOCK";
		return "Interrupted by signal";
	default:
		return NULL;
	}
}

void strace_answer(struct text *text, long nr, int64_t value)
{
	const int64_t max_errno = 4095;
	const char *name, *restart;

	if (value < 0 && value >= -max_errno) {
		restart = restart_text(-value, &name);
		if (restart) {
			text_addf(text, "? %s (%s)", name, restart);
			return;
		}
		text_add(text, "-1 ");
		strace_errno(text, (int)-value);
		text_addf(text, " (%s)", strerror((int)-value));
	} else if (strace_returns_address(nr)) {
		strace_hex(text, (uint64_t)value);
	} else if (nr == __NR_personality) {
		strace_hex(text, (uint64_t)value);
		text_add(text, " (");
		strace_personality(text, (uint32_t)value);
		text_add(text, ")");
	} else {
		text_addf(text, "%" PRId64, value);
	}
}

void strace_line(struct text *text, size_t line, const struct follow_call *call)
{
	strace_call(text, call);
	text_pad(text, line, RESULT_COLUMN - 1);
	text_add(text, " = ");
	if (call->no_return)
		text_add(text, "?");
	else
		strace_answer(text, call->nr, call->got);
}
