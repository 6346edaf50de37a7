/*
 * sharing.c - who shares pages with whom: told at a fork, and at the write that ends it.
 *
 * Anonymous pages are shared by fork alone, and each address space that is followed has a model: so
 * the reverse map of the model's frame leads to all who have the page.
 */
#include "host/calls/observe.h"
#include "host/pages.h"
#include "host/sharing.h"

void sharing_tell_fork(struct follower *f, const struct task *task, struct umm_mm *child)
{
	struct umm_area area = { .size = sizeof(area) };
	struct follow_shared shared = { .call = &task->call.pub };

	if (!f->options->pages || !f->sink->shared || !task->reported || task->quiet)
		return;
	for (uint64_t at = 0; umm_find_area(child, at, &area); at = area.end) {
		uint64_t kib = pages_smaps_kib(child, area.start, "Anonymous");

		shared.pages += kib * 1024 / UMM_PAGE_SIZE;
		shared.areas += kib != 0;
	}
	f->sink->shared(f->sink->ctx, &shared);
}

struct search {
	struct follower *f;
	struct umm_mm *writer;
	struct follow_unshared *unshared;
};

static bool note_other(void *ctx, struct umm_mm *mm, umm_addr_t addr)
{
	struct search *search = ctx;
	struct follow_unshared *unshared = search->unshared;

	(void)addr;
	for (struct space *space = search->f->spaces; space; space = space->next) {
		if (space->mm != mm || mm == search->writer)
			continue;
		if (unshared->nr_others < FOLLOW_OTHERS)
			unshared->other[unshared->nr_others] = space->pid;
		unshared->nr_others++;
	}
	return true;
}

bool sharing_before_fault(struct follower *f, struct task *task,
			  const struct fault_sample *sample, struct sharing *sharing)
{
	struct umm_mm *mm = task->space->mm;
	struct search search = { f, mm, &sharing->unshared };
	struct umm_page_info info;

	if (!f->options->pages || !f->sink->unshared || !(sample->access & UMM_ACCESS_WRITE) ||
	    !umm_page_info(mm, page_down(sample->addr), &info) || !info.present ||
	    !info.anonymous || info.mapcount < 2)
		return false;
	*sharing = (struct sharing){
		.pfn = info.pfn,
		.unshared = { .pid = task->tgid, .tid = task->tid,
			      .addr = page_down(sample->addr) },
	};
	return umm_rmap(f->world, info.pfn, note_other, &search) > 0;
}

void sharing_after_fault(struct follower *f, struct task *task, struct sharing *sharing)
{
	struct umm_page_info info;

	if (!umm_page_info(task->space->mm, sharing->unshared.addr, &info) ||
	    info.pfn == sharing->pfn || !task->reported || task->quiet)
		return;
	f->sink->unshared(f->sink->ctx, &sharing->unshared);
}
