/*
 * mprotect.c - changing the protection of a range, area by area from below.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mmap.h"
#include "calls/mprotect.h"
#include "fault/change_protection.h"
#include "fault/populate.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/mm.h"
#include "space/vma.h"
#include "space/vma_tree.h"

#define PROT_KNOWN (UMM_PROT_READ | UMM_PROT_WRITE | UMM_PROT_EXEC | UMM_PROT_SEM)
#define PROT_GROWS (UMM_PROT_GROWSDOWN | UMM_PROT_GROWSUP)

/* The call, on its way along the range. */
struct mprotect_state {
	/* in, read-only after the checks */
	struct mm_struct *mm;
	umm_addr_t start, end;
	uint64_t prot;			/* PROT_READ, _WRITE, _EXEC */
	bool read_implies_exec;
	struct umm_why *why;
};

static long check_arguments(struct mprotect_state *st, uint64_t len, uint64_t prot, int pkey)
{
	uint64_t grows = prot & PROT_GROWS;
	long err;

	err = check(st->why, grows != PROT_GROWS, WHY_MPROTECT_GROWS, 0, 0);
	if (err)
		return err;
	err = check(st->why, page_aligned(st->start), WHY_MPROTECT_UNALIGNED, st->start, PAGE_SIZE);
	if (err || !len)
		return err;
	st->end = st->start + page_align(len);
	err = check(st->why, st->end > st->start, WHY_MPROTECT_WRAP, st->start, len);
	if (err)
		return err;
	prot &= ~(uint64_t)PROT_GROWS;
	err = check(st->why, !(prot & ~(uint64_t)PROT_KNOWN), WHY_MPROTECT_BITS, prot, PROT_KNOWN);
	if (err)
		return err;
	/*
	 * No world has protection keys yet: every key that is named is one that nobody allocated.
	 */
	return check(st->why, pkey == -1, WHY_MPROTECT_PKEY, (uint64_t)pkey, 0);
}

static long refuse_hole(const struct mprotect_state *st, umm_addr_t hole)
{
	return refuse4(st->why, WHY_MPROTECT_HOLE, hole, 0, st->start, st->end);
}

/* Where it begins: PROT_GROWSDOWN extends the range down to the start of the stack. */
static long find_first(struct mprotect_state *st, uint64_t grows, struct vm_area_struct **first)
{
	struct vm_area_struct *vma = find_vma(&st->mm->tree, st->start);

	*first = vma;
	if (!vma)
		return refuse_hole(st, st->start);
	if (grows & UMM_PROT_GROWSDOWN) {
		if (vma->vm_start >= st->end)
			return refuse_hole(st, st->start);
		if (!(vma->vm_flags & VM_GROWSDOWN))
			return refuse(st->why, WHY_MPROTECT_NOT_STACK, vma->vm_start, vma->vm_end);
		st->start = vma->vm_start;
	} else if (vma->vm_start > st->start) {
		return refuse_hole(st, st->start);
	} else if (grows & UMM_PROT_GROWSUP) {
		return refuse(st->why, WHY_MPROTECT_NOT_STACK, vma->vm_start, vma->vm_end);
	}
	return 0;
}

/* Everything of ours that the walk may need, before it changes anything. */
static long mprotect_reserve(const struct mprotect_state *st, const struct vm_area_struct *vma)
{
	size_t links = 0, unwritten_locked = 0;
	long err;

	for (; vma && vma->vm_start < st->end; vma = vma_next(vma)) {
		links += vma_modify_links(vma);
		if ((vma->vm_flags & VM_LOCKED) && !vma->anon_vma)
			unwritten_locked++;
	}
	if (unwritten_locked) {
		err = anon_vma_reserve(st->mm, unwritten_locked, st->why);
		if (err)
			return err;
	}
	return mm_reserve(st->mm, 2, links + unwritten_locked, st->why);
}

/*
 * Writable memory is charged when it becomes so; read-only memory that was never written gives the
 * charge back.  *new_flags gets or loses VM_ACCOUNT. => 0 and the pages charged in *charged, or
 * refused.
 */
static long mprotect_charge(const struct mprotect_state *st, const struct vm_area_struct *vma,
			    uint64_t nr_pages, vm_flags_t *new_flags, uint64_t *charged)
{
	vm_flags_t old_flags = vma->vm_flags;
	struct umm_why_entry *mark = why_mark(st->why);
	long err;

	*charged = 0;
	if (!(*new_flags & VM_WRITE)) {
		if ((old_flags & VM_ACCOUNT) && vma_is_anonymous(vma) && !vma->anon_vma &&
		    rule(st->mm->world, RULE_MPROTECT_DROPS_ACCOUNT))
			*new_flags &= ~VM_ACCOUNT;
		return 0;
	}
	/* Whoever is over the limit already is let pass: only becoming data is refused. */
	err = may_expand_vm(st->mm, *new_flags, (int64_t)nr_pages, st->why);
	if (err) {
		if (!may_expand_vm(st->mm, old_flags, (int64_t)nr_pages, NULL))
			return err;
		why_retract(st->why, mark);
	}
	if (old_flags & (VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE))
		return 0;
	err = security_vm_enough_memory_mm(st->mm, nr_pages, st->why);
	if (err)
		return err;
	*charged = nr_pages;
	*new_flags |= VM_ACCOUNT;
	return 0;
}

