/*
 * naive_mremap.c - mremap of the naive model, section 4.3.
 *
 * A move is told as what it comes to: the target is cleared, the pages are painted there and
 * joined with their neighbours, and the old ones go, unless they are to stay.
 */
#include "naive_space.h"

/* One call, in page numbers. */
struct remap {
	uint64_t old, old_pages, to, new_pages;
	uint64_t flags;
};

static bool placed(const struct remap *r)
{
	return r->flags & (UMM_MREMAP_FIXED | UMM_MREMAP_DONTUNMAP);
}

/* Are so many areas in hand, beside the three that every move wants? */
static bool areas_in_hand(const struct naive *n, uint64_t more)
{
	struct naive_stats s;

	naive_stats(n, &s);
	return s.areas + more + 3 < n->max_map_count;
}

/* Steps R1 to R10: nothing is looked at but the numbers, and that there is room for more areas. */
static int check_numbers(const struct naive *n, uint64_t old, uint64_t old_len, uint64_t new_len,
			 uint64_t flags, uint64_t new_addr)
{
	const uint64_t known = UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED | UMM_MREMAP_DONTUNMAP;
	uint64_t task = window_end(n) * PAGE;

	old_len = round_up(old_len);
	new_len = round_up(new_len);
	if (flags & ~known || old % PAGE || !new_len || new_len > task)
		return -UMM_EINVAL;
	if (!(flags & (UMM_MREMAP_FIXED | UMM_MREMAP_DONTUNMAP)))
		return 0;
	if (new_addr > task - new_len || new_addr % PAGE || !(flags & UMM_MREMAP_MAYMOVE))
		return -UMM_EINVAL;
	if ((flags & UMM_MREMAP_DONTUNMAP) && old_len != new_len)
		return -UMM_EINVAL;
	if (old + old_len > new_addr && new_addr + new_len > old)
		return -UMM_EINVAL;
	return areas_in_hand(n, 2) ? 0 : -UMM_ENOMEM;
}

/* The area keeps its place, empty: what MREMAP_DONTUNMAP leaves behind. */
static void leave_behind(struct naive *n, const struct remap *r)
{
	struct naive_area area;

	naive_find(n, r->old, &area);
	for (uint64_t p = area.start; p < area.end; p++) {
		struct naive_page *left = page(n, p);

		n->lost_locks += (left->flags & UMM_VM_LOCKED) != 0;
		left->flags &= ~(UMM_VM_LOCKED | UMM_VM_LOCKONFAULT);
	}
	if (area.start == r->old && area.end == r->old + r->old_pages) {
		for (uint64_t p = area.start; p < area.end; p++) {
			page(n, p)->anon = 0;
			page(n, p)->forked = false;
		}
	}
}

/*
 * The pages go from @area to r->to, which is free.  @cut pages of charge belong to what a call that
 * shrinks has cut off before: Linux charges them again, for nobody.
 */
static int64_t move(struct naive *n, const struct naive_area *area, const struct remap *r,
		    uint64_t cut)
{
	bool keep = r->flags & UMM_MREMAP_DONTUNMAP;
	struct kind k = {
		.flags = area->first.flags,
		.pgoff = area->first.pgoff + (r->old - area->start),
		.file = area->first.file,
		.file_pages = area->first.file_pages,
		.anon = area->first.anon,
		.forked = area->first.forked,
	};
	uint64_t end = r->to + r->new_pages;
	struct naive_area moved;

	if (!areas_in_hand(n, 0))
		return -UMM_ENOMEM;
	if (k.flags & UMM_VM_ACCOUNT) {
		uint64_t more = keep ? r->new_pages : r->new_pages - r->old_pages + cut;

		if (!may_charge(n, (int64_t)more))
			return -UMM_ENOMEM;
		n->lost_charge += cut;
	}
	if (!k.file && !k.anon)
		k.pgoff = r->to;		/* nobody would find the difference */
	paint(n, r->to, end, &k);
	join(n, r->to, end, &k, false);
	if (keep) {
		leave_behind(n, r);
	} else if (r->old_pages) {
		mark_start(n, r->old, true);
		mark_start(n, r->old + r->old_pages, true);
		clear_pages(n, r->old, r->old + r->old_pages);
	}
	if ((k.flags & UMM_VM_LOCKED) && r->new_pages > r->old_pages) {
		naive_find(n, r->to, &moved);
		populate(n, r->to);
	}
	return (int64_t)(r->to * PAGE);
}

/* Steps V3 to V11: may this range of this area become what is asked for? */
static int check_area(const struct naive *n, const struct naive_area *area, const struct remap *r)
{
	uint64_t flags = area->first.flags, old_pages = r->old_pages, delta;

	if (!old_pages && !(flags & (UMM_VM_SHARED | UMM_VM_MAYSHARE)))
		return -UMM_EINVAL;
	if (old_pages > r->new_pages)
		old_pages = r->new_pages;
	if (old_pages > area->end - r->old)
		return -UMM_EFAULT;
	delta = r->new_pages - old_pages;
	if (!delta)
		return 0;
	if ((flags & UMM_VM_LOCKED) && !may_lock(n, delta))
		return -UMM_EAGAIN;
	return may_expand(n, (int64_t)delta, flags) ? 0 : -UMM_ENOMEM;
}

