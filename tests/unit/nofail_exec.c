/*
 * nofail_exec.c - a program is loaded without memory.
 */
#include "elf_bytes.h"
#include "nofail.h"

static void prepare_nothing(struct lab *lab)
{
	(void)lab;
}

/*
 * What came half-way into being goes with the address space.  umm_exec() takes no record: its own
 * failures are no_why's.
 */
static int64_t call_exec(struct lab *lab)
{
	struct elf_bytes program, interpreter;
	struct umm_exec_desc desc;
	struct umm_mm *fresh;
	int64_t ret = umm_exec(lab->mm, &fresh);

	if (ret)
		return ret;
	elf_pie(&program, lab->file);
	elf_interpreter(&interpreter, lab->file);
	umm_exec_desc_init(&desc);
	desc.program = program.image;
	desc.interpreter = interpreter.image;
	desc.args = (struct umm_exec_args){ .argc = 1, .filename = 2, .argv = 2 };
	ret = umm_exec_elf(fresh, &desc, NULL, &lab->why);
	if (ret >= 0) {
		lab->other = fresh;
		return 0;
	}
	assert_non_null(umm_why_refusal(&lab->why));
	umm_mm_put(fresh);
	return ret;
}

const struct scenario scenarios_exec[] = {
	{ "exec", prepare_nothing, call_exec, true },
	{ NULL, NULL, NULL, false },
};
