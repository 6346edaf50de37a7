/*
 * pages.c - what is known of the pages behind the areas.
 *
 * Theory
 * ------
 * With --verify=smaps the model keeps pages (UMM_PAGES_COUNTED), and three things move them:
 *
 *	a reported fault	does in the model what it did in the kernel: umm_fault()
 *	a call			what the kernel does inside it, the model does in its own
 *	an observation		where neither tells: after exec, whose loader writes before anybody
 *				looks, and after areas were taken over.  PAGEMAP_SCAN says what
 *				stands there
 *
 * What was observed is never what is compared: smaps is read later, and from then on the model has
 * to keep up by itself.
 *
 * A record that does not tell a write from a read (perf's software event) is of a write if the page
 * is there already: reading would not have failed.  If not, the kernel is asked what has come of
 * it: the zero page is what a read leaves.  That is an observation too.
 *
 * Faults that only read a file are left out: nothing is compared of a file's pages.
 *
 * What nobody can know is in doubt, by range, until the next comparison.  Single pages of which it
 * is not known whether a fault or a call beside it came first are observed just before it, and the
 * rest of their area is compared as ever.  Otherwise the areas there count as unknown, and are
 * observed after it.  The reasons are a closed list (enum pages_doubt).
 *
 * Frames of the model have no numbers of the kernel's.  So a page that is found to be shared has no
 * partner in the model: it stays in doubt.  What is shared by a fork that was followed is known.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/calls/observe.h"
#include "host/files.h"
#include "host/orders.h"
#include "host/pagemap.h"
#include "host/pages.h"
#include "host/task.h"

/* The last sample of a running thread is of a fault that may last so long. */
#define FAULT_NS 1000000

#define HUGE_SIZE (UINT64_C(2) << 20)

const char *follow_unknown_text(unsigned int reason)
{
	static const char *const text[] = {
		[PAGES_KNOWN] = "written otherwise",	/* what was taken over by name */
		[PAGES_BESIDE] = "a fault beside a call",
		[PAGES_LOST] = "records of faults lost",
		[PAGES_SHARED] = "shared with somebody",
		[PAGES_HUGE] = "may be huge",
		[PAGES_WATCHED] = "filled by a userfaultfd",
		[PAGES_REFUSED] = "faults that ended in SIGBUS",
		[PAGES_GIVEN_AWAY] = "MADV_PAGEOUT",
		[PAGES_UNSEEN] = "faults are not reported",
	};

	return reason < sizeof(text) / sizeof(text[0]) ? text[reason] : NULL;
}

/* ---- doubts ---- */

void pages_note_doubt(struct follower *f, struct space *space, uint64_t start, uint64_t end,
		      enum pages_doubt why)
{
	struct unknown_pages *last;

	if (!f->pages || start >= end)
		return;
	last = space->nr_unknown_pages ? &space->unknown_pages[space->nr_unknown_pages - 1] : NULL;
	if (last && last->why == (int)why && start >= last->start && start <= last->end) {
		if (end > last->end)
			last->end = end;
		return;
	}
	if (space->nr_unknown_pages == UNKNOWN_PAGES) {	/* too many: all of it */
		space->nr_unknown_pages = 1;
		space->unknown_pages[0] = (struct unknown_pages){ 0, TASK_SIZE_64, (int)why };
		return;
	}
	space->unknown_pages[space->nr_unknown_pages++] =
		(struct unknown_pages){ start, end, (int)why };
}

void pages_note_doubt_all(struct follower *f, enum pages_doubt why)
{
	for (struct space *space = f->spaces; space; space = space->next)
		pages_note_doubt(f, space, 0, TASK_SIZE_64, why);
}

enum pages_doubt pages_in_doubt(const struct space *space, uint64_t start, uint64_t end)
{
	int worst = PAGES_KNOWN;

	for (unsigned int i = 0; i < space->nr_unknown_pages; i++) {
		const struct unknown_pages *pages = &space->unknown_pages[i];

		if (pages->start < end && pages->end > start && pages->why > worst)
			worst = pages->why;
	}
	return (enum pages_doubt)worst;
}

/* ---- faults ---- */

static bool find_area(const struct space *space, uint64_t addr, struct umm_area *area)
{
	*area = (struct umm_area){ .size = sizeof(*area) };
	return umm_find_area(space->mm, addr, area) && area->start <= addr;
}

/* What has come of a fault of which nothing else is known. */
static unsigned int observed_access(struct follower *f, struct space *space, uint64_t page)
{
	struct pagemap_run run;
	int fd = space_pagemap_fd(space);

	if (fd < 0 || pagemap_next_run(fd, page, page + UMM_PAGE_SIZE, &run) <= 0)
		return UMM_ACCESS_READ;
	f->summary->observed++;
	return run.kind == PAGEMAP_ZERO || run.kind == PAGEMAP_GUARD ? UMM_ACCESS_READ :
								       UMM_ACCESS_WRITE;
}

