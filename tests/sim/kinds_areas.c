/*
 * kinds_areas.c - operations on the areas of one address space.
 */
#include "machine.h"

#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ARG(n) (call->op->arg[n])

static void run_mmap(struct sim_call *call)
{
	struct umm_file *file = ARG(4) < SIM_FILES ? call->m->file[ARG(4)] : NULL;

	call->result.ret = umm_mmap(call->mm, ARG(0), ARG(1), ARG(2), ARG(3), file, 0, &call->why);
}

static uint64_t draw_map_flags(struct sim_random *r)
{
	static const uint64_t some[] = { 0, 0, 0, 0, UMM_MAP_POPULATE, UMM_MAP_LOCKED,
					 UMM_MAP_NORESERVE, UMM_MAP_GROWSDOWN,
					 UMM_MAP_FIXED_NOREPLACE };

	return some[sim_below(r, sizeof(some) / sizeof(some[0]))];
}

static void draw_anon(struct sim_random *r, struct sim_op *op)
{
	sim_draw_range(r, op);
	op->arg[2] = sim_draw_prot(r);
	op->arg[3] = UMM_MAP_ANONYMOUS | draw_map_flags(r) |
		     (sim_chance(r, 85) ? UMM_MAP_PRIVATE : UMM_MAP_SHARED);
	if (sim_chance(r, 70))
		op->arg[3] |= UMM_MAP_FIXED;
	else if (sim_chance(r, 60))
		op->arg[0] = 0;
	if (sim_chance(r, 4))
		op->arg[3] |= UMM_MAP_HUGETLB;
	op->arg[4] = SIM_FILES;
}

static void draw_file(struct sim_random *r, struct sim_op *op)
{
	sim_draw_range(r, op);
	op->arg[2] = sim_draw_prot(r);
	op->arg[3] = draw_map_flags(r) | (sim_chance(r, 50) ? UMM_MAP_PRIVATE : UMM_MAP_SHARED) |
		     (sim_chance(r, 70) ? UMM_MAP_FIXED : 0);
	op->arg[4] = sim_below(r, SIM_FILES);
}

/* A file that lives as long as its mapping. */
static void run_mmap_own(struct sim_call *call)
{
	struct umm_file_desc desc;
	struct umm_file *file;

	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.path = "/own";
	if (umm_file_new(call->m->world, &desc, &file))
		return;
	call->result.ret = umm_mmap(call->mm, ARG(0), ARG(1), ARG(2), ARG(3), file, 0, &call->why);
	umm_file_put(file);
}

static void run_munmap(struct sim_call *call)
{
	call->result.ret = umm_munmap(call->mm, ARG(0), ARG(1), &call->why);
}

static void draw_range_prot(struct sim_random *r, struct sim_op *op)
{
	sim_draw_range(r, op);
	op->arg[2] = sim_draw_prot(r);
}

static void run_mprotect(struct sim_call *call)
{
	call->result.ret = umm_mprotect(call->mm, ARG(0), ARG(1), ARG(2), -1, &call->why);
}

static void draw_mremap(struct sim_random *r, struct sim_op *op)
{
	sim_draw_range(r, op);
	op->arg[2] = sim_draw_len(r);
	op->arg[3] = sim_chance(r, 70) ? UMM_MREMAP_MAYMOVE : 0;
	if (op->arg[3] && sim_chance(r, 50)) {
		op->arg[3] |= UMM_MREMAP_FIXED;
		op->arg[4] = sim_draw_addr(r);
	}
	if (op->arg[3] && sim_chance(r, 15)) {
		op->arg[3] |= UMM_MREMAP_DONTUNMAP;
		op->arg[2] = op->arg[1];
	}
}

static void run_mremap(struct sim_call *call)
{
	call->result.ret = umm_mremap(call->mm, ARG(0), ARG(1), ARG(2), ARG(3), ARG(4), &call->why);
}

static void run_mremap_target(struct sim_call *call)
{
	call->result.ret = umm_mremap_target(call->mm, ARG(0), ARG(1), ARG(2), ARG(3), ARG(4));
}

static void draw_brk(struct sim_random *r, struct sim_op *op)
{
	op->arg[0] = HEAP + PAGE * sim_below(r, 12);
}

static void run_brk(struct sim_call *call)
{
	call->result.ret = (int64_t)umm_brk(call->mm, ARG(0), &call->why);
}

