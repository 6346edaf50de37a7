/*
 * naive.c - the calls of the naive model.
 */
#include <string.h>

#include "naive_space.h"

/* ---- unmapping, section 4.1 -------------------------------------------------------------- */

int64_t naive_munmap(struct naive *n, uint64_t addr, uint64_t len)
{
	uint64_t task = window_end(n) * PAGE, start = addr / PAGE, end;
	int err;

	if (addr % PAGE || addr > task || len > task - addr || round_up(len) == 0)
		return -UMM_EINVAL;
	end = start + round_up(len) / PAGE;
	if (range_is_free(n, start, end))
		return 0;
	err = cut_edges(n, start, end);
	if (err)
		return err;
	clear_pages(n, start, end);
	return 0;
}

/* ---- mmap, sections 1 and 3 -------------------------------------------------------------- */

static uint64_t flags_of_prot(uint64_t prot)
{
	uint64_t flags = 0;

	if (prot & UMM_PROT_READ)
		flags |= UMM_VM_READ;
	if (prot & UMM_PROT_WRITE)
		flags |= UMM_VM_WRITE;
	if (prot & UMM_PROT_EXEC)
		flags |= UMM_VM_EXEC;
	return flags;
}

/* Type checks, E18 and E19: what the area will be. */
static int decide_kind(uint64_t flags, const struct naive_file *file, uint64_t offset, uint64_t pn,
		       struct kind *k)
{
	uint64_t type = flags & UMM_MAP_TYPE;
	bool anonymous = flags & UMM_MAP_ANONYMOUS;

	if (type != UMM_MAP_SHARED && type != UMM_MAP_PRIVATE)
		return -UMM_EINVAL;

	if (!anonymous && type == UMM_MAP_SHARED) {
		if ((k->flags & UMM_VM_WRITE) && !file->writable)
			return -UMM_EACCES;
		k->flags |= UMM_VM_SHARED | UMM_VM_MAYSHARE;
		if (!file->writable)
			k->flags &= ~(UMM_VM_SHARED | UMM_VM_MAYWRITE);
	}
	if ((!anonymous || type == UMM_MAP_SHARED) && (k->flags & UMM_VM_GROWSDOWN))
		return -UMM_EINVAL;

	if (!anonymous) {
		k->file = file->id;
		k->pgoff = offset / PAGE;
	} else if (type == UMM_MAP_SHARED) {
		k->flags |= UMM_VM_SHARED | UMM_VM_MAYSHARE;
		k->pgoff = 0;
	} else {
		k->pgoff = pn;
	}
	if (flags & UMM_MAP_NORESERVE)
		k->flags |= UMM_VM_NORESERVE;
	return 0;
}

/* E14: where, as a page number, or an error. */
static int64_t place(const struct naive *n, uint64_t addr, uint64_t pages, bool fixed)
{
	if (pages > window_end(n))
		return -UMM_ENOMEM;
	if (!fixed)
		return choose(n, addr / PAGE, pages);
	if (addr > (window_end(n) - pages) * PAGE)
		return -UMM_ENOMEM;
	if (addr % PAGE)
		return -UMM_EINVAL;
	if (addr / PAGE < n->base)
		return -UMM_EPERM;
	return (int64_t)(addr / PAGE);
}

