/*
 * smaps.c - what smaps counts in each area, beside the model's pages.
 *
 * Theory
 * ------
 * The kernel's text of /proc/PID/smaps is compared with the model's (umm_smaps_area()), area by
 * area and field by field.  Nothing of the kernel's text goes into the model.
 *
 *	anonymous memory, stack, heap	all fields below
 *	a private mapping of a file	those about its anonymous pages
 *	everything else			none: the page cache is everybody's
 *
 * VmFlags is compared with the areas, of all of them: compare.c.
 *
 * Fields that hang on who else maps a page (Pss, Shared_, Private_) are compared where all who
 * could are followed, and stand still as far as that goes: no process on its way out or into exec,
 * no call under way elsewhere.  Otherwise the sums of shared and private are compared.  Of memory
 * that MADV_FREE gave away, dirty and clean are not: the processor marks what is written, and
 * tells nobody.  Referenced is not, for the same reason.
 *
 * Other threads and processes run while the text is read.  What they do shows in the rings
 * afterwards: if anything does, it is read again.
 *
 * When: at the end of an address space (exit, exec), at the first call after a fork on both sides,
 * and after so many calls as a comparison costs: one for each area, and one for each 64 pages, at
 * least 16.  So, whatever a program does, it takes about as long as twice without.
 *
 * An area whose pages are in doubt (pages.h) counts as unknown.  Afterwards it is looked at anew,
 * as it is after a difference: that is part of the one divergence.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/adopt.h"
#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/pages.h"
#include "host/reached.h"
#include "host/samples.h"
#include "host/smaps.h"
#include "host/task.h"

#define CALLS_LEAST 16
#define PAGES_A_CALL 64
#define READS 4

enum field {
	SIZE, RSS, PSS, PSS_DIRTY, SHARED_CLEAN, SHARED_DIRTY, PRIVATE_CLEAN, PRIVATE_DIRTY,
	ANONYMOUS, KSM, LAZYFREE, ANON_HUGE, SWAP, SWAP_PSS, LOCKED, THP_ELIGIBLE,
	NR_FIELDS,
};

/* What must be the case for a field to be compared. */
enum {
	OF_FILES = 1,			/* said of private mappings of files too */
	OF_SHARING = 2,			/* all who may map its pages are known */
	OF_DIRTY = 4,			/* nothing was given away by MADV_FREE */
	OF_NOBODY = 8,			/* only looked at */
};

static const struct {
	const char *name;
	unsigned int needs;
} fields[NR_FIELDS] = {
	[SIZE] = { "Size", OF_FILES },
	[RSS] = { "Rss", 0 },
	[PSS] = { "Pss", OF_SHARING },
	[PSS_DIRTY] = { "Pss_Dirty", OF_SHARING | OF_DIRTY },
	[SHARED_CLEAN] = { "Shared_Clean", OF_SHARING | OF_DIRTY },
	[SHARED_DIRTY] = { "Shared_Dirty", OF_SHARING | OF_DIRTY },
	[PRIVATE_CLEAN] = { "Private_Clean", OF_SHARING | OF_DIRTY },
	[PRIVATE_DIRTY] = { "Private_Dirty", OF_SHARING | OF_DIRTY },
	[ANONYMOUS] = { "Anonymous", OF_FILES },
	[KSM] = { "KSM", OF_FILES },
	[LAZYFREE] = { "LazyFree", OF_DIRTY },
	[ANON_HUGE] = { "AnonHugePages", OF_FILES },
	[SWAP] = { "Swap", OF_FILES },
	[SWAP_PSS] = { "SwapPss", OF_FILES },
	[LOCKED] = { "Locked", OF_SHARING },
	[THP_ELIGIBLE] = { "THPeligible", OF_NOBODY },
};

/* One area's part of the text. */
struct counts {
	uint64_t start, end;
	const char *line;		/* of maps, up to a newline */
	uint64_t kib[NR_FIELDS];
};