static const int advices[] = {
	UMM_MADV_NORMAL, UMM_MADV_RANDOM, UMM_MADV_DONTNEED, UMM_MADV_FREE, UMM_MADV_DONTFORK,
	UMM_MADV_DOFORK, UMM_MADV_MERGEABLE, UMM_MADV_UNMERGEABLE, UMM_MADV_HUGEPAGE,
	UMM_MADV_DONTDUMP, UMM_MADV_DODUMP, UMM_MADV_WIPEONFORK, UMM_MADV_KEEPONFORK,
	UMM_MADV_POPULATE_READ, UMM_MADV_POPULATE_WRITE, UMM_MADV_GUARD_INSTALL,
	UMM_MADV_GUARD_REMOVE, UMM_MADV_PAGEOUT,
};

static void draw_madvise(struct sim_random *r, struct sim_op *op)
{
	sim_draw_range(r, op);
	op->arg[2] = (uint64_t)advices[sim_below(r, sizeof(advices) / sizeof(advices[0]))];
}

static void run_madvise(struct sim_call *call)
{
	call->result.ret = umm_madvise(call->mm, ARG(0), ARG(1), (int)ARG(2), &call->why);
}

static void run_madvise_depends(struct sim_call *call)
{
	call->result.ret = umm_madvise_depends(call->mm, ARG(0), ARG(1), (int)ARG(2));
}

/* On the other address space. */
static void run_process_madvise(struct sim_call *call)
{
	const struct umm_range range[2] = { { ARG(0), ARG(1) }, { ARG(3), PAGE } };

	call->result.ret = umm_process_madvise(call->mm, call->other, range, 2, (int)ARG(2), 0,
					       &call->why);
}

static void draw_process_madvise(struct sim_random *r, struct sim_op *op)
{
	draw_madvise(r, op);
	op->arg[3] = sim_draw_addr(r);
	if (sim_chance(r, 50))
		op->arg[2] = UMM_MADV_COLD;
}

static void run_mlock(struct sim_call *call)
{
	call->result.ret = umm_mlock(call->mm, ARG(0), ARG(1), 0, &call->why);
}

static void run_munlock(struct sim_call *call)
{
	call->result.ret = umm_munlock(call->mm, ARG(0), ARG(1), &call->why);
}

static void draw_mlockall(struct sim_random *r, struct sim_op *op)
{
	op->arg[0] = 1 + sim_below(r, 7);
}

static void run_mlockall(struct sim_call *call)
{
	call->result.ret = umm_mlockall(call->mm, ARG(0), &call->why);
}

static void run_munlockall(struct sim_call *call)
{
	call->result.ret = umm_munlockall(call->mm, &call->why);
}

static void draw_fault(struct sim_random *r, struct sim_op *op)
{
	op->arg[0] = sim_draw_addr(r);
	op->arg[1] = sim_chance(r, 80) ? UMM_ACCESS_WRITE : UMM_ACCESS_READ;
}

static void run_fault(struct sim_call *call)
{
	call->result.ret = umm_fault(call->mm, ARG(0), (unsigned int)ARG(1), &call->why);
}

static void run_msync(struct sim_call *call)
{
	call->result.ret = umm_msync(call->mm, ARG(0), ARG(1), UMM_MS_ASYNC, &call->why);
}

static void draw_mincore(struct sim_random *r, struct sim_op *op)
{
	sim_draw_range(r, op);
	op->arg[2] = sim_draw_addr(r);
}

static void run_mincore(struct sim_call *call)
{
	call->result.ret = umm_mincore(call->mm, ARG(0), ARG(1), ARG(2), &call->why);
}

static void run_mseal(struct sim_call *call)
{
	call->result.ret = umm_mseal(call->mm, ARG(0), ARG(1), 0, &call->why);
}

static void draw_policy(struct sim_random *r, struct sim_op *op)
{
	sim_draw_range(r, op);
	op->arg[2] = sim_chance(r, 50) ? UMM_MPOL_BIND : UMM_MPOL_DEFAULT;
}

static void run_mbind(struct sim_call *call)
{
	const uint64_t word = 1;
	const struct umm_nodemask nodes = { &word, 65, 1 }, none = { NULL, 0, 0 };

	call->result.ret = umm_mbind(call->mm, ARG(0), ARG(1), ARG(2),
				     ARG(2) == UMM_MPOL_DEFAULT ? &none : &nodes, 0, UINT64_MAX,
				     &call->why);
}

static void run_policy_text(struct sim_call *call)
{
	char text[64];

	call->result.ret = (int64_t)umm_policy_text(call->mm, ARG(0), text, sizeof(text));
	if (call->result.ret)
		call->result.more = sim_hash(0, text, (size_t)call->result.ret);
}

static void draw_name(struct sim_random *r, struct sim_op *op)
{
	sim_draw_range(r, op);
	op->arg[2] = sim_below(r, 3);
}

