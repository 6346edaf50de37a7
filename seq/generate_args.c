/*
 * generate_args.c - the arguments of each call: about something that is there, as a rule.
 */
#include <string.h>

#include "seq/generate_inside.h"

#define PAGES(n) ((n) * SEQ_PAGE)

/* ---- areas --------------------------------------------------------------------------------- */

static uint64_t any_offset(struct generator *g)
{
	static const struct weighted odd[] = {
		{ 0x800, 3 }, { UINT64_C(1) << 40, 3 }, { (UINT64_C(1) << 63) - 4096, 3 },
		{ UINT64_C(1) << 63, 2 }, { UINT64_MAX - 4095, 3 }, { UINT64_C(1) << 43, 1 },
		{ UINT64_C(2) << 20, 2 },
	};

	if (chance(g, 3))
		return PICK(g, odd);
	return chance(g, 40) ? 0 : PAGES(below(g, 20));
}

static uint64_t prot_of(uint64_t vm_flags)
{
	return vm_flags & (UMM_VM_READ | UMM_VM_WRITE | UMM_VM_EXEC);
}

/* What would go on where an area ends, so that the two may merge. */
static bool continue_area(struct generator *g, struct seq_step *step)
{
	uint64_t flags = UMM_MAP_FIXED, len = any_length(g);
	struct umm_area area;

	if (!find_area(g, 0, &area))
		return false;
	flags |= area.vm_flags & UMM_VM_SHARED ? UMM_MAP_SHARED : UMM_MAP_PRIVATE;
	if (area.vm_flags & UMM_VM_GROWSDOWN)
		flags |= UMM_MAP_GROWSDOWN;
	step->arg[4] = number(SEQ_FILE_NONE);
	if (area.file && umm_file_cookie(area.file))
		step->arg[4] = number((uintptr_t)umm_file_cookie(area.file));
	else
		flags |= UMM_MAP_ANONYMOUS;
	step->arg[0] = place(g, area.end);
	step->arg[1] = number(len);
	step->arg[2] = number(prot_of(area.vm_flags));
	step->arg[3] = number(flags);
	step->arg[5] = number(PAGES(area.pgoff) + (area.end - area.start));
	if (chance(g, 40) && area.start - g->own_end > len) {
		step->arg[0] = place(g, area.start - len);
		step->arg[5] = number(PAGES(area.pgoff) - len);
	}
	if (flags & UMM_MAP_ANONYMOUS)
		step->arg[5] = number(0);
	return true;
}

static void make_mmap(struct generator *g, struct seq_step *step)
{
	struct range range = { any_page(g), any_length(g) };
	uint64_t flags = any_map_flags(g), file = any_file(g);

	if (chance(g, 20) && continue_area(g, step))
		return;
	if (chance(g, 20))
		range = range_of_area(g, 0);
	put_range(g, step, 0, range);
	if (!(flags & UMM_MAP_FIXED) && chance(g, 50))
		step->arg[0] = number(0);
	set_flags(step, 2, any_prot(g));
	set_flags(step, 3, flags);
	set_flags(step, 4, flags & UMM_MAP_ANONYMOUS && chance(g, 97) ? SEQ_FILE_NONE : file);
	set(g, step, 5, flags & UMM_MAP_ANONYMOUS && chance(g, 90) ? 0 : any_offset(g));
}

static void make_munmap(struct generator *g, struct seq_step *step)
{
	struct range range = range_of_area(g, 0);

	/* Holes are no error, so it takes more to fail. */
	if (chance(g, 22))
		range.start += 1 + below(g, 4095);
	put_range(g, step, 0, range);
	if (chance(g, 4))
		step->arg[1] = number(0);
}

/* Often what the neighbour has, so that both may merge. */
static uint64_t wanted_prot(struct generator *g, const struct range *range)
{
	struct umm_area area = { .size = sizeof(area) };

	if (chance(g, 40) && umm_find_area(g->mm, range->start - 1, &area))
		return prot_of(area.vm_flags);
	return any_prot(g);
}

static void make_mprotect(struct generator *g, struct seq_step *step)
{
	struct range range = range_of_area(g, 0);

	put_range(g, step, 0, range);
	set_flags(step, 2, wanted_prot(g, &range));
	if (step->call == SEQ_PKEY_MPROTECT)
		set_flags(step, 3, chance(g, 70) ? UINT64_MAX : below(g, 20));
}

static void make_mremap(struct generator *g, struct seq_step *step)
{
	struct range range = range_of_area(g, 0);
	uint64_t flags = any_mremap_flags(g), new_len = any_length(g);

	if ((flags & UMM_MREMAP_DONTUNMAP) || chance(g, 25))
		new_len = range.len;
	else if (chance(g, 15))
		new_len = range.len + PAGES(1 + below(g, 3));
	if (chance(g, 3))
		range.len = 0;
	put_range(g, step, 0, range);
	set(g, step, 2, new_len);
	set_flags(step, 3, flags);
	step->arg[4] = place(g, any_page(g));
	if (chance(g, 4))
		step->arg[4].offset += 1;
}

