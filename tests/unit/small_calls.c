/*
 * small_calls.c - all calls of a small world.
 *
 * Left out is what is refused before any area is looked at, and is the same in every state: numbers
 * that are no pages, a move onto itself (but one of each length), ranges beyond user space.
 */
#include <usermm/uapi.h>

#include "small.h"

#define PAGE ((uint64_t)4096)
#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS)

static uint64_t addr_of(uint64_t page)
{
	return (SMALL_BASE + page) * PAGE;
}

static struct twin_op *add(struct small_calls *calls, enum twin_what what, uint64_t from,
			   uint64_t pages)
{
	struct twin_op *op;

	if (calls->nr == calls->room) {
		calls->room = calls->room ? 2 * calls->room : 256;
		calls->op = realloc(calls->op, calls->room * sizeof(calls->op[0]));
		assert_non_null(calls->op);
	}
	op = &calls->op[calls->nr++];
	*op = (struct twin_op){
		.what = what,
		.addr = addr_of(from),
		.len = pages * PAGE,
		.file = -1,
	};
	return op;
}

static void add_mmap(struct small_calls *calls, uint64_t from, uint64_t pages, uint64_t flags)
{
	struct twin_op *op = add(calls, TWIN_MMAP, from, pages);

	op->prot = RW;
	op->flags = flags;
}

static void add_file(struct small_calls *calls, uint64_t from, uint64_t pages, uint64_t type,
		     uint64_t shift)
{
	struct twin_op *op = add(calls, TWIN_MMAP, from, pages);

	op->prot = RW;
	op->flags = type | UMM_MAP_FIXED;
	op->file = 0;
	op->offset = addr_of(from + shift);
}

static void add_prot(struct small_calls *calls, enum twin_what what, uint64_t from, uint64_t pages,
		     uint64_t prot)
{
	add(calls, what, from, pages)->prot = prot;
}

/* One range, whatever is done with ranges. */
static void add_range(struct small_calls *calls, uint64_t from, uint64_t pages, unsigned int themes)
{
	if (themes & SMALL_PRIVATE) {
		add_mmap(calls, from, pages, ANON | UMM_MAP_FIXED);
		add(calls, TWIN_MUNMAP, from, pages);
		add_prot(calls, TWIN_MPROTECT, from, pages, UMM_PROT_READ);
		add_prot(calls, TWIN_MPROTECT, from, pages, RW);
	}
	if (themes & SMALL_NORESERVE)
		add_mmap(calls, from, pages, ANON | UMM_MAP_FIXED | UMM_MAP_NORESERVE);
	if (themes & SMALL_SHARED)
		add_mmap(calls, from, pages,
			 UMM_MAP_SHARED | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED);
	if (themes & SMALL_FILE) {
		add_file(calls, from, pages, UMM_MAP_PRIVATE, 0);
		add_file(calls, from, pages, UMM_MAP_PRIVATE, 1);
	}
	if (themes & SMALL_SEARCH)
		add_mmap(calls, from, pages, ANON);
	if (themes & SMALL_ADVISE) {
		add_prot(calls, TWIN_MADVISE, from, pages, UMM_MADV_DONTFORK);
		add_prot(calls, TWIN_MADVISE, from, pages, UMM_MADV_DOFORK);
	}
	if (themes & SMALL_LOCK) {
		add(calls, TWIN_MLOCK, from, pages);
		add(calls, TWIN_MUNLOCK, from, pages);
	}
}

static void add_mremap(struct small_calls *calls, uint64_t from, uint64_t old, uint64_t new,
		       uint64_t flags, uint64_t to)
{
	struct twin_op *op = add(calls, TWIN_MREMAP, from, old);

	op->new_len = new * PAGE;
	op->flags = flags;
	op->new_addr = addr_of(to);
}

/* Does a move of [from, from + old) to [to, to + new) meet itself? */
static bool overlap(uint64_t from, uint64_t old, uint64_t to, uint64_t new)
{
	return from + old > to && to + new > from;
}

/* mremap of [from, from + old) to that place. */
static void add_move_to(struct small_calls *calls, uint64_t from, uint64_t old, uint64_t new,
			uint64_t to, unsigned int themes)
{
	const uint64_t move = UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED;
	const uint64_t keep = UMM_MREMAP_MAYMOVE | UMM_MREMAP_DONTUNMAP;
	bool self = overlap(from, old, to, new);

	if ((themes & SMALL_MOVE) && (!self || (to == from && new == old)))
		add_mremap(calls, from, old, new, move, to);
	if ((themes & SMALL_KEEP) && !self && new == old) {
		add_mremap(calls, from, old, old, keep | UMM_MREMAP_FIXED, to);
		add_mremap(calls, from, old, old, keep, to);
	}
}

/* mremap of [from, from + old) in all ways. */
static void add_moves(struct small_calls *calls, uint64_t pages, uint64_t from, uint64_t old,
		      unsigned int themes)
{
	for (uint64_t new = 1; new <= pages; new++) {
		if ((themes & SMALL_RESIZE) && new != old && from + new <= pages)
			add_mremap(calls, from, old, new, 0, 0);
		if ((themes & SMALL_RESIZE) && new > old)
			add_mremap(calls, from, old, new, UMM_MREMAP_MAYMOVE, 0);
		for (uint64_t to = 0; to + new <= pages; to++)
			add_move_to(calls, from, old, new, to, themes);
	}
}

void small_calls_list(struct small_calls *calls, uint64_t pages, unsigned int themes)
{
	*calls = (struct small_calls){ 0 };
	for (uint64_t from = 0; from < pages; from++) {
		for (uint64_t len = 1; from + len <= pages; len++)
			add_range(calls, from, len, themes);
		if (themes & SMALL_PRIVATE)
			add_prot(calls, TWIN_FAULT, from, 1, UMM_ACCESS_WRITE);
		for (uint64_t old = 0; from + old <= pages; old++)
			add_moves(calls, pages, from, old, themes);
	}
	for (uint64_t len = 1; (themes & SMALL_SEARCH) && len <= pages; len++) {
		add_mmap(calls, 0, len, ANON);
		calls->op[calls->nr - 1].addr = 0;
	}
	if (themes & SMALL_FORK)
		add(calls, TWIN_BECOME_CHILD, 0, 1);
	assert_true(calls->nr < UINT16_MAX);
}

void small_calls_free(struct small_calls *calls)
{
	free(calls->op);
}
