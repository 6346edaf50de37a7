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

const struct effect effects_exec[] = {
	{ "page_zero_sealed", page_zero_sealed, -UMM_EPERM, 0 },
	{ NULL, NULL, 0, 0 },
};