/* Section 3.1, steps M4 to M12. */
static int map_region(struct naive *n, uint64_t start, uint64_t end, struct kind *k,
		      bool shared_anonymous)
{
	int64_t pages = (int64_t)(end - start), replaced = 0, replaced_charge = 0;
	bool charge = (k->flags & UMM_VM_WRITE) &&
		      !(k->flags & (UMM_VM_SHARED | UMM_VM_NORESERVE));
	int err;

	for (uint64_t p = start; p < end; p++) {
		replaced += mapped(n, p);
		replaced_charge += mapped(n, p) && (page(n, p)->flags & UMM_VM_ACCOUNT);
	}
	if (replaced) {
		err = cut_edges(n, start, end);
		if (err)
			return err;
	}
	if (!may_expand(n, pages - replaced, k->flags))
		return -UMM_ENOMEM;
	if (charge) {
		if (!may_charge(n, pages - replaced_charge))
			return -UMM_ENOMEM;
		k->flags |= UMM_VM_ACCOUNT;
	}
	clear_pages(n, start, end);			/* no way back from here */
	if (shared_anonymous) {
		if (!(k->flags & UMM_VM_NORESERVE) && !may_charge(n, pages))
			return -UMM_ENOMEM;
		k->file = ++*n->next_id;
		k->file_pages = (uint64_t)pages;
	}
	paint(n, start, end, k);
	join(n, start, end, k, false);
	return 0;
}

int64_t naive_mmap(struct naive *n, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags,
		   const struct naive_file *file, uint64_t offset)
{
	bool fixed = flags & (UMM_MAP_FIXED | UMM_MAP_FIXED_NOREPLACE);
	struct kind k = { .flags = flags_of_prot(prot) | MAY };
	struct naive_stats s;
	uint64_t pages;
	int64_t start;
	int err;

	if (offset % PAGE)
		return -UMM_EINVAL;
	if (!(flags & UMM_MAP_ANONYMOUS) && !file)
		return -UMM_EBADF;
	if (len == 0)
		return -UMM_EINVAL;
	if (!fixed) {
		addr = addr / PAGE * PAGE;
		if (addr && addr < n->base * PAGE)
			addr = n->base * PAGE;
	}
	pages = round_up(len) / PAGE;
	if (pages == 0)
		return -UMM_ENOMEM;
	naive_stats(n, &s);
	if (s.areas > n->max_map_count)
		return -UMM_ENOMEM;
	if (flags & UMM_MAP_GROWSDOWN)
		k.flags |= UMM_VM_GROWSDOWN;
	if (flags & UMM_MAP_LOCKED)
		k.flags |= UMM_VM_LOCKED;
	if (flags & UMM_MAP_STACK)
		k.flags |= UMM_VM_NOHUGEPAGE;

	start = place(n, addr, pages, fixed);
	if (start < 0)
		return start;
	if ((flags & UMM_MAP_FIXED_NOREPLACE) &&
	    !range_is_free(n, (uint64_t)start, (uint64_t)start + pages))
		return -UMM_EEXIST;
	if ((flags & UMM_MAP_LOCKED) && n->limit_memlock == 0)
		return -UMM_EPERM;
	if ((flags & UMM_MAP_LOCKED) && !may_lock(n, pages))
		return -UMM_EAGAIN;
	err = decide_kind(flags, file, offset, (uint64_t)start, &k);
	if (err)
		return err;
	err = map_region(n, (uint64_t)start, (uint64_t)start + pages, &k,
			 (flags & UMM_MAP_ANONYMOUS) && (k.flags & UMM_VM_MAYSHARE));
	if (err)
		return err;
	if (flags & (UMM_MAP_LOCKED | UMM_MAP_POPULATE))
		populate(n, (uint64_t)start);
	return start * (int64_t)PAGE;
}

/* ---- mprotect, section 4.2 --------------------------------------------------------------- */

/* P8: one area's part [start, end) of the range. */
static int protect_area(struct naive *n, const struct naive_area *area, uint64_t start,
			uint64_t end, uint64_t access)
{
	uint64_t old = area->first.flags, flags = (old & ~RWX) | access;
	int64_t pages = (int64_t)(end - start);
	int err;

	if (access & ~(old >> 4))		/* the MAY flags stand four bits higher */
		return -UMM_EACCES;
	if (flags == old)
		return 0;
	if (flags & UMM_VM_WRITE) {
		if (!may_expand(n, pages, flags) && may_expand(n, pages, old))
			return -UMM_ENOMEM;
		if (!(old & (UMM_VM_ACCOUNT | UMM_VM_WRITE | UMM_VM_SHARED | UMM_VM_NORESERVE))) {
			if (!may_charge(n, pages))
				return -UMM_ENOMEM;
			flags |= UMM_VM_ACCOUNT;
		}
	} else if ((old & UMM_VM_ACCOUNT) && !area->first.file && !area->first.anon) {
		flags &= ~UMM_VM_ACCOUNT;
	}
	err = change_flags(n, area, start, end, flags);
	if (err)
		return err;
	if ((old & (UMM_VM_WRITE | UMM_VM_SHARED | UMM_VM_LOCKED)) == UMM_VM_LOCKED)
		populate(n, start);
	return 0;
}