/* To a place that the caller names, or near it. */
static int64_t move_to(struct naive *n, struct remap r)
{
	struct naive_area area;
	uint64_t cut = 0;
	int64_t err;

	if (!naive_find(n, r.old, &area) || area.start > r.old)
		return -UMM_EFAULT;
	err = check_area(n, &area, &r);
	if (err)
		return err;
	if (r.flags & UMM_MREMAP_FIXED) {
		err = naive_munmap(n, r.to * PAGE, r.new_pages * PAGE);
		if (err)
			return err;
		if (!mapped(n, r.old))		/* nothing at @old overlaps, but is gone now */
			return -UMM_EFAULT;
	}
	if (r.old_pages > r.new_pages) {
		cut = r.old_pages - r.new_pages;
		err = naive_munmap(n, (r.old + r.new_pages) * PAGE, cut * PAGE);
		if (err)
			return err;
		r.old_pages = r.new_pages;
	}
	if ((r.flags & UMM_MREMAP_DONTUNMAP) &&
	    !may_expand(n, (int64_t)r.old_pages, area.first.flags))
		return -UMM_ENOMEM;
	if (!(r.flags & UMM_MREMAP_FIXED)) {
		int64_t to = choose(n, r.to, r.new_pages);

		if (to < 0)
			return to;
		r.to = (uint64_t)to;
	}
	naive_find(n, r.old, &area);		/* it may have been cut */
	return move(n, &area, &r, cut);
}

/* A fixed place and no other size: each area of the range on its own, holes stay holes. */
static int64_t move_all(struct naive *n, const struct remap *r)
{
	uint64_t pn = r->old, end = r->old + r->old_pages;
	struct naive_area area;

	if (!naive_find(n, pn, &area) || area.start > pn)
		return -UMM_EFAULT;
	while (pn < end && naive_find(n, pn, &area) && area.start < end) {
		uint64_t from = area.start > pn ? area.start : pn;
		uint64_t to = area.end < end ? area.end : end;
		struct remap piece = {
			.old = from,
			.old_pages = to - from,
			.to = r->to + (from - r->old),
			.new_pages = to - from,
			.flags = r->flags,
		};
		int64_t err = move_to(n, piece);

		if (err < 0)
			return err;
		pn = to;
	}
	return (int64_t)(r->to * PAGE);
}

/* At the end of its area, with nothing above: it grows where it is. */
static bool can_grow(const struct naive *n, const struct naive_area *area, const struct remap *r)
{
	uint64_t end = r->old + r->new_pages;

	return r->old + r->old_pages == area->end && end <= window_end(n) &&
	       range_is_free(n, area->end, end);
}

static int64_t grow(struct naive *n, const struct naive_area *area, const struct remap *r)
{
	uint64_t end = r->old + r->new_pages;
	struct kind k = {
		.flags = area->first.flags,
		.pgoff = area->first.pgoff + (area->end - area->start),
		.file = area->first.file,
		.file_pages = area->first.file_pages,
		.anon = area->first.anon,
		.forked = area->first.forked,
	};

	if ((k.flags & UMM_VM_ACCOUNT) && !may_charge(n, (int64_t)(end - area->end)))
		return -UMM_ENOMEM;
	paint(n, area->end, end, &k);
	mark_start(n, area->end, false);
	join_grown(n, end);
	if (k.flags & UMM_VM_LOCKED)
		populate(n, r->old);
	return (int64_t)(r->old * PAGE);
}

static int64_t stay_or_move(struct naive *n, struct remap *r)
{
	struct naive_area area;
	int64_t to;
	int err;

	if (!naive_find(n, r->old, &area) || area.start > r->old)
		return -UMM_EFAULT;
	if (r->new_pages == r->old_pages)
		return (int64_t)(r->old * PAGE);
	if (r->new_pages < r->old_pages) {
		int64_t cut = naive_munmap(n, (r->old + r->new_pages) * PAGE,
					   (r->old_pages - r->new_pages) * PAGE);

		return cut ? cut : (int64_t)(r->old * PAGE);
	}
	err = check_area(n, &area, r);
	if (err)
		return err;
	if (can_grow(n, &area, r))
		return grow(n, &area, r);
	if (!(r->flags & UMM_MREMAP_MAYMOVE))
		return -UMM_ENOMEM;
	to = choose(n, 0, r->new_pages);
	if (to < 0)
		return to;
	r->to = (uint64_t)to;
	return move(n, &area, r, 0);
}

int64_t naive_mremap(struct naive *n, uint64_t old, uint64_t old_len, uint64_t new_len,
		     uint64_t flags, uint64_t new_addr)
{
	struct remap r = {
		.old = old / PAGE,
		.old_pages = round_up(old_len) / PAGE,
		.to = new_addr / PAGE,
		.new_pages = round_up(new_len) / PAGE,
		.flags = flags,
	};
	int err = check_numbers(n, old, old_len, new_len, flags, new_addr);

	if (err)
		return err;
	if (!placed(&r))
		return stay_or_move(n, &r);
	if ((flags & UMM_MREMAP_FIXED) && r.old_pages == r.new_pages)
		return move_all(n, &r);
	return move_to(n, r);
}
