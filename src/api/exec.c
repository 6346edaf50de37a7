/*
 * exec.c - a program is loaded.
 */
#include "api/handles.h"
#include "base/err.h"
#include "calls/exec.h"

void umm_exec_desc_init(struct umm_exec_desc *desc)
{
	memset(desc, 0, sizeof(*desc));
	desc->size = sizeof(*desc);
	desc->platform = sizeof("x86_64");
	desc->auxv = 20;
	desc->vdso = (struct umm_vdso_image){ .size = sizeof(desc->vdso), .vvar_pages = 4,
					      .vclock_pages = 2, .vdso_pages = 2 };
}

int64_t umm_exec_script(const void *head, size_t size, uint64_t path_bytes,
			struct umm_exec_args *args, struct umm_exec_script *script,
			struct umm_why *why)
{
	int64_t ret;

	why_begin(why);
	ret = exec_script(head, size, path_bytes, args, script, why);
	why_end(why);
	return ret;
}

int64_t umm_exec_interpreter(const struct umm_exec_image *program, char *buf, size_t size)
{
	return exec_interpreter(program, buf, size);
}

int64_t umm_exec_elf(struct umm_mm *mm, const struct umm_exec_desc *desc,
		     struct umm_exec_result *result, struct umm_why *why)
{
	int64_t ret;

	why_begin(why);
	ret = exec_elf(to_mm(mm), desc, result, why);
	why_end(why);
	if (IS_ERR_VALUE(ret))
		world_event(to_mm(mm)->world, UMM_EVENT_REFUSAL, mm, 0, 0, (uint64_t)-ret);
	return ret;
}
