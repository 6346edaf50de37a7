/*
 * unknown.c - the state behind what /proc shows.
 *
 * Theory
 * ------
 * The areas of a process can be read, with their flags; what decided them cannot:
 *
 *	who shares	Neighbours merge if their anon_vmas allow it and they map one open file.
 *			A page says that an area has an anon_vma, not which.  So of all areas that
 *			were there (`old`), who may merge with whom is unknown: a difference in
 *			nothing but that is taken over.  An area beside an old one may have its
 *			anon_vma from there, and one that mremap made has all from the old place:
 *			they are old as well, and in doubt is what is joined to them.
 *	break		Known to the page, from the end of [heap].  A brk() tells it all.
 *	new flags	mlockall(MCL_FUTURE) and the like are flags that new areas get.  The
 *			first new anonymous area shows them.
 *	MDWE		prctl(PR_SET_MDWE) cannot be read from outside.  A refusal tells it.
 *	mmap base	Where the search for addresses begins is taken to be the end of the highest
 *			area below the stack, and is another if that one was placed by its address.
 *			An answer elsewhere moves it, a few times at most.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/files.h"
#include "host/limits.h"
#include "host/unknown.h"

#define BASE_TRIES 3
#define NEIGHBOURS 64
#define FILE_OF_OLD "the open file of an area that was there"

struct range {
	uint64_t start, end;
};

struct unknown {
	struct range *old;		/* ascending, apart from each other */
	size_t nr, room;
	bool brk, new_flags, mdwe;
	unsigned int base_tries;	/* how often the base may still be found wrong */
};

/* ---- old areas ---- */

