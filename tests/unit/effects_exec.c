/*
 * effects_exec.c - the rules of exec, on and off.
 */
#include "effect.h"
#include "exec_lab.h"

static int64_t page_zero_sealed(struct lab *lab)
{
	struct exec_lab x;

	umm_mm_set_personality(lab->mm, UMM_MMAP_PAGE_ZERO);
	umm_mm_set_caps(lab->mm, UMM_CAP_SYS_RAWIO);
	exec_lab_init(&x, lab);
	assert_true(exec_lab_load(&x) > 0);
	exec_lab_destroy(&x);
	return umm_munmap(lab->mm, 0, PAGE, NULL);
}

static int64_t vdso_like_mmap(struct lab *lab)
{
	struct exec_lab x;
	int64_t near_stack;

	exec_lab_init(&x, lab);
	x.desc.random.stack = 1024 * PAGE;	/* room above it */
	x.desc.random.vdso = UINT64_C(0x7ffffffff000) - 512 * PAGE;
	assert_true(exec_lab_load(&x) > 0);
	near_stack = x.result.vdso > x.result.stack_top;
	exec_lab_destroy(&x);
	return near_stack;
}

const struct effect effects_exec[] = {
	{ "vdso_like_mmap", vdso_like_mmap, 0, 1 },
	{ "page_zero_sealed", page_zero_sealed, -UMM_EPERM, 0 },
	{ NULL, NULL, 0, 0 },
};
