/*
 * accounting.c - counters, limits and the commit charge.
 *
 * The counters are in pages.  Each area belongs to total_vm and to at most one class: stack_vm if
 * it grows down, else data_vm if private and writable, else exec_vm if executable and not
 * writable.
 */
#include "base/assert.h"
#include "base/why.h"
#include "space/accounting.h"

uint64_t rlimit_pages(const struct mm_struct *mm, enum mm_rlimit_index which)
{
	uint64_t soft = mm->rlimit[which].soft;

	return soft == UMM_RLIM_INFINITY ? UINT64_MAX : soft >> PAGE_SHIFT;
}

static bool is_stack_mapping(vm_flags_t flags)
{
	return (flags & (VM_GROWSDOWN | VM_SHADOW_STACK)) != 0;
}

static bool is_exec_mapping(vm_flags_t flags)
{
	return (flags & (VM_EXEC | VM_WRITE)) == VM_EXEC && !is_stack_mapping(flags);
}

bool is_data_mapping(vm_flags_t flags)
{
	return (flags & (VM_WRITE | VM_SHARED)) == VM_WRITE && !is_stack_mapping(flags);
}

void vm_stat_account(struct mm_struct *mm, vm_flags_t flags, int64_t pages)
{
	uint64_t delta = (uint64_t)pages;

	mm->total_vm += delta;
	if (is_exec_mapping(flags))
		mm->exec_vm += delta;
	else if (is_stack_mapping(flags))
		mm->stack_vm += delta;
	else if (is_data_mapping(flags))
		mm->data_vm += delta;
}

static bool data_limit_ok(const struct mm_struct *mm, uint64_t data_pages)
{
	const struct mm_rlimit *limit = &mm->rlimit[MM_RLIMIT_DATA];

	if (data_pages <= rlimit_pages(mm, MM_RLIMIT_DATA))
		return true;
	/* A soft limit of 0 was set for brk alone by old programs: the hard one counts then. */
	if (limit->soft == 0 &&
	    (limit->hard == UMM_RLIM_INFINITY || data_pages <= limit->hard >> PAGE_SHIFT))
		return true;
	return mm->world->settings.ignore_rlimit_data;
}

long may_expand_vm(struct mm_struct *mm, vm_flags_t flags, int64_t pages, struct umm_why *why)
{
	uint64_t total = mm->total_vm + (uint64_t)pages;
	uint64_t limit = rlimit_pages(mm, MM_RLIMIT_AS);
	uint64_t data;

	if (total > limit)
		return refuse4(why, WHY_RLIMIT_AS, total, limit, (uint64_t)pages, 0);
	passed(why, WHY_RLIMIT_AS, total, limit);

	if (!is_data_mapping(flags) || !rule(mm->world, RULE_DATA_LIMIT_MMAP))
		return 0;
	data = mm->data_vm + (uint64_t)pages;
	limit = rlimit_pages(mm, MM_RLIMIT_DATA);
	if (!data_limit_ok(mm, data))
		return refuse4(why, WHY_RLIMIT_DATA, data, limit, (uint64_t)pages, 0);
	passed(why, WHY_RLIMIT_DATA, data, limit);
	return 0;
}

bool accountable_mapping(vm_flags_t flags)
{
	return (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE | VM_HUGETLB)) == VM_WRITE;
}

/* vm.overcommit_memory=2: what may be committed, in pages. */
static uint64_t commit_limit(const struct mm_struct *mm)
{
	const struct umm_settings *s = &mm->world->settings;
	uint64_t allowed, reserve;

	if (s->overcommit_kbytes)
		allowed = s->overcommit_kbytes >> (PAGE_SHIFT - 10);
	else
		allowed = (s->totalram_pages - min_u64(s->hugetlb_pages, s->totalram_pages)) *
			  s->overcommit_ratio / 100;
	allowed += s->total_swap_pages;

	if (!capable(mm, UMM_CAP_SYS_ADMIN)) {
		reserve = s->admin_reserve_kbytes >> (PAGE_SHIFT - 10);
		allowed -= min_u64(allowed, reserve);
	}
	reserve = min_u64(mm->total_vm / 32, s->user_reserve_kbytes >> (PAGE_SHIFT - 10));
	return allowed - min_u64(allowed, reserve);
}

