/*
 * naive_space.c - the pages of the naive model: areas, limits, merging, anon_vmas, free space.
 */
#include <string.h>

#include <usermm/usermm.h>

#include "naive_space.h"

uint64_t round_up(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;	/* wraps to 0, as Linux's does */
}

uint64_t window_end(const struct naive *n)
{
	return n->base + n->nr;
}

bool mapped(const struct naive *n, uint64_t pn)
{
	return pn >= n->base && pn < window_end(n) && n->page[pn - n->base].mapped;
}

struct naive_page *page(struct naive *n, uint64_t pn)
{
	return &n->page[pn - n->base];
}

bool naive_find(const struct naive *n, uint64_t pn, struct naive_area *area)
{
	uint64_t start = pn < n->base ? n->base : pn, end;

	while (start < window_end(n) && !mapped(n, start))
		start++;
	if (start >= window_end(n))
		return false;
	while (!n->page[start - n->base].start)
		start--;
	end = start + 1;
	while (mapped(n, end) && !n->page[end - n->base].start)
		end++;
	*area = (struct naive_area){ start, end, n->page[start - n->base] };
	return true;
}

/* The area that ends exactly at @pn, or that begins there. */
bool area_ending(const struct naive *n, uint64_t pn, struct naive_area *area)
{
	return mapped(n, pn - 1) && naive_find(n, pn - 1, area) && area->end == pn;
}

bool area_beginning(const struct naive *n, uint64_t pn, struct naive_area *area)
{
	return mapped(n, pn) && naive_find(n, pn, area) && area->start == pn;
}

void naive_stats(const struct naive *n, struct naive_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	for (uint64_t i = 0; i < n->nr; i++) {
		const struct naive_page *p = &n->page[i];

		if (!p->mapped)
			continue;
		stats->areas += p->start;
		stats->total++;
		if (p->flags & UMM_VM_GROWSDOWN)
			stats->stack++;
		else if ((p->flags & UMM_VM_EXEC) && !(p->flags & UMM_VM_WRITE))
			stats->exec++;
		else if ((p->flags & UMM_VM_WRITE) && !(p->flags & UMM_VM_SHARED))
			stats->data++;
		stats->locked += (p->flags & UMM_VM_LOCKED) != 0;
		stats->charged += (p->flags & UMM_VM_ACCOUNT) != 0;
	}
	stats->locked += n->lost_locks;
}

/* ---- limits ------------------------------------------------------------------------------ */

/* Section 3.2.  @pages may be negative: a replacement that shrinks. */
bool may_expand(const struct naive *n, int64_t pages, uint64_t flags)
{
	struct naive_stats s;

	naive_stats(n, &s);
	if ((int64_t)s.total + pages > (int64_t)(n->limit_as / PAGE))
		return false;
	if ((flags & UMM_VM_WRITE) && !(flags & (UMM_VM_SHARED | UMM_VM_GROWSDOWN)) &&
	    (int64_t)s.data + pages > (int64_t)(n->limit_data / PAGE))
		return false;
	return true;
}

/* Section 3.3: only the size of the one request matters. */
bool may_charge(const struct naive *n, int64_t pages)
{
	return n->memory == NAIVE_NO_LIMIT || pages <= (int64_t)n->memory;
}

bool may_lock(const struct naive *n, uint64_t pages)
{
	struct naive_stats s;

	naive_stats(n, &s);
	return s.locked + pages <= n->limit_memlock / PAGE;
}

/* Where the guard gap of an area begins, as a page number. */
uint64_t gap_start(const struct naive *n, const struct naive_area *area)
{
	if (!(area->first.flags & UMM_VM_GROWSDOWN))
		return area->start;
	return area->start > n->guard_gap ? area->start - n->guard_gap : 0;
}

/* ---- merging, section 3.4 ---------------------------------------------------------------- */

static bool same_kind(const struct naive_area *x, const struct kind *k)
{
	if (x->first.flags != k->flags || x->first.file != k->file)
		return false;
	if (!k->anon && !x->first.anon)
		return true;
	if (!k->anon)
		return !x->first.forked;
	if (!x->first.anon)
		return !k->forked;
	return x->first.anon == k->anon;
}

