/*
 * twin.c - the library and the naive model side by side.
 */
#include "twin.h"

#define PAGE ((uint64_t)4096)

static const bool file_writable[TWIN_FILES] = { true, true, false };

struct naive twin_config(uint64_t nr, uint64_t guard)
{
	return (struct naive){
		.base = 0x100,
		.nr = nr,
		.mmap_base = 0x100 + nr,
		.legacy_base = 0x100 + nr / 3,
		.guard_gap = guard,
		.max_map_count = 65530,
		.limit_as = NAIVE_NO_LIMIT,
		.limit_data = NAIVE_NO_LIMIT,
		.limit_stack = NAIVE_NO_LIMIT,
		.limit_memlock = NAIVE_NO_LIMIT,
		.memory = NAIVE_NO_LIMIT,
		.start_brk = 0x100 * PAGE,
		.brk = 0x100 * PAGE,
	};
}

struct naive twin_from_the_bottom(struct naive config)
{
	uint64_t down = config.base - 1;

	config.base -= down;
	config.mmap_base -= down;
	config.legacy_base -= down;
	config.start_brk -= down * PAGE;
	config.brk -= down * PAGE;
	return config;
}

static struct umm_settings settings_of(const struct naive *naive)
{
	struct umm_settings settings;

	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.max_map_count = naive->max_map_count;
	settings.mmap_min_addr = naive->base * PAGE;
	settings.hint_min_addr = naive->base * PAGE;
	settings.stack_guard_gap = naive->guard_gap * PAGE;
	settings.total_swap_pages = 0;
	settings.overcommit_memory = naive->memory == NAIVE_NO_LIMIT ? 1 : 0;
	if (naive->memory != NAIVE_NO_LIMIT)
		settings.totalram_pages = naive->memory;
	return settings;
}

static void set_limits(struct umm_mm *mm, const struct naive *naive)
{
	const struct { int resource; uint64_t bytes; } limits[] = {
		{ UMM_RLIMIT_AS, naive->limit_as },
		{ UMM_RLIMIT_DATA, naive->limit_data },
		{ UMM_RLIMIT_STACK, naive->limit_stack },
		{ UMM_RLIMIT_MEMLOCK, naive->limit_memlock },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		uint64_t bytes = limits[i].bytes;

		if (bytes == NAIVE_NO_LIMIT)
			bytes = UMM_RLIM_INFINITY;
		assert_int_equal(umm_mm_set_rlimit(mm, limits[i].resource, bytes, bytes), 0);
	}
}

void twin_limits_changed(struct twin *twin)
{
	struct umm_settings settings = settings_of(&twin->naive);

	assert_int_equal(umm_world_set(twin->world, &settings), 0);
	set_limits(twin->mm, &twin->naive);
}

static void make_mm(struct twin *twin)
{
	const struct naive *naive = &twin->naive;
	struct umm_layout layout;

	assert_int_equal(umm_mm_new(twin->world, &twin->mm), 0);
	umm_layout_init(&layout, 8 << 20);
	layout.task_size = (naive->base + naive->nr) * PAGE;
	layout.mmap_base = naive->mmap_base * PAGE;
	layout.mmap_legacy_base = naive->legacy_base * PAGE;
	layout.bottom_up = naive->bottom_up;
	layout.start_code = layout.end_code = layout.start_data = layout.end_data = 0;
	layout.start_brk = naive->start_brk;
	layout.brk = naive->brk;
	layout.start_stack = 0;
	umm_mm_set_layout(twin->mm, &layout);
	set_limits(twin->mm, naive);
}

static void make_files(struct twin *twin)
{
	for (int i = 0; i < TWIN_FILES; i++) {
		struct umm_file_desc desc;

		umm_file_desc_init(&desc, UMM_FILE_REGULAR);
		desc.flags = UMM_FMODE_READ | (file_writable[i] ? UMM_FMODE_WRITE : 0);
		desc.dev_major = 8;
		desc.inode = 100 + (uint64_t)i;
		desc.path = "/some/file";
		assert_int_equal(umm_file_new(twin->world, &desc, &twin->file[i]), 0);
	}
}