static size_t first_ending_above(const struct unknown *unknown, uint64_t addr)
{
	size_t low = 0, high = unknown->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (unknown->old[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int make_room(struct unknown *unknown)
{
	size_t room = unknown->room ? 2 * unknown->room : 64;
	struct range *grown;

	if (unknown->nr < unknown->room)
		return 0;
	grown = realloc(unknown->old, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	unknown->old = grown;
	unknown->room = room;
	return 0;
}

/* Without room, what is known least is said of more: the neighbour is widened. */
static void insert(struct unknown *unknown, size_t at, struct range range)
{
	if (make_room(unknown) != 0) {
		if (at > 0)
			unknown->old[at - 1].end = range.end;
		else if (unknown->nr)
			unknown->old[0].start = range.start;
		return;
	}
	memmove(&unknown->old[at + 1], &unknown->old[at],
		(unknown->nr - at) * sizeof(*unknown->old));
	unknown->old[at] = range;
	unknown->nr++;
}

static void add(struct unknown *unknown, uint64_t start, uint64_t end)
{
	size_t at = first_ending_above(unknown, start), last = at;

	while (last < unknown->nr && unknown->old[last].start < end) {
		if (unknown->old[last].start < start)
			start = unknown->old[last].start;
		if (unknown->old[last].end > end)
			end = unknown->old[last].end;
		last++;
	}
	if (last > at) {
		memmove(&unknown->old[at], &unknown->old[last],
			(unknown->nr - last) * sizeof(*unknown->old));
		unknown->nr -= last - at;
	}
	insert(unknown, at, (struct range){ start, end });
}

bool unknown_touches(const struct space *space, uint64_t start, uint64_t end)
{
	size_t at;

	if (!space->unknown)
		return false;
	at = first_ending_above(space->unknown, start);
	return at < space->unknown->nr && space->unknown->old[at].start < end;
}

/*
 * Anon_vmas travel from neighbour to neighbour, at faults that come between two calls: [start, end)
 * with what it is joined to without a hole.
 */
static void widen_to_holes(const struct space *space, uint64_t *start, uint64_t *end)
{
	struct umm_area area = { .size = sizeof(area) };

	for (int i = 0; i < NEIGHBOURS && *start && umm_find_area(space->mm, *start - 1, &area) &&
	     area.start < *start; i++)
		*start = area.start;
	for (int i = 0; i < NEIGHBOURS && umm_find_area(space->mm, *end, &area) &&
	     area.start <= *end; i++)
		*end = area.end;
}

bool unknown_in_doubt(const struct space *space, uint64_t start, uint64_t end)
{
	struct umm_area area = { .size = sizeof(area) };

	if (!space->unknown)
		return false;
	widen_to_holes(space, &start, &end);
	for (uint64_t at = start; at < end && umm_find_area(space->mm, at, &area) &&
	     area.start < end; at = area.end)
		if (area.file && files_known_without_descriptor(area.file))
			return true;
	return unknown_touches(space, start, end);
}

static void cut(struct unknown *unknown, uint64_t start, uint64_t end)
{
	size_t at = first_ending_above(unknown, start);

	while (at < unknown->nr && unknown->old[at].start < end) {
		struct range old = unknown->old[at];

		unknown->nr--;
		memmove(&unknown->old[at], &unknown->old[at + 1],
			(unknown->nr - at) * sizeof(*unknown->old));
		if (old.start < start)
			insert(unknown, at++, (struct range){ old.start, start });
		if (old.end > end)
			insert(unknown, at++, (struct range){ end, old.end });
	}
}

static void add_area_at(struct space *space, uint64_t addr)
{
	struct umm_area area = { .size = sizeof(area) };

	if (umm_find_area(space->mm, addr, &area) && area.start <= addr)
		add(space->unknown, area.start, area.end);
}

static void unknown_gone(struct space *space, uint64_t start, uint64_t end)
{
	if (start >= end || !unknown_touches(space, start, end))
		return;
	cut(space->unknown, start, end);
	if (start)
		add_area_at(space, start - 1);
	add_area_at(space, end);
}

/* True if @area was there, or has, or had, an old one beside it. */
static bool is_or_neighbours_old(const struct space *space, const struct umm_area *area)
{
	return unknown_touches(space, area->start ? area->start - 1 : 0, area->end + 1);
}

/* Of the areas in [start, end): @all are old, or those that may have something from old ones. */
static void spread(struct space *space, uint64_t start, uint64_t end, bool all)
{
	struct umm_area area = { .size = sizeof(area) };

	for (uint64_t at = start; at < end && umm_find_area(space->mm, at, &area) &&
	     area.start < end; at = area.end)
		if (all || is_or_neighbours_old(space, &area))
			add(space->unknown, area.start, area.end);
}

/* ---- begin and end ---- */

int64_t unknown_begin(struct space *space)
{
	struct umm_area area = { .size = sizeof(area) };
	int64_t nr = 0;

	unknown_free(space);
	space->unknown = calloc(1, sizeof(*space->unknown));
	if (!space->unknown)
		return -ENOMEM;
	space->unknown->brk = space->unknown->new_flags = space->unknown->mdwe = true;
	space->unknown->base_tries = BASE_TRIES;
	for (uint64_t at = 0; umm_find_area(space->mm, at, &area); at = area.end) {
		if (make_room(space->unknown) != 0)
			return -ENOMEM;
		insert(space->unknown, space->unknown->nr, (struct range){ area.start, area.end });
		nr++;
	}
	return nr;
}

int unknown_inherit(struct space *child, const struct space *parent)
{
	struct unknown *copy;

	if (!parent->unknown)
		return 0;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *parent->unknown;
	copy->room = copy->nr;
	copy->old = malloc((copy->nr + 1) * sizeof(*copy->old));
	if (!copy->old) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy->old, parent->unknown->old, copy->nr * sizeof(*copy->old));
	child->unknown = copy;
	return 0;
}

void unknown_free(struct space *space)
{
	if (space->unknown)
		free(space->unknown->old);
	free(space->unknown);
	space->unknown = NULL;
}

/* ---- what an answer tells ---- */

static bool places_anywhere(const struct follow_call *pub)
{
	return !(pub->arg[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE));
}

/* The base is at least, or about, where the kernel put this one. */
static void move_base(struct task *task, int64_t truth)
{
	struct umm_layout layout = { .size = sizeof(layout) };
	uint64_t len = page_up(task->call.pub.arg[1]);

	umm_mm_get_layout(task->space->mm, &layout);
	layout.mmap_base = layout.bottom_up ? (uint64_t)truth : (uint64_t)truth + len;
	umm_mm_set_layout(task->space->mm, &layout);
}

static const char *mmap_explained(struct task *task, int64_t truth)
{
	struct unknown *unknown = task->space->unknown;
	const struct follow_call *pub = &task->call.pub;

	if (truth >= 0 && pub->predicted >= 0 && unknown->base_tries && places_anywhere(pub)) {
		unknown->base_tries--;
		move_base(task, truth);
		return "where searches for addresses begin";
	}
	if (truth == -EAGAIN && unknown->new_flags) {
		unknown->new_flags = false;
		umm_mm_set_def_flags(task->space->mm, UMM_VM_LOCKED);
		return "mlockall(MCL_FUTURE)";
	}
	return NULL;
}

/* These ask the open file's operations or its size, and we have not seen it opened. */
static bool asks_the_file(const struct task *task)
{
	const struct call_ops *ops = task->call.desc->ops;
	const uint64_t *arg = task->call.pub.arg;

	if (ops == &call_mincore)
		return unknown_touches(task->space, arg[2], arg[2] + arg[1] / UMM_PAGE_SIZE + 1);
	return (ops == &call_remap_file_pages || ops == &call_mremap || ops == &call_mlock ||
		ops == &call_madvise) &&
	       unknown_in_doubt(task->space, page_down(arg[0]),
				page_down(arg[0]) + page_up(arg[1]));
}

const char *unknown_explains(struct follower *f, struct task *task, int64_t truth)
{
	const struct call *call = &task->call;
	struct unknown *unknown = task->space->unknown;
	const char *what = NULL;

	(void)f;
	if (!unknown)
		return NULL;
	if (call->desc->ops == &call_brk && unknown->brk) {
		unknown->brk = false;
		return "the break within its page";
	}
	if (call->desc->ops == &call_mmap)
		what = mmap_explained(task, truth);
	else if (asks_the_file(task))
		what = FILE_OF_OLD;
	if (!what && truth == -EACCES && call->pub.predicted >= 0 && unknown->mdwe &&
	    (call->desc->ops == &call_mmap || call->desc->ops == &call_mprotect) &&
	    (call->pub.arg[2] & PROT_EXEC)) {
		unknown->mdwe = false;
		umm_mm_set_mdwe(task->space->mm, true);
		return "prctl(PR_SET_MDWE)";
	}
	return what;
}

const char *unknown_explains_areas(struct task *task)
{
	struct unknown *unknown = task->space->unknown;
	const struct call *call = &task->call;

	if (!unknown || !call->desc)
		return NULL;
	if (call->desc->ops == &call_remap_file_pages && asks_the_file(task))
		return FILE_OF_OLD;
	if (call->desc->ops != &call_brk || !unknown->brk)
		return NULL;
	/* The model, believing in another break, grew where the kernel shrank or the reverse. */
	unknown->brk = false;
	return "the break";
}

/* The first area that nobody locked by itself shows what all new ones get. */
static void learn_new_flags(struct follower *f, struct task *task)
{
	struct umm_area area = { .size = sizeof(area) };
	const struct call *call = &task->call;

	task->space->unknown->new_flags = false;
	if (!compare_flags(f, task, call->start, call->end)) {
		adopt_count(f, task, &call->pub, ADOPT_BEFORE,
			    "flags of new areas: mlockall or prctl");
		adopt_areas(f, task->space, call->start, call->end, 0);
		umm_adopt_locked_vm(task->space->mm, limits_locked_pages(task->tid));
	}
	if (umm_find_area(task->space->mm, call->start, &area) && area.start <= call->start &&
	    (area.vm_flags & UMM_VM_LOCKED))
		umm_mm_set_def_flags(task->space->mm,
				     area.vm_flags & (UMM_VM_LOCKED | UMM_VM_LOCKONFAULT));
}

void unknown_moved(struct task *task, int64_t truth)
{
	const struct call *call = &task->call;
	struct space *space = task->space;

	if (!space->unknown)
		return;
	if (truth >= 0)
		unknown_gone(space, call->gone_start, call->gone_end);
	/* With the neighbours: what is beside them now may have been made old just before. */
	spread(space, call->start ? call->start - 1 : 0, call->end + 1, false);
	if (call->desc->ops == &call_remap_file_pages && truth >= 0)
		spread(space, call->start, call->end, true);
	if (call->desc->ops == &call_mremap && truth >= 0)
		spread(space, (uint64_t)truth, (uint64_t)truth + page_up(call->pub.arg[2]), true);
}

void unknown_learn(struct follower *f, struct task *task, int64_t truth)
{
	const struct call *call = &task->call;
	struct unknown *unknown = task->space->unknown;

	if (!unknown)
		return;
	if (call->desc->ops == &call_brk)
		unknown->brk = false;
	if (call->desc->ops == &call_mmap && truth >= 0 && unknown->new_flags &&
	    (call->pub.arg[3] & MAP_ANONYMOUS) && !(call->pub.arg[3] & MAP_LOCKED))
		learn_new_flags(f, task);
}