bool fits_below(const struct naive_area *x, const struct kind *k)
{
	return same_kind(x, k) && x->first.pgoff + (x->end - x->start) == k->pgoff;
}

bool fits_above(const struct naive_area *x, const struct kind *k, uint64_t pages)
{
	return same_kind(x, k) && k->pgoff + pages == x->first.pgoff;
}

static bool agree(const struct naive_area *prev, const struct naive_area *next)
{
	return !prev->first.anon || !next->first.anon || prev->first.anon == next->first.anon;
}

void mark_start(struct naive *n, uint64_t pn, bool start)
{
	if (mapped(n, pn))
		page(n, pn)->start = start;
}

/* All pages of the area that contains @pn get the one anon_vma that some of them have. */
static void spread_anon(struct naive *n, uint64_t pn)
{
	struct naive_area area;
	int anon = 0;
	bool forked = false;

	naive_find(n, pn, &area);
	for (uint64_t p = area.start; p < area.end; p++) {
		if (page(n, p)->anon) {
			anon = page(n, p)->anon;
			forked = page(n, p)->forked;
		}
	}
	for (uint64_t p = area.start; p < area.end; p++) {
		page(n, p)->anon = anon;
		page(n, p)->forked = forked;
	}
}

/* Write the pages [start, end), as an area of their own. */
void paint(struct naive *n, uint64_t start, uint64_t end, const struct kind *k)
{
	for (uint64_t p = start; p < end; p++) {
		*page(n, p) = (struct naive_page){
			.mapped = true,
			.start = p == start,
			.flags = k->flags,
			.pgoff = k->pgoff + (p - start),
			.file = k->file,
			.file_pages = k->file_pages,
			.anon = k->anon,
			.forked = k->forked,
		};
	}
	mark_start(n, end, true);
}

/*
 * Merge the area [start, end) that was just painted, as @k, with the neighbours that fit.  With
 * @left_only, as brk does, the one above is not looked at.
 */
void join(struct naive *n, uint64_t start, uint64_t end, const struct kind *k, bool left_only)
{
	struct naive_area prev, next;
	bool left = area_ending(n, start, &prev) && fits_below(&prev, k);
	bool right = !left_only && area_beginning(n, end, &next) &&
		     fits_above(&next, k, end - start) && (!left || agree(&prev, &next));

	if (left)
		mark_start(n, start, false);
	if (right)
		mark_start(n, end, false);
	spread_anon(n, start);
}

/*
 * An area that grows takes the one above along.  Its own anon_vma is not asked for its past: what
 * came through fork grows into what was never written.
 */
void join_grown(struct naive *n, uint64_t end)
{
	struct naive_area grown, next;
	const struct naive_page *a = &grown.first, *b = &next.first;
	bool agreed;

	if (!area_ending(n, end, &grown) || !area_beginning(n, end, &next))
		return;
	if (a->anon && b->anon)
		agreed = a->anon == b->anon;
	else
		agreed = !b->anon || !b->forked;
	if (agreed && a->flags == b->flags && a->file == b->file &&
	    a->pgoff + (end - grown.start) == b->pgoff) {
		mark_start(n, end, false);
		spread_anon(n, end);
	}
}

/* ---- cutting and changing, sections 3.4 and 4.1 ------------------------------------------- */

/* Cut the edges of [start, end), as the first half of munmap. */
int cut_edges(struct naive *n, uint64_t start, uint64_t end)
{
	struct naive_area area;
	struct naive_stats s;

	naive_stats(n, &s);
	if (naive_find(n, start, &area) && area.start < start && area.end > end &&
	    s.areas >= n->max_map_count)
		return -UMM_ENOMEM;
	mark_start(n, start, true);
	mark_start(n, end, true);
	return 0;
}

void clear_pages(struct naive *n, uint64_t start, uint64_t end)
{
	for (uint64_t p = start; p < end; p++) {
		if (mapped(n, p))
			memset(page(n, p), 0, sizeof(struct naive_page));
	}
}