void twin_init(struct twin *twin, const struct naive *config)
{
	struct umm_settings settings = settings_of(config);

	memset(twin, 0, sizeof(*twin));
	twin->naive = *config;
	twin->naive.next_id = &twin->next_id;
	twin->next_id = 100;		/* below that are the files */
	unit_memory_init(&twin->memory);
	assert_int_equal(umm_world_new(&twin->memory.platform, &settings, &twin->world), 0);
	make_files(twin);
	make_mm(twin);
}

void twin_destroy(struct twin *twin)
{
	umm_mm_put(twin->mm);
	if (!twin->charge_lost && !twin->differs)
		assert_int_equal(umm_world_committed(twin->world),
				 twin->lost_before + twin->naive.lost_charge);
	for (int i = 0; i < TWIN_FILES; i++)
		umm_file_put(twin->file[i]);
	umm_world_free(twin->world);
	assert_int_equal(twin->memory.bytes, 0);
	assert_int_equal(twin->memory.blocks, 0);
	assert_int_equal(twin->memory.locks, 0);
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void print_naive(const struct naive *naive)
{
	struct naive_area a;

	for (uint64_t pn = 0; naive_find(naive, pn, &a); pn = a.end) {
		char flags[128];

		umm_vm_flags_text(a.first.flags, flags, sizeof(flags));
		fprintf(stderr, "#   %llx-%llx pgoff %llx file %d anon %d%s %s\n",
			(unsigned long long)a.start, (unsigned long long)a.end,
			(unsigned long long)a.first.pgoff, a.first.file, a.first.anon,
			a.first.forked ? " forked" : "", flags);
	}
}

static void print_library(struct umm_mm *mm)
{
	struct umm_area a = { .size = sizeof(a) };

	for (umm_addr_t addr = 0; umm_find_area(mm, addr, &a); addr = a.end) {
		char flags[128];

		umm_vm_flags_text(a.vm_flags, flags, sizeof(flags));
		fprintf(stderr, "#   %llx-%llx pgoff %llx file %p anon %llu (%d) %s\n",
			(unsigned long long)(a.start / PAGE), (unsigned long long)(a.end / PAGE),
			(unsigned long long)a.pgoff, (void *)a.file,
			(unsigned long long)a.anon_id, (int)a.anon, flags);
	}
}

static void print_log(const struct twin *twin)
{
	static const char *const names[] = {
		"mmap", "munmap", "mprotect", "brk", "fault", "mremap", "madvise", "mlock",
		"munlock", "fork", "become child",
	};
	uint64_t i = twin->nr_ops > TWIN_LOG ? twin->nr_ops - TWIN_LOG : 0;

	for (; i < twin->nr_ops; i++) {
		const struct twin_op *op = &twin->log[i % TWIN_LOG];

		fprintf(stderr, "#   %s(%#llx, %#llx, prot %#llx, flags %#llx, file %d, %#llx",
			names[op->what], (unsigned long long)op->addr, (unsigned long long)op->len,
			(unsigned long long)op->prot, (unsigned long long)op->flags, op->file,
			(unsigned long long)op->offset);
		if (op->what == TWIN_MREMAP)
			fprintf(stderr, ", %#llx, %#llx", (unsigned long long)op->new_len,
				(unsigned long long)op->new_addr);
		fprintf(stderr, ")\n");
	}
}

static void differ(struct twin *twin, const struct naive *naive, struct umm_mm *mm,
		   const char *what, long long ours, long long theirs)
{
	twin->differs = true;
	if (twin->quiet)
		return;
	fprintf(stderr, "# after %llu operations, %s: library %lld (%#llx), naive %lld (%#llx)\n",
		(unsigned long long)twin->nr_ops, what, ours, (unsigned long long)ours, theirs,
		(unsigned long long)theirs);
	print_log(twin);
	fprintf(stderr, "# library:\n");
	print_library(mm);
	fprintf(stderr, "# naive:\n");
	print_naive(naive);
	fail();
}

#define SAME(ours, theirs)                                                                     \
	do {                                                                                   \
		if ((ours) != (theirs))                                                        \
			differ(twin, naive, mm, #theirs, (long long)(ours), (long long)(theirs)); \
	} while (0)

static void compare_area(struct twin *twin, const struct naive *naive, struct umm_mm *mm,
			 const struct umm_area *a, const struct naive_area *b)
{
	enum umm_anon anon = UMM_ANON_NONE;

	if (b->first.anon)
		anon = b->first.forked ? UMM_ANON_INHERITED : UMM_ANON_OWN;
	SAME(a->start, b->start * PAGE);
	SAME(a->end, b->end * PAGE);
	SAME(a->vm_flags, b->first.flags);
	SAME(a->pgoff, b->first.pgoff);
	SAME(a->anon, anon);
	SAME(!a->file, !b->first.file);
	SAME(!a->anon_id, !b->first.anon);
}

/* Areas, and which of them share a file or an anon_vma: each side has its own names for those. */
static void compare_areas(struct twin *twin, const struct naive *naive, struct umm_mm *mm)
{
	struct umm_area a[NAIVE_PAGES];
	struct naive_area b[NAIVE_PAGES];
	size_t nr = 0;
	umm_addr_t addr = 0;
	uint64_t pn = 0;

	for (; naive_find(naive, pn, &b[nr]); pn = b[nr++].end) {
		a[nr].size = sizeof(a[nr]);
		if (!umm_find_area(mm, addr, &a[nr])) {
			differ(twin, naive, mm, "an area is missing", 0, (long long)b[nr].start);
			return;
		}
		addr = a[nr].end;
		compare_area(twin, naive, mm, &a[nr], &b[nr]);
		for (size_t i = 0; i < nr; i++) {
			SAME(a[i].file == a[nr].file, b[i].first.file == b[nr].first.file);
			SAME(a[i].anon_id == a[nr].anon_id, b[i].first.anon == b[nr].first.anon);
		}
	}
	a[0].size = sizeof(a[0]);
	if (umm_find_area(mm, addr, &a[0]))
		differ(twin, naive, mm, "an area too many", (long long)a[0].start, 0);
}

static void compare(struct twin *twin, const struct naive *naive, struct umm_mm *mm)
{
	struct umm_mm_stats s;
	struct naive_stats t;
	struct umm_layout layout;

	if (!umm_mm_is_valid(mm))
		differ(twin, naive, mm, "valid", 0, 1);
	compare_areas(twin, naive, mm);

	umm_mm_stats(mm, &s);
	naive_stats(naive, &t);
	SAME(s.map_count, t.areas);
	SAME(s.total_vm, t.total);
	SAME(s.data_vm, t.data);
	SAME(s.exec_vm, t.exec);
	SAME(s.stack_vm, t.stack);
	SAME(s.locked_vm, t.locked);
	SAME(s.charged, (int64_t)t.charged);
	layout.size = sizeof(layout);
	umm_mm_get_layout(mm, &layout);
	SAME(layout.brk, naive->brk);
}

void twin_compare(struct twin *twin)
{
	compare(twin, &twin->naive, twin->mm);
}

/* ---- doing --------------------------------------------------------------------------------- */

static int64_t do_library(struct twin *twin, const struct twin_op *op)
{
	struct umm_file *file = op->file >= 0 ? twin->file[op->file] : NULL;

	switch (op->what) {
	case TWIN_MMAP:
		return umm_mmap(twin->mm, op->addr, op->len, op->prot, op->flags, file, op->offset,
				NULL);
	case TWIN_MUNMAP:
		return umm_munmap(twin->mm, op->addr, op->len, NULL);
	case TWIN_MPROTECT:
		return umm_mprotect(twin->mm, op->addr, op->len, op->prot, -1, NULL);
	case TWIN_MREMAP:
		return umm_mremap(twin->mm, op->addr, op->len, op->new_len, op->flags,
				  op->new_addr, NULL);
	case TWIN_MADVISE:
		return umm_madvise(twin->mm, op->addr, op->len, (int)op->prot, NULL);
	case TWIN_MLOCK:
		return umm_mlock(twin->mm, op->addr, op->len, 0, NULL);
	case TWIN_MUNLOCK:
		return umm_munlock(twin->mm, op->addr, op->len, NULL);
	case TWIN_BRK:
		return (int64_t)umm_brk(twin->mm, op->addr, NULL);
	case TWIN_FAULT:
		return umm_fault(twin->mm, op->addr, (unsigned int)op->prot, NULL);
	default:
		return -1;
	}
}

static int64_t do_naive(struct twin *twin, const struct twin_op *op)
{
	struct naive *naive = &twin->naive;
	struct naive_file file = { 0, false };

	if (op->file >= 0)
		file = (struct naive_file){ op->file + 1, file_writable[op->file] };

	switch (op->what) {
	case TWIN_MMAP:
		return naive_mmap(naive, op->addr, op->len, op->prot, op->flags,
				  op->file >= 0 ? &file : NULL, op->offset);
	case TWIN_MUNMAP:
		return naive_munmap(naive, op->addr, op->len);
	case TWIN_MPROTECT:
		return naive_mprotect(naive, op->addr, op->len, op->prot);
	case TWIN_MREMAP:
		return naive_mremap(naive, op->addr, op->len, op->new_len, op->flags, op->new_addr);
	case TWIN_MADVISE:
		return naive_madvise(naive, op->addr, op->len, (int)op->prot);
	case TWIN_MLOCK:
		return naive_mlock(naive, op->addr, op->len);
	case TWIN_MUNLOCK:
		return naive_munlock(naive, op->addr, op->len);
	case TWIN_BRK:
		return (int64_t)naive_brk(naive, op->addr);
	case TWIN_FAULT:
		return naive_fault(naive, op->addr, (unsigned int)op->prot);
	default:
		return -1;
	}
}

/* A fault below a growing area that nobody may write: see charge_lost. */
static bool grows_readonly(const struct naive *naive, uint64_t addr)
{
	struct naive_area area;

	return naive_find(naive, addr / PAGE, &area) && addr / PAGE < area.start &&
	       !(area.first.flags & UMM_VM_ACCOUNT);
}

static int64_t do_fork(struct twin *twin, bool become_child)
{
	struct umm_mm *child_mm = NULL, *mm = twin->mm;
	struct naive child;
	const struct naive *naive = &twin->naive;
	int64_t theirs = naive_fork(&twin->naive, &child);
	int64_t ours = umm_fork(twin->mm, &child_mm, NULL);

	SAME(ours, theirs);
	if (ours)
		return ours;
	if (become_child)
		twin->lost_before += naive->lost_charge;
	compare(twin, &twin->naive, twin->mm);
	compare(twin, &child, child_mm);
	if (become_child) {
		umm_mm_put(twin->mm);
		twin->mm = child_mm;
		twin->naive = child;
	} else {
		umm_mm_put(child_mm);
	}
	return 0;
}

int64_t twin_replay(struct twin *twin, const struct twin_op *op)
{
	const struct naive *naive = &twin->naive;
	struct umm_mm *mm = twin->mm;
	int64_t ours, theirs;

	twin->log[twin->nr_ops++ % TWIN_LOG] = *op;
	if (op->what == TWIN_FORK || op->what == TWIN_BECOME_CHILD) {
		ours = do_fork(twin, op->what == TWIN_BECOME_CHILD);
	} else {
		if (op->what == TWIN_FAULT && grows_readonly(naive, op->addr))
			twin->charge_lost = true;
		theirs = do_naive(twin, op);
		ours = do_library(twin, op);
		SAME(ours, theirs);
	}
	return ours;
}

void twin_replay_library(struct twin *twin, const struct twin_op *op)
{
	struct umm_mm *child = NULL;

	twin->log[twin->nr_ops++ % TWIN_LOG] = *op;
	if (op->what != TWIN_BECOME_CHILD) {
		do_library(twin, op);
	} else if (umm_fork(twin->mm, &child, NULL) == 0) {
		umm_mm_put(twin->mm);
		twin->mm = child;
	}
}

int64_t twin_do(struct twin *twin, const struct twin_op *op)
{
	int64_t ours = twin_replay(twin, op);

	twin_compare(twin);
	return ours;
}

void twin_empty(struct twin *twin)
{
	struct naive *naive = &twin->naive;

	assert_int_equal(umm_munmap(twin->mm, naive->base * PAGE, naive->nr * PAGE, NULL), 0);
	assert_int_equal(naive_munmap(naive, naive->base * PAGE, naive->nr * PAGE), 0);
	umm_adopt_brk(twin->mm, naive->start_brk);
	naive->brk = naive->start_brk;
	twin->lost_before += naive->lost_charge;
	naive->lost_charge = 0;
	twin->nr_ops = 0;
}

void twin_renew(struct twin *twin)
{
	struct naive *naive = &twin->naive;

	twin->lost_before += naive->lost_charge;
	memset(naive->page, 0, naive->nr * sizeof(naive->page[0]));
	naive->lost_locks = naive->lost_charge = 0;
	naive->brk = naive->start_brk;
	umm_mm_put(twin->mm);
	make_mm(twin);
	twin->nr_ops = 0;
}

/* ---- choosing at random -------------------------------------------------------------------- */

static bool one_in(struct unit_random *random, uint64_t n)
{
	return unit_random_below(random, n) == 0;
}

static uint64_t random_prot(struct unit_random *random)
{
	static const uint64_t prots[] = {
		UMM_PROT_NONE, UMM_PROT_READ, UMM_PROT_READ | UMM_PROT_WRITE,
		UMM_PROT_READ | UMM_PROT_WRITE, UMM_PROT_READ | UMM_PROT_EXEC,
		UMM_PROT_READ | UMM_PROT_WRITE | UMM_PROT_EXEC, UMM_PROT_WRITE,
	};

	/* Few kinds, so that neighbours are often alike. */
	return one_in(random, 3) ? prots[unit_random_below(random, 7)] :
	       one_in(random, 2) ? UMM_PROT_READ : UMM_PROT_READ | UMM_PROT_WRITE;
}

static void random_mmap(struct twin_op *op, struct unit_random *random)
{
	op->prot = random_prot(random);
	op->flags = one_in(random, 8) ? UMM_MAP_SHARED : UMM_MAP_PRIVATE;
	if (one_in(random, 4)) {
		op->file = (int)unit_random_below(random, TWIN_FILES);
		/* Often the offset that lets neighbours continue each other. */
		op->offset = one_in(random, 3) ? unit_random_below(random, 8) * PAGE : op->addr;
	} else {
		op->flags |= UMM_MAP_ANONYMOUS;
	}
	if (!one_in(random, 3))
		op->flags |= UMM_MAP_FIXED;
	else if (one_in(random, 2))
		op->addr = 0;
	if (one_in(random, 12))
		op->flags |= UMM_MAP_FIXED_NOREPLACE;
	if (one_in(random, 12))
		op->flags |= UMM_MAP_GROWSDOWN;
	if (one_in(random, 12))
		op->flags |= UMM_MAP_NORESERVE;
	if (one_in(random, 16))
		op->flags |= UMM_MAP_STACK;
	if (one_in(random, 12))
		op->flags |= one_in(random, 2) ? UMM_MAP_LOCKED : UMM_MAP_POPULATE;
}

static void random_mremap(const struct naive *n, struct twin_op *op, struct unit_random *random,
			  uint64_t pages)
{
	static const uint64_t flags[] = {
		0, UMM_MREMAP_MAYMOVE, UMM_MREMAP_MAYMOVE,
		UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED,
		UMM_MREMAP_MAYMOVE | UMM_MREMAP_DONTUNMAP,
		UMM_MREMAP_MAYMOVE | UMM_MREMAP_DONTUNMAP | UMM_MREMAP_FIXED,
		UMM_MREMAP_FIXED, UMM_MREMAP_DONTUNMAP,
	};

	op->flags = flags[unit_random_below(random, sizeof(flags) / sizeof(flags[0]))];
	op->new_addr = (n->base + unit_random_below(random, n->nr)) * PAGE;
	op->new_len = one_in(random, 2) ? op->len : (1 + unit_random_below(random, pages)) * PAGE;
	op->len %= n->nr * PAGE;
	if (one_in(random, 12))
		op->len = 0;
	if (one_in(random, 40))
		op->new_len += unit_random_below(random, 2 * PAGE) - PAGE;
}

static uint64_t random_advice(struct unit_random *random)
{
	static const uint64_t advice[] = {
		UMM_MADV_DONTFORK, UMM_MADV_DOFORK, UMM_MADV_WIPEONFORK, UMM_MADV_KEEPONFORK,
		UMM_MADV_NORMAL, UMM_MADV_RANDOM, UMM_MADV_SEQUENTIAL, UMM_MADV_DONTNEED,
	};

	return advice[unit_random_below(random, sizeof(advice) / sizeof(advice[0]))];
}

struct twin_op twin_random_op(const struct twin *twin, struct unit_random *random, uint64_t pages)
{
	static const enum twin_what kinds[] = {
		TWIN_MMAP, TWIN_MMAP, TWIN_MMAP, TWIN_MMAP, TWIN_MMAP, TWIN_MMAP, TWIN_MMAP,
		TWIN_MUNMAP, TWIN_MUNMAP, TWIN_MUNMAP,
		TWIN_MPROTECT, TWIN_MPROTECT, TWIN_MPROTECT, TWIN_MPROTECT, TWIN_MPROTECT,
		TWIN_FAULT, TWIN_FAULT, TWIN_FAULT, TWIN_FAULT,
		TWIN_BRK, TWIN_BRK, TWIN_FORK, TWIN_BECOME_CHILD,
		TWIN_MREMAP, TWIN_MREMAP, TWIN_MREMAP, TWIN_MREMAP, TWIN_MADVISE, TWIN_MADVISE,
		TWIN_MLOCK, TWIN_MUNLOCK,
	};
	const struct naive *n = &twin->naive;
	uint64_t pn = n->base + unit_random_below(random, n->nr);
	struct twin_op op = {
		.addr = pn * PAGE,
		.len = (1 + unit_random_below(random, pages)) * PAGE,
		.file = -1,
	};
	struct naive_area area;

	/* Start or end at the bounds of an area, half of the time. */
	if (one_in(random, 4) && naive_find(n, pn, &area))
		op.addr = area.start * PAGE;
	else if (one_in(random, 3) && naive_find(n, pn, &area))
		op.addr = area.end * PAGE;
	if (one_in(random, 4) && naive_find(n, op.addr / PAGE, &area) &&
	    area.end * PAGE > op.addr)
		op.len = area.end * PAGE - op.addr;
	if (one_in(random, 40))
		op.addr += 1 + unit_random_below(random, PAGE - 1);
	if (one_in(random, 40))
		op.len = unit_random_below(random, 2) ? unit_random(random) : 0;
	else if (one_in(random, 10))
		op.len -= unit_random_below(random, PAGE);

	op.what = kinds[unit_random_below(random, sizeof(kinds) / sizeof(kinds[0]))];
	switch (op.what) {
	case TWIN_MMAP:
		random_mmap(&op, random);
		break;
	case TWIN_MPROTECT:
		op.prot = random_prot(random);
		if (one_in(random, 30))
			op.prot |= UMM_PROT_GROWSDOWN;
		break;
	case TWIN_MREMAP:
		random_mremap(n, &op, random, pages);
		break;
	case TWIN_MADVISE:
		op.prot = random_advice(random);
		break;
	case TWIN_BRK:
		op.addr = n->start_brk;
		if (!one_in(random, 10))
			op.addr += unit_random_below(random, n->nr / 3 * PAGE);
		break;
	case TWIN_FAULT:
		op.prot = one_in(random, 3) ? 1u << unit_random_below(random, 3) :
					      UMM_ACCESS_WRITE;
		break;
	default:
		break;
	}
	return op;
}