/* ---- the texts ---- */

static void parse_field(const char *line, struct counts *counts)
{
	size_t length = strcspn(line, ":\n");

	for (int i = 0; i < NR_FIELDS; i++)
		if (strlen(fields[i].name) == length && memcmp(fields[i].name, line, length) == 0)
			counts->kib[i] = strtoull(line + length + 1, NULL, 10);
}

/* The area that begins at *text, which goes to the next one.  False at the end. */
static bool parse_area(const char **text, struct counts *counts)
{
	const char *at = *text;
	char *end;

	if (!*at)
		return false;
	memset(counts, 0, sizeof(*counts));
	counts->line = at;
	counts->start = strtoull(at, &end, 16);
	if (*end != '-')
		return false;
	counts->end = strtoull(end + 1, NULL, 16);
	for (;;) {
		at = strchrnul(at, '\n');
		if (*at)
			at++;
		/* The lines about an area begin with a capital letter. */
		if (*at < 'A' || *at > 'Z')
			break;
		parse_field(at, counts);
	}
	*text = at;
	return true;
}

static bool model_area(struct space *space, uint64_t start, char *text, size_t size,
		       struct counts *counts)
{
	const char *at = text;

	return umm_smaps_area(space->mm, start, text, size, NULL) < size &&
	       parse_area(&at, counts);
}

/* ---- what may be compared ---- */

static bool is_of(const struct space *other, const struct space *space)
{
	return other && other->family == space->family;
}

/* Somebody who may share pages with @space is about to, or about to stop. */
static bool sharers_move(const struct follower *f, const struct space *space)
{
	for (int i = 0; i < TASK_BUCKETS; i++)
		for (const struct task *task = f->tasks[i]; task; task = task->hash_next)
			if (task->leaving == space->family ||
			    (task->in_exec && task->space != space && is_of(task->space, space)))
				return true;
	for (const struct space *other = f->spaces; other; other = other->next)
		if (other != space && is_of(other, space) && other->nr_in_flight)
			return true;
	return false;
}

/* A process that was killed gave its pages back, and we are not told yet. */
static bool somebody_was_killed(struct follower *f, const struct space *space)
{
	char byte;

	for (struct space *other = f->spaces; other; other = other->next)
		if (other != space && is_of(other, space) && other->mm &&
		    pread(space_maps_fd(other), &byte, 1, 0) != 1)
			return true;
	return false;
}

/* Is it memory whose pages are compared at all, and which of its fields? */
static bool comparable(const struct umm_area *area, unsigned int *only)
{
	if (area->vm_flags & (UMM_VM_MAYSHARE | UMM_VM_PFNMAP | UMM_VM_IO | UMM_VM_HUGETLB |
			      UMM_VM_DONTEXPAND | UMM_VM_MIXEDMAP))
		return false;
	*only = area->file ? OF_FILES : 0;
	return area->file ? umm_file_cookie(area->file) != NULL :
			    area->name == UMM_NAME_NONE || area->name == UMM_NAME_HEAP ||
			    area->name == UMM_NAME_STACK || area->name == UMM_NAME_ANON;
}

static enum pages_doubt doubt_about(const struct follower *f, const struct space *space,
				    const struct umm_area *area)
{
	if (f->pages_unseen)
		return PAGES_UNSEEN;
	if (area->vm_flags & (UMM_VM_UFFD_MISSING | UMM_VM_UFFD_WP | UMM_VM_UFFD_MINOR))
		return PAGES_WATCHED;
	return pages_in_doubt(space, area->start, area->end);
}

/* ---- comparing ---- */

/* One comparison of one space. */
struct round {
	struct follower *f;
	struct task *task;
	const char *where;
	bool sharing;			/* fields that hang on others are looked at */
	bool settled;			/* a difference is one: nothing moves any more */
	bool again;			/* there was one, and something may move */
	uint64_t cost;
};

