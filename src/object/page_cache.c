/*
 * page_cache.c - the frames that hold a file.
 *
 * The simplest object that can be mapped: each umm_file has frames of its own, filled when first
 * wanted, by the embedder or with zeroes, and kept until the file goes.  Nothing is written back
 * and nothing reclaimed.  Shared memory is such an object with nobody behind it; the attachments of
 * a System V segment have their frames in the segment's own file.
 */
#include "base/assert.h"
#include "base/err.h"
#include "object/page_cache.h"
#include "rmap/rmap.h"

bool filemap_has_pages(const struct file *file)
{
	return !file->f_op->own_accounting && !file->f_op->no_page_cache &&
	       file->page_shift == PAGE_SHIFT;
}

static void file_free_pages(struct file *file)
{
	struct phys *phys = file->world->phys;
	uint64_t index = 0;
	struct page *page;

	for (; (page = radix_next(&file->pages, &index)); index++) {
		/* Who is reading from it still (get_user_page) is the last to hold it. */
		mm_assert(page_mapcount(page) == 0);
		page->mapping = NULL;
		put_page(phys, page);
	}
	radix_destroy(&file->pages, &file->world->platform);
}

/* Fill a frame that nobody sees yet.  False: it cannot be read. */
static bool read_page(struct file *file, uint64_t pgoff, struct page *page)
{
	struct phys *phys = file->world->phys;
	uint64_t start = pgoff << PAGE_SHIFT;
	char *contents = page_address(phys, page);

	if (!contents)
		return true;
	if (!file->read_page) {
		clear_page(phys, page);
		return true;
	}
	if (file->read_page(file->cookie, pgoff, contents))
		return false;
	if (file->size - start < PAGE_SIZE)	/* what lies past the end reads as zero */
		memset(contents + (file->size - start), 0, PAGE_SIZE - (file->size - start));
	return true;
}

static struct page *make_page(struct file *file, uint64_t pgoff, int *fault)
{
	struct page *page = alloc_page(file->world->phys);

	*fault = UMM_FAULT_OOM;
	if (!page)
		return NULL;
	if (!read_page(file, pgoff, page)) {
		put_page(file->world->phys, page);
		*fault = UMM_BUS_ADRERR;
		return NULL;
	}
	page->mapping = file;
	page->index = pgoff;
	if (file->f_op->shmem_pages)
		page_set(page, PG_SHMEM | PG_SWAPBACKED);
	return page;
}

static struct page *find_get_page(struct file *file, uint64_t pgoff)
{
	const struct umm_platform *platform = &file->world->platform;
	struct page *page;

	read_lock(platform, &file->world->lock);
	page = radix_get(&file->pages, pgoff);
	if (page)
		get_page(page);
	read_unlock(platform, &file->world->lock);
	return page;
}

/* Enter @page, unless somebody was faster: the one that is there, with a reference more. */
static struct page *add_page(struct file *file, uint64_t pgoff, struct page *page, int *fault)
{
	const struct umm_platform *platform = &file->world->platform;
	struct page *there;
	int err = 0;

	write_lock(platform, &file->world->lock);
	there = radix_get(&file->pages, pgoff);
	if (!there) {
		err = radix_insert(&file->pages, platform, pgoff, page);
		there = err ? NULL : page;
		file->free_pages = file_free_pages;
	}
	if (there)
		get_page(there);
	write_unlock(platform, &file->world->lock);
	if (there != page)
		put_page(file->world->phys, page);
	*fault = err ? UMM_FAULT_OOM : UMM_FAULT_OK;
	return there;
}

int filemap_get_page(struct file *file, uint64_t pgoff, struct page **page)
{
	int fault = UMM_FAULT_OK;

	if (!filemap_has_pages(file))
		return UMM_BUS_ADRERR;
	file = file_host(file);
	if (file->size != UINT64_MAX && pgoff >= page_align(file->size) >> PAGE_SHIFT)
		return UMM_BUS_ADRERR;
	*page = find_get_page(file, pgoff);
	if (*page)
		return UMM_FAULT_OK;
	*page = make_page(file, pgoff, &fault);
	if (*page)
		*page = add_page(file, pgoff, *page, &fault);
	return fault;
}

void filemap_punch_hole(struct file *file, uint64_t first, uint64_t last)
{
	const struct umm_platform *platform = &file->world->platform;
	struct page *page;

	if (!filemap_has_pages(file))
		return;
	file = file_host(file);
	/*
	 * One step for who looks a page up.  Who has one in his hand and is about to map it comes
	 * before it is unmapped, or sees the mark: both under the lock of his table.
	 */
	write_lock(platform, &file->world->lock);
	for (uint64_t index = first; (page = radix_next(&file->pages, &index)) && index < last;
	     index++)
		page_set(page, PG_TRUNCATED);
	unmap_mapping_range(file, first, last);
	for (uint64_t index = first; (page = radix_next(&file->pages, &index)) && index < last;
	     index++) {
		radix_erase(&file->pages, index);
		page->mapping = NULL;
		put_page(file->world->phys, page);
	}
	write_unlock(platform, &file->world->lock);
}

bool filemap_resident(struct file *file, uint64_t pgoff)
{
	const struct umm_platform *platform = &file->world->platform;
	bool resident;

	file = file_host(file);
	read_lock(platform, &file->world->lock);
	resident = radix_get(&file->pages, pgoff) != NULL;
	read_unlock(platform, &file->world->lock);
	return resident;
}

bool filemap_maps_around(struct file *file, uint64_t first, uint64_t last)
{
	uint64_t end;

	if (!filemap_has_pages(file))
		return false;
	file = file_host(file);
	end = file->size == UINT64_MAX ? last : page_align(file->size) >> PAGE_SHIFT;
	for (; first < min_u64(last, end); first++) {
		/* What is read in when it is asked for, Linux has read ahead. */
		if (file->read_page)
			return first + 1 < end;
		if (filemap_resident(file, first))
			return true;
	}
	return false;
}