/* Give [start, end) of *@vma the new flags; *@vma becomes the area that holds it. */
static long mprotect_fixup(const struct mprotect_state *st, struct vm_area_struct **vma,
			   umm_addr_t start, umm_addr_t end, vm_flags_t new_flags)
{
	struct mm_struct *mm = st->mm;
	vm_flags_t old_flags = (*vma)->vm_flags;
	uint64_t nr_pages = (end - start) >> PAGE_SHIFT, charged;
	struct vm_area_struct *changed;
	long err;

	err = check(st->why, !(old_flags & VM_SEALED), WHY_SEALED, (*vma)->vm_start,
		    (*vma)->vm_end);
	if (err)
		return err;
	if (new_flags == old_flags) {
		note(st->why, NOTE_PROTECT_SAME, start, end, old_flags, 0);
		return 0;
	}
	err = mprotect_charge(st, *vma, nr_pages, &new_flags, &charged);
	if (err)
		return err;
	changed = vma_modify(mm, *vma, start, end, new_flags, st->why);
	if (IS_ERR(changed)) {
		vm_unacct_memory(mm, charged, st->why);
		return PTR_ERR(changed);
	}
	*vma = changed;
	if (mm->pages)
		change_protection(mm, changed, start, end);
	note(st->why, NOTE_PROTECTED, start, end, old_flags, new_flags);
	if ((old_flags & VM_ACCOUNT) && !(new_flags & VM_ACCOUNT))
		vm_unacct_memory(mm, nr_pages, st->why);
	vm_stat_account(mm, old_flags, -(int64_t)nr_pages);
	vm_stat_account(mm, new_flags, (int64_t)nr_pages);

	/* Locked memory that becomes writable is copied now, not at the first write. */
	if ((old_flags & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED && (new_flags & VM_WRITE))
		populate_range(mm, start, end);
	return 0;
}

/* The new flags of @vma, or refused: more than the file behind it allows, or MDWE. */
static long new_protection(const struct mprotect_state *st, const struct vm_area_struct *vma,
			   vm_flags_t *new_flags)
{
	vm_flags_t flags = vma->vm_flags & ~VM_ACCESS_FLAGS;
	vm_flags_t wanted = 0, may;

	if (st->prot & UMM_PROT_READ)
		wanted |= VM_READ;
	if (st->prot & UMM_PROT_WRITE)
		wanted |= VM_WRITE;
	if (st->prot & UMM_PROT_EXEC)
		wanted |= VM_EXEC;
	if (st->read_implies_exec && (vma->vm_flags & VM_MAYEXEC))
		wanted |= VM_EXEC;

	*new_flags = flags | wanted;
	may = (flags & VM_MAY_FLAGS) / (VM_MAYREAD / VM_READ);
	if (wanted & ~may)
		return refuse4(st->why, WHY_MPROTECT_ACCESS, wanted & ~may, may, vma->vm_start,
			       vma->vm_end);
	passed(st->why, WHY_MPROTECT_ACCESS, 0, 0);
	if (st->mm->mdwe) {
		return check(st->why, !map_deny_write_exec(st->mm, vma->vm_flags, *new_flags),
			     WHY_MDWE, 0, 0);
	}
	return 0;
}

static long mprotect_walk(const struct mprotect_state *st, struct vm_area_struct *vma)
{
	umm_addr_t addr = st->start;
	vm_flags_t new_flags;
	long err;

	for (;;) {
		umm_addr_t end;

		if (!vma || vma->vm_start > addr)
			return refuse_hole(st, addr);
		err = new_protection(st, vma, &new_flags);
		if (err)
			return err;
		end = min_u64(vma->vm_end, st->end);
		err = mprotect_fixup(st, &vma, addr, end, new_flags);
		if (err)
			return err;
		addr = end;
		if (addr >= st->end)
			break;
		/* A merge may have taken the area beyond what was changed. */
		vma = vma->vm_end > addr ? vma : vma_next(vma);
	}
	passed(st->why, WHY_MPROTECT_HOLE, 0, 0);
	mm_assert_expensive(mm_is_valid(st->mm));
	return 0;
}

long do_mprotect_pkey(struct mm_struct *mm, umm_addr_t start, uint64_t len, uint64_t prot, int pkey,
		      struct umm_why *why)
{
	struct mprotect_state st = {
		.mm = mm, .start = start, .end = start,
		.prot = prot & (UMM_PROT_READ | UMM_PROT_WRITE | UMM_PROT_EXEC),
		.read_implies_exec = (mm->personality & UMM_READ_IMPLIES_EXEC) &&
				     (prot & UMM_PROT_READ),
		.why = why,
	};
	struct vm_area_struct *vma;
	long err;

	err = check_arguments(&st, len, prot, pkey);
	if (err || !len)
		return err;
	err = find_first(&st, prot & PROT_GROWS, &vma);
	if (err)
		return err;
	err = mprotect_reserve(&st, vma);
	if (err)
		return err;
	return mprotect_walk(&st, vma);
}