static void make_brk(struct generator *g, struct seq_step *step)
{
	uint64_t pages = below(g, 24);

	step->arg[0] = (struct seq_value){ .base = SEQ_BASE_BRK, .offset = PAGES(pages) };
	if (chance(g, 30))
		step->arg[0].offset += below(g, 4096);
	if (chance(g, 8))
		step->arg[0].offset += UINT64_C(1) << (30 + below(g, 18));
	if (chance(g, 10))
		step->arg[0] = number(0);
}

/* Shared memory of a file, inside one area: others are refused. */
static void make_remap_file_pages(struct generator *g, struct seq_step *step)
{
	struct range range = range_of_area(g, chance(g, 80) ? UMM_VM_SHARED : 0);

	put_range(g, step, 0, range);
	set_flags(step, 2, chance(g, 92) ? 0 : any_prot(g));
	set(g, step, 3, below(g, 16));
	set_flags(step, 4, chance(g, 85) ? 0 : any_map_flags(g));
}

/* Few of them make an address space of thousands. */
static void make_many(struct generator *g, struct seq_step *step)
{
	uint64_t nr = 1 + below(g, 12), address = any_page(g);
	bool *once = g->full ? &g->full : &g->big;

	if (chance(g, 25))
		address += 1 + below(g, 4095);
	if (*once && g->state->nr + 60 >= g->steps) {
		nr = g->full ? 65600 : 1010 + below(g, 40);
		address = g->state->bases.base[SEQ_BASE_POOL];
		*once = false;
	}
	step->arg[0] = place(g, address);
	step->arg[1] = number(nr);
}

/* ---- what is said of them ------------------------------------------------------------------ */

static void make_madvise(struct generator *g, struct seq_step *step)
{
	put_range(g, step, 0, range_of_area(g, 0));
	set_flags(step, 2, any_advice(g));
}

/* One that is there; the caller itself most often. */
static uint64_t any_process(struct generator *g)
{
	uint64_t process;

	if (chance(g, 60))
		return g->process;
	do {
		process = below(g, SEQ_PROCESSES);
	} while (!(g->state->alive & (1u << process)));
	return process;
}

static void make_process_madvise(struct generator *g, struct seq_step *step)
{
	static const struct weighted advice[] = {
		{ UMM_MADV_COLD, 30 }, { UMM_MADV_PAGEOUT, 5 }, { UMM_MADV_WILLNEED, 20 },
		{ UMM_MADV_COLLAPSE, 3 }, { UMM_MADV_DONTNEED, 4 }, { UMM_MADV_GUARD_INSTALL, 4 },
		{ UMM_MADV_GUARD_REMOVE, 4 }, { UMM_MADV_NORMAL, 1 }, { 99, 1 },
	};

	set_flags(step, 0, any_process(g));
	put_range(g, step, 1, range_of_area(g, 0));
	set_flags(step, 3, PICK(g, advice));
	set_flags(step, 4, chance(g, 6) ? 1 : 0);
}

static void make_range(struct generator *g, struct seq_step *step)
{
	put_range(g, step, 0, range_of_area(g, 0));
}

static void make_mlock2(struct generator *g, struct seq_step *step)
{
	make_range(g, step);
	set_flags(step, 2, chance(g, 92) ? below(g, 2) : 2 + below(g, 6));
}

static void make_mlockall(struct generator *g, struct seq_step *step)
{
	static const struct weighted flags[] = {
		{ UMM_MCL_CURRENT, 16 }, { UMM_MCL_FUTURE, 14 }, { 3, 12 },
		{ UMM_MCL_CURRENT | UMM_MCL_ONFAULT, 10 }, { UMM_MCL_FUTURE | UMM_MCL_ONFAULT, 10 },
		{ 7, 8 }, { 0, 10 }, { UMM_MCL_ONFAULT, 10 }, { 8, 6 }, { UINT64_MAX, 2 },
	};

	set_flags(step, 0, PICK(g, flags));
}

static void make_msync(struct generator *g, struct seq_step *step)
{
	static const struct weighted flags[] = {
		{ UMM_MS_ASYNC, 30 }, { 0, 10 }, { UMM_MS_INVALIDATE, 20 }, { UMM_MS_SYNC, 12 },
		{ UMM_MS_ASYNC | UMM_MS_INVALIDATE, 10 }, { UMM_MS_SYNC | UMM_MS_ASYNC, 4 },
		{ UMM_MS_SYNC | UMM_MS_INVALIDATE, 4 }, { 8, 4 },
	};

	make_range(g, step);
	set_flags(step, 2, PICK(g, flags));
}

