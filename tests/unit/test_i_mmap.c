/*
 * test_i_mmap.c - the areas that files and anon_vmas name, against all areas looked through.
 */
#include "space/anon_vma.h"
#include "space/i_mmap.h"
#include "space/vma_tree.h"

#include "pages_lab.h"

#define ARENA 24u			/* pages */
#define PROCESSES 4

struct scene {
	struct lab lab;
	struct umm_mm *mm[PROCESSES];
	struct umm_file *file[2];
	struct unit_random random;
};

/* Does some area or link of the tree stand for @vma? */
static bool file_names(const struct file *file, const struct vm_area_struct *vma, uint64_t pgoff)
{
	struct interval_tree_node *node = interval_tree_first(&file->i_mmap, pgoff, pgoff);

	for (; node; node = interval_tree_next(node, pgoff, pgoff))
		if (&container_of(node, struct mapped_area, shared)->vma == vma)
			return true;
	return false;
}

static bool anon_names(const struct anon_vma *anon_vma, const struct vm_area_struct *vma,
		       uint64_t pgoff)
{
	struct interval_tree_node *node = interval_tree_first(&anon_vma->rb_root, pgoff, pgoff);

	for (; node; node = interval_tree_next(node, pgoff, pgoff))
		if (container_of(node, struct anon_vma_chain, rb)->vma == vma)
			return true;
	return false;
}

static bool has(const struct vm_area_struct *vma, uint64_t pgoff)
{
	return pgoff >= vma->vm_pgoff && pgoff - vma->vm_pgoff < vma_pages(vma);
}

/* Each page of each object is named by the areas that have it, and by no other. */
static void compare(struct scene *s)
{
	for (unsigned int i = 0; i < PROCESSES; i++) {
		const struct vm_area_struct *vma = s->mm[i] ? core(s->mm[i])->tree.first : NULL;

		for (; vma; vma = vma_next(vma)) {
			const struct anon_vma_chain *avc = vma->chain;
			uint64_t at = vma->vm_pgoff ? vma->vm_pgoff - 1 : 0;

			for (; at <= vma->vm_pgoff + vma_pages(vma); at++) {
				if (vma->vm_file)
					assert_int_equal(file_names(vma->vm_file, vma, at),
							 has(vma, at));
				for (avc = vma->chain; avc; avc = avc->next)
					assert_int_equal(anon_names(avc->anon_vma, vma, at),
							 has(vma, at));
			}
		}
	}
}

/* As many as all areas that map it: none that has gone is left. */
static void count(struct scene *s)
{
	for (unsigned int f = 0; f < 2; f++) {
		const struct file *file = (const struct file *)s->file[f];
		const struct rb_node *rb = rb_first(&file->i_mmap);
		unsigned int named = 0, mapped = 0;

		assert_true(interval_tree_is_valid(&file->i_mmap));
		for (; rb; rb = rb_next(rb))
			named++;
		for (unsigned int i = 0; i < PROCESSES; i++) {
			const struct vm_area_struct *vma = s->mm[i] ? core(s->mm[i])->tree.first :
								      NULL;

			for (; vma; vma = vma_next(vma))
				mapped += vma->vm_file == file;
		}
		assert_int_equal(named, mapped);
	}
}

static uint64_t below(struct scene *s, uint64_t limit)
{
	return unit_random_below(&s->random, limit);
}

static void fork_or_exit(struct scene *s, struct umm_mm *mm)
{
	unsigned int i = 1 + (unsigned int)below(s, PROCESSES - 1);

	if (!s->mm[i]) {
		s->mm[i] = fork_of(mm);
		return;
	}
	umm_mm_put(s->mm[i]);
	s->mm[i] = NULL;
}

static void step(struct scene *s)
{
	struct umm_mm *mm = s->mm[below(s, PROCESSES)];
	uint64_t addr = AT + below(s, ARENA) * PAGE, len = (1 + below(s, 6)) * PAGE;
	uint64_t to = AT + (ARENA + below(s, ARENA)) * PAGE, prot = below(s, 2) ? RW : R;
	bool anonymous = below(s, 2);
	int64_t ret = 0;

	mm = mm ? mm : s->mm[0];
	switch (below(s, 8)) {
	case 0:
	case 1:
		ret = umm_mmap(mm, addr, len, prot, FIXED | (anonymous ? ANON : PRIVATE),
			       anonymous ? NULL : s->file[below(s, 2)],
			       anonymous ? 0 : (addr - AT) / PAGE % 5 * PAGE, NULL);
		assert_true(ret > 0);
		break;
	case 2:
		ret = umm_munmap(mm, addr, len, NULL);
		break;
	case 3:
		ret = umm_mprotect(mm, addr, len, prot, -1, NULL);
		break;
	case 4:
		ret = umm_mremap(mm, addr, len, len, UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, to,
				 NULL);
		break;
	case 5:
		ret = umm_mremap(mm, addr, PAGE, len, 0, 0, NULL);	/* grows where it is */
		break;
	case 6:
		(void)umm_fault(mm, addr, UMM_ACCESS_WRITE, NULL);
		break;
	default:
		if (below(s, 4) == 0)
			fork_or_exit(s, mm);
	}
}

static void test_random(void **state)
{
	static struct scene s;

	(void)state;
	s = (struct scene){ .random = unit_random_init() };
	begin(&s.lab, UMM_PAGE_TABLES_X86_64, UMM_PAGES_COUNTED);
	s.mm[0] = s.lab.mm;
	s.file[0] = lab_new_file(&s.lab, "/a");
	s.file[1] = lab_new_file(&s.lab, "/b");
	for (uint64_t i = 0; i < unit_iterations(6000); i++) {
		step(&s);
		count(&s);
		if (i % 8 == 0)
			compare(&s);
		if (i % 256 == 0)
			assert_true(umm_world_is_valid(s.lab.world));
	}
	for (unsigned int i = 1; i < PROCESSES; i++)
		umm_mm_put(s.mm[i]);
	umm_file_put(s.file[0]);
	umm_file_put(s.file[1]);
	lab_destroy(&s.lab);
}

/* A stack that grows is found where it has grown to. */
static void test_stack(void **state)
{
	struct vm_area_struct *vma;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT + 16 * PAGE, PAGE, RW, ANON | UMM_MAP_GROWSDOWN);
	put_byte(lab.mm, AT + 16 * PAGE, 1);
	put_byte(lab.mm, AT + 13 * PAGE, 1);
	vma = core(lab.mm)->tree.first;
	assert_int_equal(vma->vm_start, AT + 13 * PAGE);
	assert_true(anon_names(vma->anon_vma, vma, vma->vm_pgoff));
	assert_true(umm_world_is_valid(lab.world));
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
