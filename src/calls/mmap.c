/*
 * mmap.c - do_mmap: the checks of mmap(2) in Linux's order.  The first that fails decides the
 * error.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mmap.h"
#include "space/accounting.h"
#include "space/unmapped_area.h"
#include "space/vma_tree.h"

/* The flags that MAP_SHARED always ignored or knew; MAP_SHARED_VALIDATE refuses all others. */
#define LEGACY_MAP_MASK                                                                            \
	(UMM_MAP_SHARED | UMM_MAP_PRIVATE | UMM_MAP_FIXED | UMM_MAP_ANONYMOUS | UMM_MAP_32BIT |    \
	 UMM_MAP_ABOVE4G | UMM_MAP_GROWSDOWN | UMM_MAP_DENYWRITE | UMM_MAP_EXECUTABLE |            \
	 UMM_MAP_LOCKED | UMM_MAP_NORESERVE | UMM_MAP_POPULATE | UMM_MAP_NONBLOCK |                \
	 UMM_MAP_STACK | UMM_MAP_HUGETLB | UMM_MAP_UNINITIALIZED |                                 \
	 (UINT64_C(21) << UMM_MAP_HUGE_SHIFT) | (UINT64_C(30) << UMM_MAP_HUGE_SHIFT))

#define MAX_LFS_FILESIZE UINT64_C(0x7fffffffffffffff)

/* The address rules before the search: hint to page and minimum. */
static umm_addr_t round_hint_to_min(const struct mm_struct *mm, umm_addr_t hint,
				    struct umm_why *why)
{
	umm_addr_t low = page_align(mm->world->settings.hint_min_addr);

	hint &= PAGE_MASK;
	if (hint && hint < low) {
		note(why, NOTE_HINT_RAISED, hint, low, 0, 0);
		return low;
	}
	return hint;
}

static vm_flags_t calc_vm_prot_bits(uint64_t prot)
{
	return (prot & UMM_PROT_READ ? VM_READ : 0) | (prot & UMM_PROT_WRITE ? VM_WRITE : 0) |
	       (prot & UMM_PROT_EXEC ? VM_EXEC : 0);
}

static vm_flags_t calc_vm_flag_bits(const struct world *world, uint64_t flags)
{
	vm_flags_t vm_flags = 0;

	if (flags & UMM_MAP_GROWSDOWN)
		vm_flags |= VM_GROWSDOWN;
	if (flags & UMM_MAP_LOCKED)
		vm_flags |= VM_LOCKED;
	if (flags & UMM_MAP_SYNC)
		vm_flags |= VM_SYNC;
	if ((flags & UMM_MAP_STACK) && rule(world, RULE_MAP_STACK_NOHUGE) &&
	    world->settings.thp_configured)
		vm_flags |= VM_NOHUGEPAGE;
	return vm_flags;
}

long mmap_check_size(struct mm_struct *mm, struct mmap_request *req, struct umm_why *why)
{
	uint64_t max = mm->world->settings.max_map_count;
	uint64_t len = req->len;
	long err;

	err = check(why, len != 0, WHY_ZERO_LENGTH, len, 0);
	if (err)
		return err;

	/* A file on a noexec mount is data, whatever the personality. */
	if ((req->prot & UMM_PROT_READ) && (mm->personality & UMM_READ_IMPLIES_EXEC) &&
	    !(req->file && (req->file->flags & UMM_FILE_NOEXEC)))
		req->prot |= UMM_PROT_EXEC;
	if ((req->flags & UMM_MAP_FIXED_NOREPLACE) && rule(mm->world, RULE_FIXED_NOREPLACE))
		req->flags |= UMM_MAP_FIXED;
	if (!(req->flags & UMM_MAP_FIXED))
		req->addr = round_hint_to_min(mm, req->addr, why);

	req->len = page_align(len);
	err = check(why, req->len != 0, WHY_LENGTH_OVERFLOW, len, 0);
	if (err)
		return err;
	if (unlikely(req->pgoff + (req->len >> PAGE_SHIFT) < req->pgoff))
		return refuse(why, WHY_PGOFF_OVERFLOW, req->pgoff, req->len >> PAGE_SHIFT);
	return check(why, mm->tree.map_count <= max, WHY_MAP_COUNT, mm->tree.map_count, max);
}

