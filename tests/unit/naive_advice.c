/*
 * naive_advice.c - madvise and mlock of the naive model, sections 4.5 and 4.6.
 */
#include "naive_space.h"

#define LOCKS (UMM_VM_LOCKED | UMM_VM_LOCKONFAULT)

/* What @advice makes of the flags of an area: 0, or an error. */
static int advised_flags(int advice, const struct naive_page *first, uint64_t *flags)
{
	const uint64_t reading = UMM_VM_RAND_READ | UMM_VM_SEQ_READ;

	*flags = first->flags;
	switch (advice) {
	case UMM_MADV_NORMAL:
		*flags &= ~reading;
		return 0;
	case UMM_MADV_RANDOM:
		*flags = (*flags & ~reading) | UMM_VM_RAND_READ;
		return 0;
	case UMM_MADV_SEQUENTIAL:
		*flags = (*flags & ~reading) | UMM_VM_SEQ_READ;
		return 0;
	case UMM_MADV_DONTNEED:
		return first->flags & UMM_VM_LOCKED ? -UMM_EINVAL : 0;
	case UMM_MADV_DONTFORK:
		*flags |= UMM_VM_DONTCOPY;
		return 0;
	case UMM_MADV_DOFORK:
		*flags &= ~UMM_VM_DONTCOPY;
		return 0;
	case UMM_MADV_WIPEONFORK:
		if (first->file || (first->flags & UMM_VM_SHARED))
			return -UMM_EINVAL;
		*flags |= UMM_VM_WIPEONFORK;
		return 0;
	case UMM_MADV_KEEPONFORK:
		*flags &= ~UMM_VM_WIPEONFORK;
		return 0;
	default:
		return -UMM_EINVAL;
	}
}

/* Holes are passed over, and told at the end. */
int64_t naive_madvise(struct naive *n, uint64_t addr, uint64_t len, int advice)
{
	uint64_t pn = addr / PAGE, end = pn + round_up(len) / PAGE, flags;
	struct naive_page nothing = { 0 };
	struct naive_area area;
	bool hole = false;

	if (advised_flags(advice, &nothing, &flags) || addr % PAGE || (len && !round_up(len)) ||
	    addr + round_up(len) < addr)
		return -UMM_EINVAL;
	for (; pn < end; pn = area.end) {
		uint64_t piece;
		int err;

		if (!naive_find(n, pn, &area) || area.start >= end)
			return -UMM_ENOMEM;
		if (area.start > pn) {
			hole = true;
			pn = area.start;
		}
		err = advised_flags(advice, &area.first, &flags);
		if (err)
			return err;
		piece = area.end < end ? area.end : end;
		if (flags != area.first.flags && change_flags(n, &area, pn, piece, flags))
			return -UMM_EAGAIN;
		area.end = piece;
	}
	return hole ? -UMM_ENOMEM : 0;
}

/* The areas of [pn, end) get @locks, up to the first hole. */
static int set_locks(struct naive *n, uint64_t pn, uint64_t end, uint64_t locks)
{
	struct naive_area area;

	while (pn < end) {
		uint64_t flags, piece;

		if (!mapped(n, pn))
			return -UMM_ENOMEM;
		naive_find(n, pn, &area);
		flags = (area.first.flags & ~LOCKS) | locks;
		piece = area.end < end ? area.end : end;
		if (flags != area.first.flags && change_flags(n, &area, pn, piece, flags))
			return -UMM_ENOMEM;
		pn = piece;
	}
	return 0;
}

/*
 * All of [pn, end) is filled, upwards; what nobody may touch cannot be, nor what is not there:
 * pages behind the end of shared memory.
 */
static int fill(struct naive *n, uint64_t pn, uint64_t end)
{
	for (; pn < end; pn++) {
		const struct naive_page *p = page(n, pn);

		if (!(p->flags & RWX) || (p->file_pages && p->pgoff >= p->file_pages))
			return -UMM_ENOMEM;
		populate(n, pn);
	}
	return 0;
}

int64_t naive_mlock(struct naive *n, uint64_t addr, uint64_t len)
{
	uint64_t bytes = round_up(len + addr % PAGE), locked = 0;
	uint64_t pn = addr / PAGE, end = pn + bytes / PAGE;
	int err;

	if (n->limit_memlock == 0)
		return -UMM_EPERM;
	for (uint64_t p = n->base; p < window_end(n); p++)
		locked += p >= pn && p < end && (page(n, p)->flags & UMM_VM_LOCKED);
	if (!may_lock(n, end - pn) && !may_lock(n, end - pn - locked))
		return -UMM_ENOMEM;
	if (pn * PAGE + bytes < bytes)
		return -UMM_EINVAL;
	err = set_locks(n, pn, end, UMM_VM_LOCKED);
	return err ? err : fill(n, pn, end);
}

int64_t naive_munlock(struct naive *n, uint64_t addr, uint64_t len)
{
	uint64_t pn = addr / PAGE, bytes = round_up(len + addr % PAGE);

	if (pn * PAGE + bytes < bytes)
		return -UMM_EINVAL;
	return set_locks(n, pn, pn + bytes / PAGE, 0);
}