static bool field_differs(const struct round *round, const struct counts *model,
			  const struct counts *kernel, unsigned int only, enum field field)
{
	unsigned int needs = fields[field].needs;

	if (model->kib[field] == kernel->kib[field] || (only && !(needs & only)))
		return false;
	if ((needs & OF_NOBODY) || ((needs & OF_SHARING) && !round->sharing))
		return false;
	return !(needs & OF_DIRTY) || !model->kib[LAZYFREE];
}

/* Who has it does not matter for how much there is. */
static bool sums_differ(const struct counts *model, const struct counts *kernel)
{
	const uint64_t *m = model->kib, *k = kernel->kib;

	return !m[LAZYFREE] &&
	       (m[SHARED_CLEAN] + m[PRIVATE_CLEAN] != k[SHARED_CLEAN] + k[PRIVATE_CLEAN] ||
		m[SHARED_DIRTY] + m[PRIVATE_DIRTY] != k[SHARED_DIRTY] + k[PRIVATE_DIRTY]);
}

static bool counts_differ(const struct round *round, const struct counts *model,
			  const struct counts *kernel, unsigned int only)
{
	for (int i = 0; i < NR_FIELDS; i++)
		if (field_differs(round, model, kernel, only, (enum field)i))
			return true;
	return !only && sums_differ(model, kernel);
}

/* Both sides, with the fields that differ; if that is none of them, with those of the sums. */
static void side_text(const struct round *round, const struct counts *side,
		      const struct counts *model, const struct counts *kernel, unsigned int only,
		      char *buf, size_t size)
{
	size_t length = strcspn(side->line, "\n");
	int n = snprintf(buf, size, "%.*s", (int)length, side->line);
	bool any = false;

	for (int i = 0; i < NR_FIELDS; i++)
		any |= field_differs(round, model, kernel, only, (enum field)i);
	for (int i = 0; i < NR_FIELDS && n > 0 && (size_t)n < size; i++) {
		bool shown = any ? field_differs(round, model, kernel, only, (enum field)i) :
				   i >= SHARED_CLEAN && i <= PRIVATE_DIRTY;

		if (shown)
			n += snprintf(buf + n, size - (size_t)n, "\n%s: %" PRIu64 " kB",
				      fields[i].name, side->kib[i]);
	}
}

static void diverged(const struct round *round, const struct counts *model,
		     const struct counts *kernel, unsigned int only)
{
	char text[2][4800];

	side_text(round, model, model, kernel, only, text[0], sizeof(text[0]));
	side_text(round, kernel, model, kernel, only, text[1], sizeof(text[1]));
	compare_diverged_smaps(round->f, round->task, round->where, text[0], text[1]);
	pages_observe(round->f, round->task->space, kernel->start, kernel->end);
}

static void count_unknown(struct follower *f, enum pages_doubt why)
{
	f->summary->smaps_unknown++;
	f->summary->unknown_by[why]++;
}

/* Why pages here may be others than those that faults made, or NULL. */
static const char *not_by_faults(const struct space *space, const struct umm_area *area,
				 const struct counts *model, const struct counts *kernel)
{
	if (model->kib[THP_ELIGIBLE] && model->kib[ANON_HUGE] != kernel->kib[ANON_HUGE])
		return ADOPT_HUGE_PAGES;
	if (space->reached)
		return ADOPT_REACHED;
	return space->truncated && area->file ? ADOPT_TRUNCATED : NULL;
}

static void take_over(const struct round *round, const struct counts *kernel, const char *reason)
{
	struct follower *f = round->f;

	count_unknown(f, PAGES_KNOWN);
	adopt_count(f, round->task, NULL, reason, NULL);
	pages_observe(f, round->task->space, kernel->start, kernel->end);
}