int64_t naive_mprotect(struct naive *n, uint64_t addr, uint64_t len, uint64_t prot)
{
	uint64_t grows = prot & (UMM_PROT_GROWSDOWN | UMM_PROT_GROWSUP), start, end;
	struct naive_area area;

	if (grows == (UMM_PROT_GROWSDOWN | UMM_PROT_GROWSUP))
		return -UMM_EINVAL;
	if (addr % PAGE)
		return -UMM_EINVAL;
	if (!len)
		return 0;
	if (addr + round_up(len) <= addr)
		return -UMM_ENOMEM;
	prot &= ~grows;
	if (prot & ~(uint64_t)(UMM_PROT_READ | UMM_PROT_WRITE | UMM_PROT_EXEC | UMM_PROT_SEM))
		return -UMM_EINVAL;
	start = addr / PAGE;
	end = (addr + round_up(len)) / PAGE;

	if (!naive_find(n, start, &area))
		return -UMM_ENOMEM;
	if (grows == UMM_PROT_GROWSDOWN) {
		if (area.start >= end)
			return -UMM_ENOMEM;
		if (!(area.first.flags & UMM_VM_GROWSDOWN))
			return -UMM_EINVAL;
		start = area.start;
	} else {
		if (area.start > start)
			return -UMM_ENOMEM;
		if (grows)
			return -UMM_EINVAL;
	}
	while (start < end) {
		uint64_t piece;
		int err;

		if (!mapped(n, start))
			return -UMM_ENOMEM;	/* what came before stays changed */
		naive_find(n, start, &area);
		piece = area.end < end ? area.end : end;
		err = protect_area(n, &area, start, piece, flags_of_prot(prot));
		if (err)
			return err;
		start = piece;
	}
	return 0;
}

/* ---- brk, section 4.4 -------------------------------------------------------------------- */

static bool brk_shrink(struct naive *n, uint64_t start, uint64_t end)
{
	if (range_is_free(n, start, end) || cut_edges(n, start, end))
		return false;
	clear_pages(n, start, end);
	return true;
}

static bool brk_grow(struct naive *n, uint64_t start, uint64_t end)
{
	struct kind k = {
		.flags = UMM_VM_READ | UMM_VM_WRITE | MAY | UMM_VM_ACCOUNT,
		.pgoff = start,
	};
	struct naive_area next, prev;
	struct naive_stats s;
	int64_t pages = (int64_t)(end - start);

	if (end - start > window_end(n) || start > window_end(n) - (end - start))
		return false;
	if (naive_find(n, start, &next) && next.start < end + 1 + n->guard_gap &&
	    end + 1 > gap_start(n, &next))
		return false;
	naive_stats(n, &s);
	if (!may_expand(n, pages, k.flags) || s.areas > n->max_map_count || !may_charge(n, pages))
		return false;
	paint(n, start, end, &k);
	/* Only the heap itself is extended, not what happens to end where it begins. */
	if (area_ending(n, start, &prev) && prev.end * PAGE > n->start_brk)
		join(n, start, end, &k, true);
	return true;
}

