/*
 * rmap.h - from a frame to every entry that maps it.
 *
 * Layer: rmap.  Nothing else uses the world's address spaces meanwhile, or the caller holds all
 * their mmap_locks for write: entries of any of them are looked at and changed.
 */
#ifndef RMAP_RMAP_H
#define RMAP_RMAP_H

#include "space/file.h"
#include "space/mm_pages.h"

/* One place where the frame may be mapped: inside the area, with an entry for it. */
struct rmap_place {
	struct mm_struct *mm;
	struct vm_area_struct *vma;
	umm_addr_t addr;
	pte_t *slot;
	struct page *table;		/* that it is in: not locked */
	bool huge;			/* the entry is of the 2 MiB around addr */
};

/* False ends the walk.  Called with world->lock held for read. */
typedef bool (*rmap_fn)(void *ctx, const struct rmap_place *place);

/* Every place where @page could be: its entry may be none, or another frame's. */
void rmap_walk(struct world *world, const struct page *page, rmap_fn fn, void *ctx);

/* Does the entry at the place lead to @page? */
bool rmap_maps(const struct rmap_place *place, const struct page *page);

/* How many entries say that the frame was used since this was asked last: they forget it. */
unsigned int page_referenced(struct world *world, struct page *page);

/* Entries of a file's frame that allow writing, or say that it was written: not any more. */
unsigned int page_mkclean(struct world *world, struct page *page);

/*
 * Every entry of the anonymous @page becomes a migration entry, which faults wait at; and back,
 * when @to has taken the place of @from.
 */
void try_to_migrate(struct world *world, struct page *page);
void remove_migration_ptes(struct world *world, struct page *from, struct page *to);

/*
 * Put the contents of the anonymous @page, which is mapped, into another frame, and all that maps
 * it: the new frame, whose references are its entries'.  NULL: nothing has changed; there is no
 * frame, or somebody else holds this one, or it is one of a huge page: those stay where they are.
 */
struct page *migrate_page(struct world *world, struct page *page);

/*
 * Entries of the frames [first, last) of @host go, in all address spaces; private copies stay.
 * => world->lock held for write: nobody unmaps or moves what is found.
 */
void unmap_mapping_range(const struct file *host, uint64_t first, uint64_t last);

/* The address spaces of the world, one after the other: NULL begins and ends. */
struct mm_struct *world_next_mm(struct world *world, struct mm_struct *mm);

/*
 * True if all that is mapped in the world fits together, both ways: validate.c.  Takes time and
 * memory in the order of the frames; without memory it says true.
 */
bool world_pages_are_valid(struct world *world);

#endif