static long choose_address(struct mm_struct *mm, struct mmap_request *req, struct umm_why *why)
{
	struct unmapped_area_request area = { req->addr, req->len, req->pgoff, req->flags };
	int64_t addr = get_unmapped_area(mm, req->file, &area, why);
	const struct vm_area_struct *vma;

	if (IS_ERR_VALUE(addr))
		return (long)addr;
	req->addr = (umm_addr_t)addr;
	if (!(req->flags & UMM_MAP_FIXED_NOREPLACE) || !rule(mm->world, RULE_FIXED_NOREPLACE))
		return 0;
	vma = find_vma_intersection(&mm->tree, req->addr, req->addr + req->len);
	if (vma)
		return refuse4(why, WHY_NOREPLACE, vma->vm_start, vma->vm_end, vma->vm_flags, 0);
	passed(why, WHY_NOREPLACE, 0, 0);
	return 0;
}

static long check_lock(struct mm_struct *mm, struct mmap_request *req, struct umm_why *why)
{
	long err;

	if (req->flags & UMM_MAP_LOCKED) {
		err = check(why, can_do_mlock(mm), WHY_MLOCK_PERMISSION,
			    mm->rlimit[MM_RLIMIT_MEMLOCK].soft, 0);
		if (err)
			return err;
	}
	return mlock_future_ok(mm, req->vm_flags, req->len >> PAGE_SHIFT, WHY_MLOCK_LIMIT, why);
}

/* Does the range end within what the file's offsets can address? */
static long file_mmap_ok(const struct world *world, const struct mmap_request *req,
			 struct umm_why *why)
{
	bool is_signed = req->file->f_op->signed_offsets ||
			 (req->file->flags & UMM_FILE_SIGNED_OFFSETS);
	uint64_t limit = is_signed ? MAX_LFS_FILESIZE : UINT64_MAX;
	uint64_t last;

	if (!rule(world, RULE_FILE_SIZE_CHECK) || (req->file->flags & UMM_FILE_LARGE_OFFSETS))
		return 0;
	last = req->len > limit ? 0 : (limit - req->len) >> PAGE_SHIFT;
	return check(why, req->len <= limit && req->pgoff <= last, WHY_FILE_SIZE_LIMIT, req->pgoff,
		     last);
}

static long check_validated_flags(const struct mmap_request *req, struct umm_why *why)
{
	uint64_t known = LEGACY_MAP_MASK;

	if (req->file->f_op->knows_sync || (req->file->flags & UMM_FILE_SYNC_DAX))
		known |= UMM_MAP_SYNC;
	return check(why, !(req->flags & ~known), WHY_UNKNOWN_FLAGS, req->flags & ~known, known);
}

static long check_shared_file(struct mmap_request *req, struct umm_why *why)
{
	uint32_t mode = req->file->flags;
	long err;

	if (req->prot & UMM_PROT_WRITE) {
		err = check(why, mode & UMM_FMODE_WRITE, WHY_FILE_NOT_WRITABLE, 0, 0);
		if (err)
			return err;
		err = check(why, !(mode & UMM_FILE_SWAPFILE), WHY_SWAPFILE, 0, 0);
		if (err)
			return err;
	}
	err = check(why, !((mode & UMM_FILE_APPEND_ONLY) && (mode & UMM_FMODE_WRITE)),
		    WHY_APPEND_ONLY, 0, 0);
	if (err)
		return err;
	req->vm_flags |= VM_SHARED | VM_MAYSHARE;
	if (!(mode & UMM_FMODE_WRITE))
		req->vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
	return 0;
}

/* What every mapping of a file must pass. */
static long check_any_file(struct mmap_request *req, struct umm_why *why)
{
	const struct file *file = req->file;
	long err;

	err = check(why, file->flags & UMM_FMODE_READ, WHY_FILE_NOT_READABLE, 0, 0);
	if (err)
		return err;
	if (file->flags & UMM_FILE_NOEXEC) {
		err = check(why, !(req->vm_flags & VM_EXEC), WHY_NOEXEC_MOUNT, 0, 0);
		if (err)
			return err;
		req->vm_flags &= ~VM_MAYEXEC;
	}
	err = check(why, file->f_op->mmap != NULL, WHY_NOT_MAPPABLE, 0, 0);
	if (err)
		return err;
	return check(why, !(req->vm_flags & VM_GROWSDOWN), WHY_FILE_GROWSDOWN, 0, 0);
}

bool seals_are_checked_first(const struct world *world, const struct file *file)
{
	return rule(world, RULE_SEALS_CHECKED_FIRST) ||
	       ((file->flags & UMM_FILE_SEAL_WRITE) && rule(world, RULE_SEAL_WRITE_CHECKED_FIRST));
}

long memfd_check_seals(const struct world *world, const struct file *file, vm_flags_t *vm_flags,
		       struct umm_why *why)
{
	uint32_t seals = file->flags & (UMM_FILE_SEAL_WRITE | UMM_FILE_SEAL_FUTURE);
	bool shared = *vm_flags & VM_SHARED;
	bool refused;