static void make_mincore(struct generator *g, struct seq_step *step)
{
	struct range vec = range_of_area(g, chance(g, 80) ? UMM_VM_WRITE : 0);

	make_range(g, step);
	step->arg[2] = place(g, vec.start + below(g, 4096));
}

static void make_mseal(struct generator *g, struct seq_step *step)
{
	make_range(g, step);
	set_flags(step, 2, chance(g, 8) ? 1 : 0);
}

static uint64_t any_nodes(struct generator *g)
{
	static const struct weighted nodes[] = { { 0, 25 }, { 1, 60 }, { 2, 5 }, { 3, 6 },
						 { UINT64_MAX, 2 }, { UINT64_C(1) << 63, 2 } };

	return PICK(g, nodes);
}

/* What goes with the policy: some want nodes, others want none. */
static uint64_t nodes_for(struct generator *g, uint64_t mode)
{
	if (chance(g, 55))
		return any_nodes(g);
	mode &= 0xff;
	return mode == UMM_MPOL_DEFAULT || mode == UMM_MPOL_LOCAL ? 0 : 1;
}

static void make_mbind(struct generator *g, struct seq_step *step)
{
	static const struct weighted flags[] = {
		{ 0, 60 }, { UMM_MPOL_MF_STRICT, 10 }, { UMM_MPOL_MF_MOVE, 10 },
		{ UMM_MPOL_MF_STRICT | UMM_MPOL_MF_MOVE, 6 }, { UMM_MPOL_MF_MOVE_ALL, 5 }, { 8, 2 },
	};
	uint64_t mode = any_policy(g);

	make_range(g, step);
	set_flags(step, 2, mode);
	set_flags(step, 3, nodes_for(g, mode));
	set_flags(step, 4, PICK(g, flags));
}

static void make_set_mempolicy(struct generator *g, struct seq_step *step)
{
	uint64_t mode = any_policy(g);

	set_flags(step, 0, mode);
	set_flags(step, 1, nodes_for(g, mode));
}

/* An area with a policy that a home node can be given to. */
static bool has_home(struct generator *g, const struct umm_area *area)
{
	char text[64];

	umm_policy_text(g->mm, area->start, text, sizeof(text));
	return !strncmp(text, "bind", 4) || !strncmp(text, "prefer (many)", 13);
}

/* Only where mbind asked for nodes. */
static void make_home_node(struct generator *g, struct seq_step *step)
{
	static const struct weighted nodes[] = { { 0, 94 }, { 1, 2 }, { 2, 1 }, { 1024, 1 },
						 { UINT64_MAX, 1 } };
	struct umm_area area;

	make_range(g, step);
	if (chance(g, 93) && find_area_where(g, has_home, &area)) {
		step->arg[0] = place(g, area.start);
		step->arg[1] = number(area.end - area.start);
	}
	set_flags(step, 2, PICK(g, nodes));
	set_flags(step, 3, chance(g, 5) ? 1 : 0);
}

static void make_set_vma_name(struct generator *g, struct seq_step *step)
{
	static const struct weighted names[] = {
		{ 0, 20 }, { 1, 30 }, { 2, 20 }, { 3, 5 }, { SEQ_NAME_BAD, 4 },
		{ SEQ_NAME_LONG, 4 }, { SEQ_NAME_UNREADABLE, 4 },
	};

	make_range(g, step);
	set_flags(step, 2, PICK(g, names));
}

/* ---- the address space as a whole ---------------------------------------------------------- */

/* Near what is used now, so that it is felt; most often none, so that life goes on. */
static void make_setrlimit(struct generator *g, struct seq_step *step)
{
	static const struct weighted resources[] = {
		{ UMM_RLIMIT_AS, 30 }, { UMM_RLIMIT_DATA, 30 }, { UMM_RLIMIT_MEMLOCK, 25 },
		{ UMM_RLIMIT_STACK, 12 }, { 16, 3 }, { UINT32_MAX, 2 },
	};
	uint64_t resource = PICK(g, resources), room = PAGES(below(g, 96));
	struct seq_value *soft = &step->arg[1];

	set_flags(step, 0, resource);
	*soft = number(UMM_RLIM_INFINITY);
	step->arg[2] = number(UMM_RLIM_INFINITY);
	if (chance(g, 55)) {
		*soft = number(room);
		if (resource == UMM_RLIMIT_AS)
			soft->base = SEQ_BASE_SIZE;
		else if (resource == UMM_RLIMIT_DATA)
			soft->base = SEQ_BASE_DATA;
		else if (resource == UMM_RLIMIT_STACK)
			soft->offset = PAGES(below(g, 64));
		if (chance(g, 5))
			soft->offset += 1 + below(g, 4095);
	}
	if (chance(g, 25))		/* below the soft one */
		step->arg[2] = chance(g, 80) ? number(below(g, 4096)) : *soft;
}