static unsigned int access_of(struct follower *f, struct space *space, uint64_t addr,
			      const struct umm_area *area)
{
	uint64_t page = page_down(addr);
	struct umm_page_info info;

	if (!area)			/* a stack grows by what is pushed */
		return UMM_ACCESS_WRITE;
	if (!(area->vm_flags & UMM_VM_WRITE) || (area->vm_flags & UMM_VM_MAYSHARE))
		return UMM_ACCESS_READ;
	if (umm_page_info(space->mm, page, &info))
		return UMM_ACCESS_WRITE;
	return observed_access(f, space, page);
}

bool pages_fault(struct follower *f, struct space *space, struct fault_sample *sample)
{
	struct umm_area area;
	bool mapped = find_area(space, sample->addr, &area);

	if (!sample->access)
		sample->access = access_of(f, space, sample->addr, mapped ? &area : NULL);
	if (!mapped || !area.file)
		return true;
	if (!(sample->access & UMM_ACCESS_WRITE) || !umm_file_cookie(area.file))
		return sample->access & UMM_ACCESS_WRITE;
	/* Is it as long as it was? */
	if (f->truncated || umm_fault_sigbus(space->mm, sample->addr))
		files_observe(f, space, area.start, area.end);
	return true;
}

/* ---- threads that exit ---- */

/*
 * A thread's exit writes a zero to where its number stood, after its last record: perf has left it
 * by then.  If fork shared that page in between, the write makes a copy.  Between the exit event
 * and the thread's end nobody knows whether it has.
 */
static bool doubt_sharer(void *ctx, struct umm_mm *mm, umm_addr_t addr)
{
	struct follower *f = ctx;

	for (struct space *space = f->spaces; space; space = space->next)
		if (space->mm == mm)
			pages_note_doubt(f, space, addr, addr + UMM_PAGE_SIZE, PAGES_BESIDE);
	return true;
}

void pages_task_exits(struct follower *f, const struct task *task, const struct space *left)
{
	struct space *space = f->spaces;
	struct umm_page_info info;

	if (!f->pages || !task->clear_tid)
		return;
	while (space && space != left)
		space = space->next;
	if (space && space->mm && umm_page_info(space->mm, page_down(task->clear_tid), &info) &&
	    info.anonymous && !info.exclusive)
		(void)umm_rmap(f->world, info.pfn, doubt_sharer, f);
}

static void doubt_leavers(struct follower *f, struct space *parent, struct space *child)
{
	for (int i = 0; i < TASK_BUCKETS; i++) {
		for (struct task *task = f->tasks[i]; task; task = task->hash_next) {
			uint64_t page = page_down(task->clear_tid);

			if (!page || task->space || task->left != parent)
				continue;
			pages_note_doubt(f, parent, page, page + UMM_PAGE_SIZE, PAGES_BESIDE);
			pages_note_doubt(f, child, page, page + UMM_PAGE_SIZE, PAGES_BESIDE);
		}
	}
}

/* ---- faults beside calls ---- */

void pages_fault_beside(struct follower *f, struct task *task, uint64_t addr)
{
	const struct space *space = task->space;

	if (!f->pages || space->nr_tasks == 1)
		return;
	for (const struct task *other = space->in_flight; other; other = other->turn_next) {
		const struct call *call = &other->call;
		bool fork = call->child != NULL;

		if (other == task || !call->desc)
			continue;
		if (fork || (addr >= call->start && addr < call->end) ||
		    (addr >= call->from_start && addr < call->from_end))
			pages_note_doubt(f, task->space, page_down(addr),
					 page_down(addr) + UMM_PAGE_SIZE, PAGES_BESIDE);
	}
}

void pages_call_beside(struct follower *f, struct task *task)
{
	uint64_t now;

	if (!f->pages || task->space->nr_tasks == 1)
		return;
	now = follower_now_ns();
	for (int i = 0; i < TASK_BUCKETS; i++)
		for (struct task *other = f->tasks[i]; other; other = other->hash_next)
			if (other != task && other->space == task->space &&
			    now - other->fault_ns < FAULT_NS)
				pages_fault_beside(f, other, other->fault_addr);
}

void pages_before_call(struct follower *f, struct task *task)
{
	struct umm_mm_stats stats;

	/* Filling ends where files do, which somebody may have truncated. */
	if (!f->pages || !f->truncated)
		return;
	umm_mm_stats(task->space->mm, &stats);
	if (stats.locked_vm || orders_may_sleep(&task->call))
		files_observe(f, task->space, 0, TASK_SIZE_64);
}