uint64_t naive_brk(struct naive *n, uint64_t brk)
{
	uint64_t old = round_up(n->brk) / PAGE, new = round_up(brk) / PAGE;
	bool done = true;

	if (brk < n->start_brk)
		return n->brk;
	if (n->limit_data != NAIVE_NO_LIMIT && brk - n->start_brk > n->limit_data)
		return n->brk;
	if (new != old)
		done = brk <= n->brk ? brk_shrink(n, new, old) : brk_grow(n, old, new);
	if (done)
		n->brk = brk;
	return n->brk;
}

/* ---- fork and faults, sections 5 to 7 ---------------------------------------------------- */

int64_t naive_fork(const struct naive *n, struct naive *child)
{
	struct naive_area area;

	*child = *n;
	child->lost_locks = child->lost_charge = 0;
	for (uint64_t pn = 0; naive_find(n, pn, &area); pn = area.end) {
		bool wiped = area.first.flags & UMM_VM_WIPEONFORK;
		int anon = area.first.anon && !wiped ? ++*n->next_id : 0;

		if (area.first.flags & UMM_VM_DONTCOPY) {
			clear_pages(child, area.start, area.end);
			continue;
		}
		if ((area.first.flags & UMM_VM_ACCOUNT) &&
		    !may_charge(n, (int64_t)(area.end - area.start)))
			return -UMM_ENOMEM;
		for (uint64_t p = area.start; p < area.end; p++) {
			page(child, p)->flags &= ~(UMM_VM_LOCKED | UMM_VM_LOCKONFAULT);
			page(child, p)->anon = anon;
			page(child, p)->forked = anon != 0;
		}
	}
	return 0;
}

/* Section 5.2: @area shall begin at @pn. */
static bool grow_stack(struct naive *n, struct naive_area *area, uint64_t pn)
{
	struct naive_page *prev = NULL;
	uint64_t grow = area->start - pn, last = 0;
	struct kind k;

	if (pn < n->base)
		return false;
	for (uint64_t p = n->base; p < pn; p++) {
		if (mapped(n, p)) {
			prev = page(n, p);
			last = p;
		}
	}
	if (prev && !(prev->flags & UMM_VM_GROWSDOWN) && (prev->flags & RWX) &&
	    pn - (last + 1) < n->guard_gap)
		return false;
	prepare_anon(n, area);
	naive_find(n, area->start, area);
	if (grow > area->first.pgoff || !may_expand(n, (int64_t)grow, area->first.flags))
		return false;
	if ((area->end - pn) * PAGE > n->limit_stack)
		return false;
	if ((area->first.flags & UMM_VM_LOCKED) && !may_lock(n, grow))
		return false;
	if (!may_charge(n, (int64_t)grow))
		return false;

	k = (struct kind){
		.flags = area->first.flags,
		.pgoff = area->first.pgoff - grow,
		.file = area->first.file,
		.anon = area->first.anon,
		.forked = area->first.forked,
	};
	paint(n, pn, area->end, &k);
	naive_find(n, pn, area);
	return true;
}

int naive_fault(struct naive *n, uint64_t addr, unsigned int access)
{
	struct naive_area area;
	uint64_t pn = addr / PAGE;

	if (!naive_find(n, pn, &area))
		return UMM_SEGV_MAPERR;
	if (pn < area.start) {
		if (!(area.first.flags & UMM_VM_GROWSDOWN) || !grow_stack(n, &area, pn))
			return UMM_SEGV_MAPERR;
	}
	if ((access & UMM_ACCESS_WRITE) && !(area.first.flags & UMM_VM_WRITE))
		return UMM_SEGV_ACCERR;
	if ((access & UMM_ACCESS_EXEC) && !(area.first.flags & UMM_VM_EXEC))
		return UMM_SEGV_ACCERR;
	if (!(area.first.flags & RWX))
		return UMM_SEGV_ACCERR;
	if ((access & UMM_ACCESS_WRITE) && !(area.first.flags & UMM_VM_SHARED))
		prepare_anon(n, &area);
	return UMM_FAULT_OK;
}
