/*
 * scenes.c - short programs about what once went wrong between threads.
 *
 * Each is run under many schedules.  The operations are those of the kinds, by name.
 */
#include <string.h>

#include "run.h"

#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED)
#define SHARED_FIXED (UMM_MAP_SHARED | UMM_MAP_FIXED)
#define PRIVATE_FIXED (UMM_MAP_PRIVATE | UMM_MAP_FIXED)
#define MOVE_FIXED (UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED)
#define BEFORE -1

struct line {
	int thread;			/* BEFORE: before there are threads */
	const char *kind;		/* NULL: the end */
	int slot, other;
	uint64_t arg[SIM_ARGS];
};

struct scene {
	const char *name;
	uint64_t seed;			/* SIM_PLAIN, SIM_PLAIN_PAGES */
	struct line line[16];
};

static const struct scene scenes[] = {
	{ "what is written after fork is not the child's", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 1 } },
		{ 0, "write", 0, 0, { AT, 100, 2 } },
		{ 1, "fork", 0, 2, { 0 } },
		{ 1, "read", 0, 0, { AT, 100 } },
		{ 1, "read", 2, 0, { AT, 100 } },
		{ 1, "read", 2, 0, { AT, 100 } },
	} },
	{ "two that fork made write to what they share", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, 2 * PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 1 } },
		{ BEFORE, "fork", 0, 2, { 0 } },
		{ BEFORE, "fork", 2, 3, { 0 } },
		{ 0, "write", 0, 0, { AT, 100, 2 } },
		{ 1, "write", 2, 0, { AT, 100, 3 } },
		{ 1, "read", 2, 0, { AT, 100 } },
		{ 2, "put", 3, 0, { 0 } },
		{ 3, "read", 0, 0, { AT, 100 } },
		{ 3, "page_info", 2, 0, { AT } },
	} },
	{ "a page is read while it is given back", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, 2 * PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 1 } },
		{ 0, "read", 0, 0, { AT, 100 } },
		{ 1, "madvise", 0, 0, { AT, PAGE, UMM_MADV_DONTNEED } },
		{ 1, "write", 1, 0, { AT, 100, 7 } },
		{ 2, "mmap_anon", 1, 0, { AT, 2 * PAGE, RW, ANON, SIM_FILES } },
		{ 2, "write", 1, 0, { AT, 100, 9 } },
		{ 3, "write", 0, 0, { AT, 100, 5 } },
	} },
	{ "a page of a file is had by two at once", SIM_PLAIN_PAGES, {
		{ 0, "mmap_file", 0, 0, { AT, 2 * PAGE, RW, SHARED_FIXED, 1 } },
		{ 0, "write", 0, 0, { AT, 100, 2 } },
		{ 1, "mmap_file", 1, 0, { AT, 2 * PAGE, RW, SHARED_FIXED, 1 } },
		{ 1, "write", 1, 0, { AT + 2028, 100, 3 } },
		{ 2, "mmap_file", 0, 0, { AT + 4 * PAGE, PAGE, RW, PRIVATE_FIXED, 1 } },
		{ 2, "write", 0, 0, { AT + 4 * PAGE, 100, 4 } },
	} },
	{ "a file goes while its page is copied", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_own_file", 0, 0, { AT, PAGE, RW, SHARED_FIXED } },
		{ BEFORE, "mmap_anon", 1, 0, { AT, PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 2 } },
		{ 0, "copy", 0, 1, { AT, 0, 0, AT } },
		{ 1, "munmap", 0, 0, { AT, PAGE } },
	} },
	{ "a hole is made in a file while somebody faults there", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_file", 0, 0, { AT, 2 * PAGE, RW, SHARED_FIXED, 1 } },
		{ BEFORE, "mmap_file", 1, 0, { AT, 2 * PAGE, RW, SHARED_FIXED, 1 } },
		{ BEFORE, "write", 0, 0, { AT, 100, 2 } },
		{ 0, "madvise", 0, 0, { AT, PAGE, UMM_MADV_REMOVE } },
		{ 1, "write", 1, 0, { AT, 100, 3 } },
		{ 1, "read", 0, 0, { AT, 100 } },
	} },
	{ "a hole is made in a file while somebody unmaps it", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_file", 0, 0, { AT, 2 * PAGE, RW, SHARED_FIXED, 1 } },
		{ BEFORE, "mmap_file", 1, 0, { AT, 2 * PAGE, RW, SHARED_FIXED, 1 } },
		{ BEFORE, "write", 0, 0, { AT, 100, 2 } },
		{ BEFORE, "write", 1, 0, { AT, 100, 2 } },
		{ 0, "madvise", 0, 0, { AT, PAGE, UMM_MADV_REMOVE } },
		{ 1, "munmap", 1, 0, { AT, 2 * PAGE } },
		{ 1, "mmap_anon", 1, 0, { AT, 2 * PAGE, RW, ANON, SIM_FILES } },
		{ 1, "write", 1, 0, { AT, 100, 9 } },
	} },
	{ "a hole is made in a file while somebody moves what maps it", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_file", 0, 0, { AT, 2 * PAGE, RW, SHARED_FIXED, 1 } },
		{ BEFORE, "mmap_file", 1, 0, { AT, 2 * PAGE, RW, SHARED_FIXED, 1 } },
		{ BEFORE, "write", 0, 0, { AT, 100, 2 } },
		{ BEFORE, "write", 1, 0, { AT, 100, 2 } },
		{ 0, "madvise", 0, 0, { AT, PAGE, UMM_MADV_REMOVE } },
		{ 1, "mremap", 1, 0, { AT, 2 * PAGE, 2 * PAGE, MOVE_FIXED, AT + 8 * PAGE } },
		{ 1, "read", 1, 0, { AT + 8 * PAGE, 100 } },
	} },
	/* The second write finds the area published, those of the threads go without mmap_lock. */
	{ "pages are had in an area that goes", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, 4 * PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 1 } },
		{ BEFORE, "write", 0, 0, { AT, 100, 2 } },
		{ 0, "write", 0, 0, { AT + PAGE, 100, 3 } },
		{ 1, "munmap", 0, 0, { AT, 4 * PAGE } },
		{ 2, "read", 0, 0, { AT + 2 * PAGE, 100 } },
		{ 3, "mmap_anon", 1, 0, { AT, PAGE, RW, ANON, SIM_FILES } },
		{ 3, "write", 1, 0, { AT, 100, 4 } },
		{ 3, "write", 1, 0, { AT, 100, 5 } },
	} },
	{ "an area is made read-only while it is written", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, 2 * PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 1 } },
		{ BEFORE, "write", 0, 0, { AT, 100, 2 } },
		{ 0, "write", 0, 0, { AT, 100, 3 } },
		{ 1, "mprotect", 0, 0, { AT, PAGE, UMM_PROT_READ } },
		{ 1, "read", 0, 0, { AT, 100 } },
		{ 2, "write", 0, 0, { AT + PAGE, 100, 4 } },
		{ 3, "write", 0, 0, { AT, 100, 5 } },
		{ 3, "read", 0, 0, { AT, 100 } },
	} },
	{ "an area moves while it is written", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, 2 * PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 1 } },
		{ BEFORE, "write", 0, 0, { AT, 100, 2 } },
		{ 0, "write", 0, 0, { AT + PAGE, 100, 3 } },
		{ 1, "mremap", 0, 0, { AT, 2 * PAGE, 2 * PAGE, MOVE_FIXED, AT + 8 * PAGE } },
		{ 1, "read", 0, 0, { AT + 9 * PAGE, 100 } },
		{ 2, "write", 0, 0, { AT, 100, 4 } },
		{ 3, "read", 0, 0, { AT + 8 * PAGE, 100 } },
	} },
	{ "two threads fault at one page, and a third gives it back", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, 2 * PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT + PAGE, 100, 1 } },
		{ BEFORE, "write", 0, 0, { AT + PAGE, 100, 2 } },
		{ 0, "write", 0, 0, { AT, 100, 3 } },
		{ 0, "read", 0, 0, { AT + 2028, 100 } },
		{ 1, "write", 0, 0, { AT + 2028, 100, 4 } },
		{ 1, "read", 0, 0, { AT, 100 } },
		{ 2, "madvise", 0, 0, { AT, PAGE, UMM_MADV_DONTNEED } },
		{ 3, "translate", 0, 0, { AT, 0, 0 } },
	} },
	{ "two threads write to a page that a child shares", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, 2 * PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 1 } },
		{ BEFORE, "fork", 0, 2, { 0 } },
		{ BEFORE, "read", 0, 0, { AT, 100 } },
		{ 0, "write", 0, 0, { AT, 100, 2 } },
		{ 0, "read", 0, 0, { AT + 2028, 100 } },
		{ 1, "write", 0, 0, { AT + 2028, 100, 3 } },
		{ 2, "write", 2, 0, { AT, 100, 4 } },
		{ 2, "put", 2, 0, { 0 } },
		{ 3, "madvise", 0, 0, { AT, PAGE, UMM_MADV_DONTNEED } },
	} },
	{ "a child is made while pages are written without mmap_lock", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, 2 * PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 1 } },
		{ BEFORE, "write", 0, 0, { AT, 100, 2 } },
		{ 0, "write", 0, 0, { AT, 100, 3 } },
		{ 0, "write", 0, 0, { AT + PAGE, 100, 4 } },
		{ 1, "fork", 0, 2, { 0 } },
		{ 1, "read", 2, 0, { AT, 100 } },
		{ 1, "read", 2, 0, { AT, 100 } },
		{ 1, "read", 2, 0, { AT + PAGE, 100 } },
		{ 1, "read", 2, 0, { AT + PAGE, 100 } },
	} },
	{ "guard markers come to an area that is written", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, 2 * PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 1 } },
		{ BEFORE, "write", 0, 0, { AT, 100, 2 } },
		{ 0, "write", 0, 0, { AT, 100, 3 } },
		{ 0, "write", 0, 0, { AT, 100, 4 } },
		{ 1, "madvise", 0, 0, { AT, PAGE, UMM_MADV_GUARD_INSTALL } },
		{ 1, "write", 0, 0, { AT + PAGE, 100, 5 } },
		{ 1, "write", 0, 0, { AT + PAGE, 100, 6 } },
		{ 1, "read", 0, 0, { AT, 100 } },
	} },
	{ "two threads make the same table", SIM_PLAIN_PAGES, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, 4 * MIB, RW, ANON, SIM_FILES } },
		{ BEFORE, "write", 0, 0, { AT, 100, 1 } },
		{ 0, "write", 0, 0, { AT + 2 * MIB, 100, 2 } },
		{ 1, "read", 0, 0, { AT + 2 * MIB, 100 } },
		{ 2, "write", 0, 0, { AT + 2 * MIB + 2028, 100, 3 } },
		{ 3, "read", 0, 0, { AT + 2 * MIB + 2028, 100 } },
	} },
	{ "two threads make the segment of one key", SIM_PLAIN, {
		{ 0, "shmget", 0, 0, { 1, PAGE, UMM_IPC_CREAT | 0600 } },
		{ 1, "shmget", 1, 0, { 1, PAGE, UMM_IPC_CREAT | 0600 } },
		{ 1, "shm_stat", 1, 0, { 1 } },
	} },
	{ "a segment is removed while it is attached", SIM_PLAIN, {
		{ BEFORE, "shmget", 0, 0, { 1, PAGE, UMM_IPC_CREAT | 0600 } },
		{ 0, "shmat", 0, 0, { 0, AT, 0 } },
		{ 0, "shmdt", 0, 0, { AT } },
		{ 1, "shmctl", 1, 0, { 0, UMM_IPC_RMID } },
		{ 2, "shm_stat", 1, 0, { 0 } },
		{ 2, "shmat", 1, 0, { 0, AT, 0 } },
	} },
	{ "owner and lock of a segment change", SIM_PLAIN, {
		{ BEFORE, "shmget", 0, 0, { 1, PAGE, UMM_IPC_CREAT | 0600 } },
		{ 0, "shmctl", 0, 0, { 0, UMM_IPC_SET, 1 } },
		{ 1, "shmctl", 0, 0, { 0, UMM_SHM_LOCK } },
		{ 1, "shmctl", 0, 0, { 0, UMM_SHM_UNLOCK } },
		{ 2, "shm_stat", 0, 0, { 0 } },
		{ 2, "shmctl", 1, 0, { 0, UMM_IPC_RMID } },
	} },
	{ "the last pages there are are not given to two", SIM_PLAIN, {
		{ BEFORE, "world_set", 0, 0, { 2, 100, 12 } },
		{ 0, "mmap_anon", 0, 0, { AT, 6 * PAGE, RW, ANON, SIM_FILES } },
		{ 1, "mmap_anon", 1, 0, { AT, 6 * PAGE, RW, ANON, SIM_FILES } },
		{ 2, "shmget", 1, 0, { 0, 6 * PAGE, 0600 } },
	} },
	/*
	 * The anon_vma of a parent that is gone is used again, by one of two that fork: see
	 * find_reusable().
	 */
	{ "a grandparent's anon_vma is used again once", SIM_PLAIN, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "fault", 0, 0, { AT, UMM_ACCESS_WRITE } },
		{ BEFORE, "fork", 0, 1, { 0 } },
		{ BEFORE, "fork", 1, 2, { 0 } },
		{ BEFORE, "fork", 2, 3, { 0 } },
		{ BEFORE, "put", 1, 0, { 0 } },
		{ 0, "fork", 2, 1, { 0 } },
		{ 1, "fork", 3, 0, { 0 } },
	} },
	{ "a parent forks while its child exits", SIM_PLAIN, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "fault", 0, 0, { AT, UMM_ACCESS_WRITE } },
		{ BEFORE, "fork", 0, 1, { 0 } },
		{ BEFORE, "fork", 1, 2, { 0 } },
		{ 0, "put", 1, 0, { 0 } },
		{ 1, "fork", 2, 3, { 0 } },
		{ 2, "clone", 2, 0, { 0 } },
	} },
	{ "two address spaces are compared with one another", SIM_PLAIN, {
		{ BEFORE, "mmap_anon", 0, 0, { AT, PAGE, RW, ANON, SIM_FILES } },
		{ BEFORE, "clone", 0, 2, { 0 } },
		{ 0, "same", 0, 2, { 0 } },
		{ 1, "same", 2, 0, { 0 } },
		{ 2, "munmap", 0, 0, { AT, PAGE } },
		{ 3, "munmap", 2, 0, { AT, PAGE } },
	} },
};

unsigned int sim_nr_scenes(void)
{
	return sizeof(scenes) / sizeof(scenes[0]);
}

const char *sim_scene(struct sim_program *program, unsigned int n)
{
	memset(program, 0, sizeof(*program));
	program->seed = scenes[n].seed;
	for (const struct line *line = scenes[n].line; line->kind; line++) {
		struct sim_op *op = &program->op[program->nr_ops++];

		while (strcmp(sim_kind(op->kind)->name, line->kind) != 0)
			op->kind++;
		op->slot = (uint8_t)line->slot;
		op->other = (uint8_t)line->other;
		memcpy(op->arg, line->arg, sizeof(op->arg));
		if (line->thread == BEFORE)
			program->nr_before = program->nr_ops;
		else
			op->thread = (uint8_t)line->thread;
		if (line->thread >= (int)program->nr_threads)
			program->nr_threads = (unsigned int)line->thread + 1;
	}
	return scenes[n].name;
}