uint64_t pages_smaps_kib(struct umm_mm *mm, uint64_t addr, const char *field)
{
	size_t length = strlen(field);
	char text[8192];

	if (umm_smaps_area(mm, addr, text, sizeof(text), NULL) >= sizeof(text))
		return 0;
	for (const char *line = text; (line = strchr(line, '\n')) != NULL;) {
		line++;
		if (strncmp(line, field, length) == 0 && line[length] == ':')
			return strtoull(line + length + 1, NULL, 10);
	}
	return 0;
}

static bool is_compound(struct umm_mm *mm, uint64_t addr)
{
	struct umm_page_info info;

	return umm_page_info(mm, addr, &info) && info.compound;
}

/*
 * A huge page of which a part is given away or aged is taken apart, and of its frames those go that
 * hold nothing: which, the model does not know, having no contents.
 */
static void huge_parts_advised(struct follower *f, struct space *space, uint64_t start,
			       uint64_t end)
{
	for (uint64_t base = start & ~(HUGE_SIZE - 1); base < end; base += HUGE_SIZE) {
		uint64_t from = base > start ? base : start;
		uint64_t to = base + HUGE_SIZE < end ? base + HUGE_SIZE : end;
		struct umm_page_info info;

		if (to - from == HUGE_SIZE && umm_page_info(space->mm, base, &info) && info.huge)
			continue;
		if (is_compound(space->mm, from) || is_compound(space->mm, to - UMM_PAGE_SIZE))
			pages_note_doubt(f, space, base, base + HUGE_SIZE, PAGES_HUGE);
	}
}

void pages_advised(struct follower *f, struct space *space, uint64_t start, uint64_t end,
		   int advice)
{
	struct umm_area area = { .size = sizeof(area) };

	if (!f->pages)
		return;
	if (advice == MADV_FREE || advice == MADV_COLD || advice == MADV_PAGEOUT)
		huge_parts_advised(f, space, start, end);
	if (advice != MADV_PAGEOUT)
		return;
	for (uint64_t at = start; umm_find_area(space->mm, at, &area) && area.start < end;
	     at = area.end)
		if ((area.vm_flags & UMM_VM_DROPPABLE) ||
		    pages_smaps_kib(space->mm, area.start, "LazyFree"))
			pages_note_doubt(f, space, area.start, area.end, PAGES_GIVEN_AWAY);
}

void pages_moved(struct follower *f, struct space *space, uint64_t start, uint64_t end,
		 uint64_t to)
{
	unsigned int nr = space->nr_unknown_pages;

	for (unsigned int i = 0; i < nr; i++) {
		const struct unknown_pages doubt = space->unknown_pages[i];
		uint64_t low = doubt.start > start ? doubt.start : start;
		uint64_t high = doubt.end < end ? doubt.end : end;

		if (low < high && doubt.end < TASK_SIZE_64)
			pages_note_doubt(f, space, low - start + to, high - start + to,
					 (enum pages_doubt)doubt.why);
	}
}

void pages_unfollowed(struct follower *f, struct space *space)
{
	if (!f->pages || f->supposing)
		return;
	space->sharing_unknown = true;
	if (!f->unfollowed)
		follower_warn(f, "children are not followed: how pages are shared is not compared"
			      " (use -f)");
	f->unfollowed = true;
}

void pages_fork(struct follower *f, struct space *parent, struct space *child)
{
	if (!f->pages)
		return;
	child->sharing_unknown = parent->sharing_unknown;
	child->family = parent->family;
	child->reached = parent->reached;
	child->truncated = parent->truncated;
	child->nr_unknown_pages = parent->nr_unknown_pages;
	for (unsigned int i = 0; i < parent->nr_unknown_pages; i++)
		child->unknown_pages[i] = parent->unknown_pages[i];
	doubt_leavers(f, parent, child);
	parent->smaps_due = child->smaps_due = true;
}

/* ---- observations ---- */

/* Does the model have there what was seen?  Then who shares it stays known. */
static bool stands_there(const struct space *space, uint64_t page, enum pagemap_kind kind)
{
	struct umm_page_info info;

	if (!umm_page_info(space->mm, page, &info) || !info.present)
		return false;
	if (kind == PAGEMAP_ZERO)
		return info.zero;
	if (kind != PAGEMAP_SHARED && info.huge != (kind == PAGEMAP_HUGE))
		return false;
	return info.anonymous && (info.mapcount == 1) == (kind != PAGEMAP_SHARED);
}

static void adopt(struct follower *f, struct space *space, uint64_t start, uint64_t end,
		  enum umm_page_kind kind)
{
	int err = start < end ? umm_adopt_pages(space->mm, start, end, kind) : 0;

	if (err == -UMM_ENOMEM)
		f->no_memory = true;
	else if (err)
		pages_note_doubt(f, space, start, end, PAGES_LOST);
}

