/*
 * vma_lock.c - a lock for each area, which a fault takes instead of mmap_lock.
 *
 * Theory
 * ------
 * Faults of many threads must not write to one word, be it mmap_lock or a count in the area that
 * all of them fault in.  So nothing is written to the area: who wants to hold one says so in a line
 * of his own (a reader), and who wants to change it looks at all these lines.
 *
 *	published	areas in which a fault was handled lately, by a hash of the address: the
 *			only way to an area without mmap_lock
 *	reader		the area that somebody holds
 *
 *	who reads					who writes, with mmap_lock
 *	vma = published[hash]				published[...] = NULL, where it is vma
 *	reader->vma = vma				wait until no reader->vma is vma
 *	published[hash] is still vma?  held		the area is his
 *
 * Each side writes first and then looks at what the other wrote, all of it in one order that both
 * agree on (seq_cst): either the reader sees that the area is published no more, or the writer sees
 * the reader.  An area is not looked into before it is held: it may be freed memory by then.
 *
 * Areas are published for mmap_lock held to read, so not while anybody writes: an area that was
 * taken away stays so until mmap_lock is given back, which is what "write-locked" means here, and
 * there is no unlocking.  One that another took the place of in published can be held by somebody
 * all the same: a writer always looks at the readers.
 *
 * Who reads waits for nobody who waits for mmap_lock; who writes waits for who reads.  That is the
 * order: mmap_lock, areas, everything else.
 *
 * Invariants, checked by vma_locks_are_valid():
 *	1. what is published is linked in the tree of areas;
 *	2. it looks as it did when it was published.
 */
#include "base/assert.h"
#include "space/file.h"
#include "space/guards.h"
#include "space/mm_pages.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

/* Neighbouring faults find one place, areas that are used by turns seldom the same. */
#define PUBLISHED_SHIFT 18

static struct vma_published *published_at(struct mm_struct *mm, umm_addr_t addr)
{
	uint64_t hash = (addr >> PUBLISHED_SHIFT) * UINT64_C(0x9e3779b97f4a7c15);

	return &mm->pages->locks.published[hash >> (64 - VMA_PUBLISHED_BITS)];
}

/* A reader of nobody's, who holds @vma now; NULL: take mmap_lock. */
static struct vma_reader *reader_for(struct mm_struct *mm, struct vm_area_struct *vma)
{
	const struct umm_platform *platform = &mm->world->platform;
	unsigned int cpu = platform->cpu_id ? platform->cpu_id(platform->ctx) : 0;

	for (unsigned int i = 0; i < VMA_READERS; i++) {
		struct vma_reader *reader = &mm->pages->locks.reader[(cpu + i) % VMA_READERS];
		struct vm_area_struct *nobody = NULL;

		if (atomic_compare_exchange_strong(&reader->vma, &nobody, vma))
			return reader;
	}
	return NULL;
}

struct vm_area_struct *vma_start_read(struct mm_struct *mm, umm_addr_t addr,
				      struct vma_reader **reader)
{
	struct vma_published *place = published_at(mm, addr);
	struct vm_area_struct *vma = atomic_load(&place->vma);

	if (!vma)
		return NULL;
	*reader = reader_for(mm, vma);
	if (!*reader)
		return NULL;
	if (atomic_load(&place->vma) == vma && vma->vm_start <= addr && addr < vma->vm_end)
		return vma;
	vma_end_read(*reader);
	return NULL;
}

/* Of what a fault looks at. */
static uint64_t digest(const struct vm_area_struct *vma)
{
	const uint64_t word[] = { vma->vm_start, vma->vm_end, vma->vm_flags, vma->vm_pgoff,
				  (uintptr_t)vma->vm_file, (uintptr_t)vma->anon_vma };
	uint64_t sum = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(word); i++)
		sum = (sum ^ word[i]) * UINT64_C(0x100000001b3);
	return sum;
}

static bool may_be_published(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	if (vma->vm_file && file_host(vma->vm_file)->read_page)
		return false;
	return guards_first(mm, vma->vm_start, vma->vm_end) >= vma->vm_end;
}

void vma_publish(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t addr)
{
	const struct umm_platform *platform = &mm->world->platform;
	struct vma_published *place = published_at(mm, addr);

	if (atomic_load(&place->vma) == vma || !may_be_published(mm, vma))
		return;
	spin_lock(platform, &mm->pages->locks.publishing);
	place->seen = digest(vma);
	atomic_store(&place->vma, vma);
	spin_unlock(platform, &mm->pages->locks.publishing);
}

/* Until nobody holds @vma; NULL: any area. */
static void wait_for_readers(struct mm_struct *mm, const struct vm_area_struct *vma)
{
	const struct umm_platform *platform = &mm->world->platform;

	for (unsigned int i = 0; i < VMA_READERS; i++) {
		struct vma_reader *reader = &mm->pages->locks.reader[i];
		const struct vm_area_struct *held;

		while ((held = atomic_load(&reader->vma)) && (!vma || held == vma))
			spin_relax(platform);
	}
}

void vma_start_write_slow(struct mm_struct *mm, const struct vm_area_struct *vma)
{
	for (unsigned int i = 0; i < VMA_PUBLISHED; i++) {
		struct vma_published *place = &mm->pages->locks.published[i];

		if (atomic_load(&place->vma) == vma)
			atomic_store(&place->vma, NULL);
	}
	wait_for_readers(mm, vma);
}

void vma_start_write_all_slow(struct mm_struct *mm)
{
	for (unsigned int i = 0; i < VMA_PUBLISHED; i++)
		if (atomic_load(&mm->pages->locks.published[i].vma))
			atomic_store(&mm->pages->locks.published[i].vma, NULL);
	wait_for_readers(mm, NULL);
}

static bool is_linked(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	const struct vm_area_struct *linked = mm->tree.first;

	while (linked && linked != vma)
		linked = vma_next(linked);
	return linked != NULL;
}

bool vma_locks_are_valid(const struct mm_struct *mm)
{
	if (!mm->pages)
		return true;
	for (unsigned int i = 0; i < VMA_PUBLISHED; i++) {
		const struct vma_published *place = &mm->pages->locks.published[i];
		const struct vm_area_struct *vma = atomic_load(&place->vma);

		if (vma && (!is_linked(mm, vma) || place->seen != digest(vma)))
			return false;
	}
	return true;
}
