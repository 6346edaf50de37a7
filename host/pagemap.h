/*
 * pagemap.h - does a range hold an anonymous page?
 *
 * Layer: host.  The page tables are the truth about faults that nobody reports: an area with an
 * anonymous page has an anon_vma.  The reverse does not hold once pages were dropped, so ask before
 * the calls that drop them.
 */
#ifndef HOST_PAGEMAP_H
#define HOST_PAGEMAP_H

#include <stdint.h>

/*
 * 1 if [start, end) holds a page, present or swapped, that is neither of a file nor the zero page;
 * 0 if not; or a negative error: -E2BIG if an old kernel would have to be asked page by page, of
 * more pages than can be.
 */
int pagemap_has_anon(int pagemap_fd, uint64_t start, uint64_t end);

/*
 * The address of the first page in [start, end) that is present and not the zero page: 1 and
 * *page, 0 if there is none, or a negative error.
 */
int pagemap_first_present(int pagemap_fd, uint64_t start, uint64_t end, uint64_t *page);

/*
 * The first run of guard pages (madvise(MADV_GUARD_INSTALL)) in [start, end): 1 and its range, 0,
 * or a negative error; -ENOTTY where the kernel cannot tell.
 */
int pagemap_next_guards(int pagemap_fd, uint64_t start, uint64_t end, uint64_t *first,
			uint64_t *past);

enum pagemap_kind {
	PAGEMAP_ZERO,			/* the zero page */
	PAGEMAP_OWN,			/* an anonymous page that is mapped here alone */
	PAGEMAP_SHARED,			/* one that others map as well */
	PAGEMAP_HUGE,			/* of 2 MiB, mapped here alone */
	PAGEMAP_SWAPPED,		/* in swap, or on its way elsewhere */
	PAGEMAP_GUARD,			/* no page: a guard marker */
};

/* Pages of one kind, one after the other. */
struct pagemap_run {
	uint64_t start, end;
	enum pagemap_kind kind;
};

/*
 * The first run in [start, end) of what is no file's: 1, 0 if there is none, or a negative error:
 * -ENOTTY before Linux 6.7.
 */
int pagemap_next_run(int pagemap_fd, uint64_t start, uint64_t end, struct pagemap_run *run);

#endif