/* Give [start, end), which lies within @area, the flags; merge or split. */
int change_flags(struct naive *n, const struct naive_area *area, uint64_t start, uint64_t end,
		 uint64_t flags)
{
	struct kind k = {
		.flags = flags,
		.pgoff = area->first.pgoff + (start - area->start),
		.file = area->first.file,
		.file_pages = area->first.file_pages,
		.anon = area->first.anon,
		.forked = area->first.forked,
	};
	struct naive_area prev, next;
	bool left = start == area->start && area_ending(n, start, &prev) && fits_below(&prev, &k);
	bool right = end == area->end && area_beginning(n, end, &next) &&
		     fits_above(&next, &k, end - start);
	struct naive_stats s;

	if (!left && !right) {
		if (start > area->start) {
			naive_stats(n, &s);
			if (s.areas >= n->max_map_count)
				return -UMM_ENOMEM;
			mark_start(n, start, true);
		}
		if (end < area->end) {
			naive_stats(n, &s);
			if (s.areas >= n->max_map_count)
				return -UMM_ENOMEM;
			mark_start(n, end, true);
		}
	}
	paint(n, start, end, &k);
	join(n, start, end, &k, false);
	return 0;
}

/* ---- anon_vma, section 7 ----------------------------------------------------------------- */

/* Section 7.2: may @area take over the anon_vma of its neighbour? */
static bool may_lend(const struct naive_area *neighbour, const struct naive_area *area)
{
	const struct naive_page *a = &area->first, *b = &neighbour->first;

	return b->anon && !b->forked && a->file == b->file && !((a->flags ^ b->flags) & ~RWX) &&
	       a->pgoff - b->pgoff == area->start - neighbour->start;
}

void prepare_anon(struct naive *n, const struct naive_area *area)
{
	struct naive_area other;
	int anon;

	if (area->first.anon)
		return;
	if (area_beginning(n, area->end, &other) && may_lend(&other, area))
		anon = other.first.anon;
	else if (area_ending(n, area->start, &other) && may_lend(&other, area))
		anon = other.first.anon;
	else
		anon = ++*n->next_id;
	for (uint64_t p = area->start; p < area->end; p++)
		page(n, p)->anon = anon;
}

/* Section 5.9: the area that contains @pn is filled, which writes to it if it may be written. */
void populate(struct naive *n, uint64_t pn)
{
	struct naive_area area;

	naive_find(n, pn, &area);
	if ((area.first.flags & (UMM_VM_WRITE | UMM_VM_SHARED)) == UMM_VM_WRITE)
		prepare_anon(n, &area);
}

/* ---- choosing an address, section 2 ------------------------------------------------------ */

bool range_is_free(const struct naive *n, uint64_t start, uint64_t end)
{
	for (uint64_t p = start; p < end; p++) {
		if (mapped(n, p))
			return false;
	}
	return true;
}

/* A page number, or 0: nothing is free there. */
static uint64_t search_down(const struct naive *n, uint64_t high, uint64_t pages)
{
	struct naive_area next;

	for (uint64_t end = high; end >= n->base + pages; end--) {
		if (!range_is_free(n, end - pages, end))
			continue;
		if (naive_find(n, end, &next) && gap_start(n, &next) < end)
			return search_down(n, gap_start(n, &next), pages);
		return end - pages;
	}
	return 0;
}

static uint64_t search_up(const struct naive *n, uint64_t low, uint64_t high, uint64_t pages)
{
	struct naive_area next;

	for (uint64_t start = low; start + pages <= high; start++) {
		if (!range_is_free(n, start, start + pages))
			continue;
		if (naive_find(n, start, &next) && gap_start(n, &next) < start + pages)
			return search_up(n, next.end, high, pages);
		return start;
	}
	return 0;
}

static bool hint_is_good(const struct naive *n, uint64_t pn, uint64_t pages)
{
	struct naive_area next;

	if (pages > window_end(n) || pn > window_end(n) - pages)
		return false;
	return !naive_find(n, pn, &next) || pn + pages <= gap_start(n, &next);
}

/* Not MAP_FIXED.  @hint is a page number, 0 for none. */
int64_t choose(const struct naive *n, uint64_t hint, uint64_t pages)
{
	uint64_t low = n->legacy_base < n->base ? n->base : n->legacy_base, pn = 0;

	if (hint && hint_is_good(n, hint, pages))
		return (int64_t)hint;
	if (!n->bottom_up)
		pn = search_down(n, n->mmap_base, pages);
	if (!pn)
		pn = search_up(n, low, window_end(n), pages);
	return pn ? (int64_t)pn : -UMM_ENOMEM;
}