	if (!seals)
		return 0;
	refused = shared && (*vm_flags & VM_WRITE);
	if (!rule(world, RULE_SEAL_WRITE_ALLOWS_READ) && (seals & UMM_FILE_SEAL_WRITE))
		refused = shared && (*vm_flags & VM_MAYWRITE);
	if (refused)
		return refuse(why, WHY_SEALED_WRITE, 0, 0);
	passed(why, WHY_SEALED_WRITE, 0, 0);
	if (shared)
		*vm_flags &= ~VM_MAYWRITE;
	return 0;
}

static long check_file(struct mm_struct *mm, struct mmap_request *req, struct umm_why *why)
{
	uint64_t type = req->flags & UMM_MAP_TYPE;
	long err;

	err = file_mmap_ok(mm->world, req, why);
	if (err)
		return err;

	switch (type) {
	case UMM_MAP_SHARED:
		req->flags &= LEGACY_MAP_MASK;
		err = check_shared_file(req, why);
		break;
	case UMM_MAP_SHARED_VALIDATE:
		if (!rule(mm->world, RULE_SHARED_VALIDATE))
			return refuse(why, WHY_MAP_TYPE, type, 0);
		err = check_validated_flags(req, why);
		if (!err)
			err = check_shared_file(req, why);
		break;
	case UMM_MAP_PRIVATE:
		err = 0;
		break;
	default:
		return refuse(why, WHY_MAP_TYPE, type, 0);
	}
	if (err)
		return err;
	passed(why, WHY_MAP_TYPE, type, 0);
	err = check_any_file(req, why);
	if (err)
		return err;
	if (!seals_are_checked_first(mm->world, req->file))
		return 0;
	return memfd_check_seals(mm->world, req->file, &req->vm_flags, why);
}

static long check_anonymous(struct mm_struct *mm, struct mmap_request *req, struct umm_why *why)
{
	uint64_t type = req->flags & UMM_MAP_TYPE;
	bool bad;
	long err;

	switch (type) {
	case UMM_MAP_SHARED:
		err = check(why, !(req->vm_flags & VM_GROWSDOWN), WHY_SHARED_GROWSDOWN, 0, 0);
		if (err)
			return err;
		req->pgoff = 0;
		req->vm_flags |= VM_SHARED | VM_MAYSHARE;
		break;
	case UMM_MAP_DROPPABLE:
		if (!rule(mm->world, RULE_DROPPABLE))
			return refuse(why, WHY_MAP_TYPE, type, 0);
		bad = (req->flags & (UMM_MAP_LOCKED | UMM_MAP_HUGETLB)) ||
		      (req->vm_flags & VM_GROWSDOWN);
		if (bad)
			return refuse(why, WHY_DROPPABLE_FLAGS, req->flags, 0);
		passed(why, WHY_DROPPABLE_FLAGS, req->flags, 0);
		req->vm_flags |= VM_DROPPABLE | VM_NORESERVE | VM_WIPEONFORK | VM_DONTDUMP;
		req->pgoff = req->addr >> PAGE_SHIFT;
		break;
	case UMM_MAP_PRIVATE:
		req->pgoff = req->addr >> PAGE_SHIFT;
		break;
	default:
		return refuse(why, WHY_MAP_TYPE, type, 0);
	}
	passed(why, WHY_MAP_TYPE, type, 0);
	return 0;
}

int64_t do_mmap(struct mm_struct *mm, struct mmap_request *req, struct umm_why *why)
{
	bool own_accounting = req->file && req->file->f_op->own_accounting;
	uint64_t flags = req->flags;
	int64_t addr;
	long err;

	req->populate = false;
	err = mmap_check_size(mm, req, why);
	if (err)
		return err;
	req->vm_flags = calc_vm_prot_bits(req->prot) | calc_vm_flag_bits(mm->world, flags) |
			mm->def_flags | VM_MAY_FLAGS;
	err = choose_address(mm, req, why);
	if (err)
		return err;
	err = check_lock(mm, req, why);
	if (err)
		return err;
	err = req->file ? check_file(mm, req, why) : check_anonymous(mm, req, why);
	if (err)
		return err;

	/* Strict overcommit does not let a process say that it needs no reserve. */
	if ((flags & UMM_MAP_NORESERVE) &&
	    (mm->world->settings.overcommit_memory != 2 || own_accounting))
		req->vm_flags |= VM_NORESERVE;

	addr = mmap_region(mm, req, why);
	if (!IS_ERR_VALUE(addr))
		req->populate = (req->vm_flags & VM_LOCKED) ||
				(flags & (UMM_MAP_POPULATE | UMM_MAP_NONBLOCK)) == UMM_MAP_POPULATE;
	return addr;
}