static void observe_page(struct follower *f, struct space *space, uint64_t page,
			 enum pagemap_kind kind)
{
	if (stands_there(space, page, kind))
		return;
	if (kind == PAGEMAP_SHARED)
		pages_note_doubt(f, space, page, page + UMM_PAGE_SIZE, PAGES_SHARED);
	else
		adopt(f, space, page, page + UMM_PAGE_SIZE,
		      kind == PAGEMAP_ZERO ? UMM_PAGE_ZERO : UMM_PAGE_ANON);
}

static void observe_huge(struct follower *f, struct space *space, const struct pagemap_run *run)
{
	for (uint64_t at = run->start; at < run->end; at += HUGE_SIZE) {
		int err = 0;

		if (!stands_there(space, at, PAGEMAP_HUGE))
			err = umm_adopt_pages(space->mm, at, at + HUGE_SIZE, UMM_PAGE_HUGE);
		if (err)
			pages_note_doubt(f, space, at, at + HUGE_SIZE, PAGES_HUGE);
	}
}

static void observe_run(struct follower *f, struct space *space, const struct pagemap_run *run)
{
	switch (run->kind) {
	case PAGEMAP_GUARD:
		adopt(f, space, run->start, run->end, UMM_PAGE_NONE);
		return;
	case PAGEMAP_HUGE:
		observe_huge(f, space, run);
		return;
	case PAGEMAP_SWAPPED:
		pages_note_doubt(f, space, run->start, run->end, PAGES_SHARED);
		return;
	case PAGEMAP_ZERO:
	case PAGEMAP_OWN:
	case PAGEMAP_SHARED:
		break;
	}
	for (uint64_t page = run->start; page < run->end; page += UMM_PAGE_SIZE)
		observe_page(f, space, page, run->kind);
}

static void observe_area(struct follower *f, struct space *space, int fd, uint64_t start,
			 uint64_t end)
{
	struct pagemap_run run;
	int got;

	for (; (got = pagemap_next_run(fd, start, end, &run)) > 0; start = run.end) {
		adopt(f, space, start, run.start, UMM_PAGE_NONE);
		observe_run(f, space, &run);
	}
	adopt(f, space, start, end, UMM_PAGE_NONE);
	if (got < 0)
		pages_note_doubt(f, space, start, end, PAGES_UNSEEN);
	f->summary->observed++;
}

/* Private memory that is written by faults alone. */
static bool may_have_pages(const struct umm_area *area)
{
	const uint64_t others = UMM_VM_MAYSHARE | UMM_VM_PFNMAP | UMM_VM_IO | UMM_VM_HUGETLB |
				UMM_VM_DONTEXPAND | UMM_VM_MIXEDMAP;

	return !(area->vm_flags & others) && (area->vm_flags & UMM_VM_MAYWRITE);
}

void pages_observe(struct follower *f, struct space *space, uint64_t start, uint64_t end)
{
	struct umm_area area = { .size = sizeof(area) };
	int fd;

	if (!f->pages || f->supposing)
		return;
	fd = space_pagemap_fd(space);
	for (uint64_t at = start; umm_find_area(space->mm, at, &area) && area.start < end;
	     at = area.end) {
		uint64_t from = area.start > start ? area.start : start;
		uint64_t to = area.end < end ? area.end : end;

		if (!may_have_pages(&area))
			continue;
		if (fd < 0)
			pages_note_doubt(f, space, from, to, PAGES_UNSEEN);
		else
			observe_area(f, space, fd, from, to);
	}
}

/* What is watched may be filled at any time. */
static void still_watched(struct follower *f, struct space *space, uint64_t start, uint64_t end)
{
	struct umm_area area = { .size = sizeof(area) };

	for (uint64_t at = start; umm_find_area(space->mm, at, &area) && area.start < end;
	     at = area.end)
		if (area.uffd)
			pages_note_doubt(f, space, area.start, area.end, PAGES_WATCHED);
}

/* Is it about a page or two, and not about what became of an area? */
static bool of_single_pages(int why)
{
	return why == PAGES_BESIDE || why == PAGES_REFUSED;
}

void pages_settle(struct follower *f, struct space *space, bool single)
{
	struct unknown_pages doubt[UNKNOWN_PAGES];
	unsigned int nr = space->nr_unknown_pages;

	memcpy(doubt, space->unknown_pages, nr * sizeof(doubt[0]));
	space->nr_unknown_pages = 0;
	for (unsigned int i = 0; i < nr; i++) {
		if (single && !of_single_pages(doubt[i].why)) {
			space->unknown_pages[space->nr_unknown_pages++] = doubt[i];
			continue;
		}
		pages_observe(f, space, doubt[i].start, doubt[i].end);
		if (doubt[i].why == PAGES_WATCHED)
			still_watched(f, space, doubt[i].start, doubt[i].end);
	}
}
