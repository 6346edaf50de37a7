/*
 * page_cache.h - the frames that hold a file.
 *
 * Layer: object.  Takes world->lock.
 */
#ifndef OBJECT_PAGE_CACHE_H
#define OBJECT_PAGE_CACHE_H

#include "phys/phys.h"
#include "space/file.h"

/*
 * The frame of @file at @pgoff, made and filled if there is none, with a reference for the caller.
 * => in a world with pages.
 * => UMM_FAULT_OK; UMM_BUS_ADRERR past the end, where it cannot be read, and for objects whose
 *    pages are not kept; UMM_FAULT_OOM.
 */
__must_check int filemap_get_page(struct file *file, uint64_t pgoff, struct page **page);

/*
 * A hole is punched: the frames of [first, last) go, from wherever they are mapped.  As rmap.h
 * says, nothing else uses the world's address spaces meanwhile.
 */
void filemap_punch_hole(struct file *file, uint64_t first, uint64_t last);

/* Does it have frames here at all?  Those of drivers and huge pages do not. */
bool filemap_has_pages(const struct file *file);

/* Is there a frame? */
bool filemap_resident(struct file *file, uint64_t pgoff);

/*
 * Does a read that finds no table map pages of [@first, @last) along, and so make one?  It does if
 * some are in memory; but of a file that is read from somewhere not if the first of them is the
 * last of the file (seen on 6.18: such a page is not mapped as part of anything larger).
 */
bool filemap_maps_around(struct file *file, uint64_t first, uint64_t last);

#endif