static void run_set_name(struct sim_call *call)
{
	const struct umm_anon_name names[] = { { NULL, 0, false }, { "one", 3, false },
					       { "two", 3, false } };

	call->result.ret = umm_set_vma_name(call->mm, UMM_PR_SET_VMA_ANON_NAME, ARG(0), ARG(1),
					    &names[ARG(2)], &call->why);
}

static void draw_uffd(struct sim_random *r, struct sim_op *op)
{
	sim_draw_range(r, op);
	op->arg[2] = 1 + sim_below(r, 3);
}

static struct umm_uffd uffd_of(const struct sim_call *call)
{
	return (struct umm_uffd){ ARG(2), ARG(2) == 1 ? UMM_UFFD_FEATURE_EVENT_FORK : 0, true };
}

static void run_uffd_register(struct sim_call *call)
{
	const struct umm_uffd uffd = uffd_of(call);
	const struct umm_uffd_range range = { ARG(0), ARG(1), UMM_UFFD_MODE_MISSING, false };

	call->result.ret = umm_userfaultfd_register(call->mm, &uffd, &range, &call->why);
}

static void run_uffd_unregister(struct sim_call *call)
{
	const struct umm_uffd uffd = uffd_of(call);
	const struct umm_uffd_range range = { ARG(0), ARG(1), 0, false };

	call->result.ret = umm_userfaultfd_unregister(call->mm, &uffd, &range, &call->why);
}

static void run_uffd_release(struct sim_call *call)
{
	call->result.ret = umm_userfaultfd_release(call->mm, ARG(2), &call->why);
}

static void run_io_setup(struct sim_call *call)
{
	umm_addr_t ring;

	call->result.ret = umm_io_setup(call->mm, 8, ARG(0), 0, 2, &ring, &call->why);
	call->result.more = ring;
}

static void run_map_vdso(struct sim_call *call)
{
	const struct umm_vdso_image image = { .size = sizeof(image), .vvar_pages = 4,
					      .vclock_pages = 2, .vdso_pages = 2 };

	call->result.ret = umm_map_vdso(call->mm, ARG(0), &image, &call->why);
}

static void run_remap_file_pages(struct sim_call *call)
{
	call->result.ret = umm_remap_file_pages(call->mm, ARG(0), ARG(1), 0, 1, 0, &call->why);
}

static const struct sim_kind kinds[] = {
	{ "mmap_anon", 0, 10, draw_anon, run_mmap },
	{ "mmap_file", 0, 6, draw_file, run_mmap },
	{ "mmap_own_file", 0, 3, draw_file, run_mmap_own },
	{ "munmap", 0, 5, sim_draw_range, run_munmap },
	{ "mprotect", 0, 6, draw_range_prot, run_mprotect },
	{ "mremap", 0, 5, draw_mremap, run_mremap },
	{ "mremap_target", 0, 1, draw_mremap, run_mremap_target },
	{ "brk", 0, 4, draw_brk, run_brk },
	{ "madvise", 0, 5, draw_madvise, run_madvise },
	{ "madvise_depends", 0, 1, draw_madvise, run_madvise_depends },
	{ "process_madvise", SIM_OTHER, 3, draw_process_madvise, run_process_madvise },
	{ "mlock", 0, 3, sim_draw_range, run_mlock },
	{ "munlock", 0, 2, sim_draw_range, run_munlock },
	{ "mlockall", 0, 1, draw_mlockall, run_mlockall },
	{ "munlockall", 0, 1, draw_mlockall, run_munlockall },
	{ "fault", 0, 8, draw_fault, run_fault },
	{ "msync", 0, 1, sim_draw_range, run_msync },
	{ "mincore", 0, 1, draw_mincore, run_mincore },
	{ "mseal", 0, 1, sim_draw_range, run_mseal },
	{ "mbind", 0, 2, draw_policy, run_mbind },
	{ "policy_text", 0, 1, sim_draw_range, run_policy_text },
	{ "set_vma_name", 0, 2, draw_name, run_set_name },
	{ "uffd_register", 0, 3, draw_uffd, run_uffd_register },
	{ "uffd_unregister", 0, 1, draw_uffd, run_uffd_unregister },
	{ "uffd_release", 0, 1, draw_uffd, run_uffd_release },
	{ "io_setup", 0, 1, sim_draw_range, run_io_setup },
	{ "map_vdso", 0, 1, sim_draw_range, run_map_vdso },
	{ "remap_file_pages", 0, 1, sim_draw_range, run_remap_file_pages },
};

const struct sim_kinds sim_kinds_areas = { kinds, sizeof(kinds) / sizeof(kinds[0]) };