void vm_acct_memory(struct mm_struct *mm, int64_t pages)
{
	commit_charge(&mm->charged, pages);
	world_event(mm->world, UMM_EVENT_CHARGE, mm, 0, 0, (uint64_t)pages);
}

/* => in strict mode, world->lock held. */
static long enough_memory(const struct mm_struct *mm, uint64_t pages, enum why_code code,
			  umm_addr_t v2, umm_addr_t v3, struct umm_why *why)
{
	const struct umm_settings *s = &mm->world->settings;
	uint64_t limit = s->totalram_pages + s->total_swap_pages;
	int64_t committed;

	switch (s->overcommit_memory) {
	case 1:
		break;
	case 0:
		/* The size of this one request is all that matters. */
		if (pages > limit)
			return refuse4(why, code, pages, limit, v2, v3);
		passed(why, code, pages, limit);
		break;
	default:
		limit = commit_limit(mm);
		committed = (int64_t)(world_committed_locked(mm->world) + pages) +
			    s->committed_elsewhere;
		committed = committed > 0 ? committed : 0;
		if ((uint64_t)committed >= limit)
			return refuse(why, WHY_OVERCOMMIT_NEVER, (uint64_t)committed, limit);
		passed(why, WHY_OVERCOMMIT_NEVER, (uint64_t)committed, limit);
		break;
	}
	return 0;
}

long vm_enough_memory(const struct mm_struct *mm, uint64_t pages, enum why_code code, umm_addr_t v2,
		      umm_addr_t v3, struct umm_why *why)
{
	struct world *world = mm->world;
	bool strict = world->settings.overcommit_memory == 2;
	long err;

	if (strict)
		read_lock(&world->platform, &world->lock);
	err = enough_memory(mm, pages, code, v2, v3, why);
	if (strict)
		read_unlock(&world->platform, &world->lock);
	return err;
}

long vm_enough_memory_charge(const struct mm_struct *mm, struct mm_struct *to, uint64_t pages,
			     enum why_code code, umm_addr_t v2, umm_addr_t v3, struct umm_why *why)
{
	struct world *world = mm->world;
	bool strict = world->settings.overcommit_memory == 2;
	long err;

	if (strict)
		write_lock(&world->platform, &world->lock);
	err = enough_memory(mm, pages, code, v2, v3, why);
	if (!err && to)
		commit_charge(&to->charged, (int64_t)pages);
	else if (!err)
		world_commit_object(world, (int64_t)pages);
	if (strict)
		write_unlock(&world->platform, &world->lock);
	if (!err && to)
		world_event(world, UMM_EVENT_CHARGE, to, 0, 0, pages);
	return err;
}

long security_vm_enough_memory_mm(struct mm_struct *mm, uint64_t pages, struct umm_why *why)
{
	long err = vm_enough_memory_charge(mm, mm, pages, WHY_OVERCOMMIT, 0, 0, why);

	if (err)
		return err;
	note(why, NOTE_CHARGED, pages, (uint64_t)commit_held(&mm->charged), 0, 0);
	return 0;
}

void vm_unacct_memory(struct mm_struct *mm, uint64_t pages, struct umm_why *why)
{
	if (!pages)
		return;
	vm_acct_memory(mm, -(int64_t)pages);
	note(why, NOTE_UNCHARGED, pages, (uint64_t)commit_held(&mm->charged), 0, 0);
}

bool can_do_mlock(const struct mm_struct *mm)
{
	return mm->rlimit[MM_RLIMIT_MEMLOCK].soft != 0 || capable(mm, UMM_CAP_IPC_LOCK);
}

long mlock_future_ok(struct mm_struct *mm, vm_flags_t flags, uint64_t pages, enum why_code code,
		     struct umm_why *why)
{
	uint64_t limit, locked;

	if (!(flags & VM_LOCKED) || capable(mm, UMM_CAP_IPC_LOCK))
		return 0;
	locked = mm->locked_vm + pages;
	limit = rlimit_pages(mm, MM_RLIMIT_MEMLOCK);
	if (locked > limit)
		return refuse4(why, code, locked, limit, mm->locked_vm, 0);
	passed(why, code, locked, limit);
	return 0;
}