static void make_personality(struct generator *g, struct seq_step *step)
{
	static const struct weighted values[] = {
		{ UMM_ADDR_NO_RANDOMIZE, 30 }, { UINT32_MAX, 10 }, { UMM_MMAP_PAGE_ZERO, 3 },
		{ UMM_ADDR_NO_RANDOMIZE | UMM_READ_IMPLIES_EXEC, 20 }, { 0, 5 },
		{ UMM_ADDR_COMPAT_LAYOUT, 3 },
	};

	set_flags(step, 0, PICK(g, values));
}

static void make_set_mdwe(struct generator *g, struct seq_step *step)
{
	static const struct weighted bits[] = { { 1, 40 }, { 3, 12 }, { 0, 12 }, { 2, 8 },
						{ 4, 6 } };

	set_flags(step, 0, PICK(g, bits));
}

static void make_set_thp_disable(struct generator *g, struct seq_step *step)
{
	set_flags(step, 0, chance(g, 90) ? below(g, 2) : 2 + below(g, 3));
	set_flags(step, 1, chance(g, 60) ? 0 : 1 + below(g, 3));
}

static void make_set_memory_merge(struct generator *g, struct seq_step *step)
{
	set_flags(step, 0, chance(g, 65) ? below(g, 2) : 2 + below(g, 3));
}

static void make_set_mm(struct generator *g, struct seq_step *step)
{
	uint64_t option = chance(g, 96) ? 1 + below(g, 7) : 16 + below(g, 4);
	struct range range = range_of_area(g, option == 1 ? UMM_VM_EXEC : UMM_VM_WRITE);

	set_flags(step, 0, option);
	step->arg[1] = place(g, range.start);
	if ((option == UMM_SET_MM_START_BRK || option == UMM_SET_MM_BRK) && chance(g, 70))
		step->arg[1] = (struct seq_value){ .base = SEQ_BASE_BRK,
						   .offset = PAGES(below(g, 24)) };
}

static void make_access(struct generator *g, struct seq_step *step)
{
	uint64_t wanted = step->call == SEQ_WRITE ? UMM_VM_WRITE : UMM_VM_READ;
	struct range range = range_of_area(g, chance(g, 75) ? wanted : 0);

	step->arg[0] = place(g, range.start + below(g, range.len));
}

static void make_nothing(struct generator *g, struct seq_step *step)
{
	(void)g;
	(void)step;
}

/* ---- all of them --------------------------------------------------------------------------- */

static void (*const makers[SEQ_CALLS])(struct generator *g, struct seq_step *step) = {
	[SEQ_MMAP] = make_mmap,
	[SEQ_MUNMAP] = make_munmap,
	[SEQ_MPROTECT] = make_mprotect,
	[SEQ_PKEY_MPROTECT] = make_mprotect,
	[SEQ_MREMAP] = make_mremap,
	[SEQ_BRK] = make_brk,
	[SEQ_REMAP_FILE_PAGES] = make_remap_file_pages,
	[SEQ_MADVISE] = make_madvise,
	[SEQ_PROCESS_MADVISE] = make_process_madvise,
	[SEQ_MLOCK] = make_range,
	[SEQ_MLOCK2] = make_mlock2,
	[SEQ_MUNLOCK] = make_range,
	[SEQ_MLOCKALL] = make_mlockall,
	[SEQ_MUNLOCKALL] = make_nothing,
	[SEQ_MSYNC] = make_msync,
	[SEQ_MINCORE] = make_mincore,
	[SEQ_MSEAL] = make_mseal,
	[SEQ_MBIND] = make_mbind,
	[SEQ_SET_MEMPOLICY] = make_set_mempolicy,
	[SEQ_HOME_NODE] = make_home_node,
	[SEQ_SET_VMA_NAME] = make_set_vma_name,
	[SEQ_SETRLIMIT] = make_setrlimit,
	[SEQ_PERSONALITY] = make_personality,
	[SEQ_SET_MDWE] = make_set_mdwe,
	[SEQ_SET_THP_DISABLE] = make_set_thp_disable,
	[SEQ_SET_MEMORY_MERGE] = make_set_memory_merge,
	[SEQ_SET_MM] = make_set_mm,
	[SEQ_READ] = make_access,
	[SEQ_WRITE] = make_access,
	[SEQ_FORK] = make_nothing,
	[SEQ_EXIT] = make_nothing,
	[SEQ_MANY] = make_many,
};

void make_arguments(struct generator *g, struct seq_step *step)
{
	if (makers[step->call])
		makers[step->call](g, step);
	else
		make_object_arguments(g, step);
}
