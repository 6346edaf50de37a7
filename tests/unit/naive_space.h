/*
 * naive_space.h - what the calls of the naive model are made of.
 *
 * Addresses are page numbers here; ranges are half open.
 */
#ifndef TESTS_NAIVE_SPACE_H
#define TESTS_NAIVE_SPACE_H

#include <usermm/usermm.h>

#include "naive.h"

#define PAGE ((uint64_t)4096)
#define RWX (UMM_VM_READ | UMM_VM_WRITE | UMM_VM_EXEC)
#define MAY (UMM_VM_MAYREAD | UMM_VM_MAYWRITE | UMM_VM_MAYEXEC)

/* What an area shall be. */
struct kind {
	uint64_t flags, pgoff, file_pages;
	int file, anon;
	bool forked;
};

/* Bytes up to a whole number of pages: wraps to 0, as Linux's does. */
uint64_t round_up(uint64_t bytes);

/* The page after the last that can be mapped; pages; what is free. */
uint64_t window_end(const struct naive *n);
bool mapped(const struct naive *n, uint64_t pn);
struct naive_page *page(struct naive *n, uint64_t pn);
bool range_is_free(const struct naive *n, uint64_t start, uint64_t end);

/* The area that ends exactly at @pn, or that begins there. */
bool area_ending(const struct naive *n, uint64_t pn, struct naive_area *area);
bool area_beginning(const struct naive *n, uint64_t pn, struct naive_area *area);

/* Sections 3.2, 3.3 and 1: may so many pages more be had?  A negative number gives some back. */
bool may_expand(const struct naive *n, int64_t pages, uint64_t flags);
bool may_charge(const struct naive *n, int64_t pages);
bool may_lock(const struct naive *n, uint64_t pages);

/* Where the guard gap of an area begins. */
uint64_t gap_start(const struct naive *n, const struct naive_area *area);

/* Would the area below continue as @k, or @pages of @k as the area above? */
bool fits_below(const struct naive_area *x, const struct kind *k);
bool fits_above(const struct naive_area *x, const struct kind *k, uint64_t pages);

/* Begin an area at @pn, or not, if there is a page. */
void mark_start(struct naive *n, uint64_t pn, bool start);

/* Write the pages [start, end), as an area of their own. */
void paint(struct naive *n, uint64_t start, uint64_t end, const struct kind *k);

/* Merge what was just painted with the neighbours that fit; with @left_only not the one above. */
void join(struct naive *n, uint64_t start, uint64_t end, const struct kind *k,
	  bool left_only);

/* What ends at @end has grown up to there: merge with the area above if that fits. */
void join_grown(struct naive *n, uint64_t end);

/*
 * Cut the edges of [start, end), as the first half of munmap: 0, or -UMM_ENOMEM.  And take its
 * pages away, as the second.
 */
int cut_edges(struct naive *n, uint64_t start, uint64_t end);
void clear_pages(struct naive *n, uint64_t start, uint64_t end);

/* Give [start, end), which lies within @area, the flags; merge or split.  0, or -UMM_ENOMEM. */
int change_flags(struct naive *n, const struct naive_area *area, uint64_t start, uint64_t end,
		 uint64_t flags);

/* Where a mapping without MAP_FIXED goes, or -UMM_ENOMEM.  @hint is 0 for none. */
int64_t choose(const struct naive *n, uint64_t hint, uint64_t pages);

/* The area gets an anon_vma; the area at @pn is filled. */
void prepare_anon(struct naive *n, const struct naive_area *area);
void populate(struct naive *n, uint64_t pn);

#endif