static void compare_area(struct round *round, const struct umm_area *area,
			 const struct counts *kernel, unsigned int only)
{
	struct follower *f = round->f;
	struct space *space = round->task->space;
	enum pages_doubt doubt = doubt_about(f, space, area);
	struct counts model;
	char text[8192];

	if (doubt != PAGES_KNOWN) {
		if (round->settled)
			count_unknown(f, doubt);
		return;
	}
	if (!model_area(space, area->start, text, sizeof(text), &model))
		return;
	round->cost += 1 + model.kib[RSS] / 4 / PAGES_A_CALL;
	if (counts_differ(round, &model, kernel, only)) {
		const char *reason = not_by_faults(space, area, &model, kernel);

		round->again = true;
		if (round->settled && reason) {
			take_over(round, kernel, reason);
			return;
		}
		if (round->settled)
			diverged(round, &model, kernel, only);
	}
	f->summary->smaps += round->settled;
	f->summary->smaps_alone += round->settled && !round->sharing;
}

static void compare_areas(struct round *round, const char *text)
{
	struct umm_mm *mm = round->task->space->mm;
	struct counts kernel;

	round->cost = 0;
	while (parse_area(&text, &kernel)) {
		struct umm_area area = { .size = sizeof(area) };
		unsigned int only;

		/* Where the areas themselves differ is for others to say: compare.c. */
		if (umm_find_area(mm, kernel.start, &area) && area.start == kernel.start &&
		    area.end == kernel.end && comparable(&area, &only))
			compare_area(round, &area, &kernel, only);
	}
}

/* The kernel's text, and nothing has happened while it was read, as far as anybody is told. */
static const char *read_text(struct follower *f, struct space *space)
{
	const char *text = NULL;

	for (int i = 0; i < READS; i++) {
		uint64_t faults;
		int fd = space_smaps_fd(space);

		samples_apply(f);
		faults = f->summary->faults;
		if (fd < 0 || procmaps_text(fd, &f->smaps, &text) <= 0)
			return NULL;
		samples_apply(f);
		if (faults == f->summary->faults)
			break;
	}
	return text;
}

/* Only a difference that stays is one. */
static void settle(struct round *round)
{
	const struct timespec pause = { .tv_nsec = 300000 };
	struct follower *f = round->f;
	struct space *space = round->task->space;
	const char *text;

	for (int i = 0; i < READS; i++) {
		samples_apply(f);
		pages_settle(f, space, true);
		text = read_text(f, space);
		if (!text)
			return;
		round->sharing = !space->sharing_unknown && !sharers_move(f, space);
		round->again = false;
		compare_areas(round, text);
		if (!round->again || f->nr_tasks == 1)
			break;
		if (round->sharing && somebody_was_killed(f, space))
			round->sharing = false;
		nanosleep(&pause, NULL);
	}
	reached_look(f);
	round->settled = true;
	compare_areas(round, text);
}

static void verify(struct follower *f, struct task *task, const char *where)
{
	struct round round = { .f = f, .task = task, .where = where };
	struct space *space = task->space;

	f->summary->verified_smaps = true;
	settle(&round);
	space->reached -= space->reached > 0 && !space->reached_for_good;
	space->truncated -= space->truncated > 0;
	pages_settle(f, space, false);
	space->smaps_due = false;
	space->calls_since_smaps = 0;
	space->smaps_cost = round.cost < CALLS_LEAST ? CALLS_LEAST : round.cost;
}

static bool wanted(const struct follower *f, const struct task *task)
{
	return f->options->verify == FOLLOW_VERIFY_SMAPS && !f->supposing && task->space &&
	       task->space->mm;
}

void smaps_after_call(struct follower *f, struct task *task)
{
	struct space *space = task->space;

	if (!wanted(f, task))
		return;
	space->calls_since_smaps++;
	/* A call beside this one is done in the model, and perhaps not yet in the kernel. */
	if (space->nr_in_flight > 1 ||
	    (!space->smaps_due && space->calls_since_smaps < space->smaps_cost))
		return;
	verify(f, task, "now and then");
}

void smaps_at_end(struct follower *f, struct task *task, const char *where)
{
	if (wanted(f, task))
		verify(f, task, where);
}
